import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../../src/core/log.js';
import { rememberSecret } from '../../../src/core/redaction.js';

function logTo(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY });
  return { log: createLog('warn', stream), said: () => String(stream.read() ?? '') };
}

describe('the log', () => {
  it('is one line of JSON for a program', () => {
    const { log, said } = logTo(false);
    log.warn({ code: 'x' }, 'something');
    expect(JSON.parse(said())).toMatchObject({ level: 40, code: 'x', msg: 'something' });
  });

  it('is a sentence for a person, without a secret and without what steers a terminal', () => {
    const { log, said } = logTo(true);
    rememberSecret('canary-4711-secret');
    log.error({ serverName: 'a\u001b[2J\u202eb', tries: 2, err: new Error('broken') }, 'it failed: canary-4711-secret');
    log.info({}, 'not shown');
    expect(said()).toBe('error: it failed: [redacted] (serverName: a [2J b, tries: 2, err: broken)\n');
  });
});

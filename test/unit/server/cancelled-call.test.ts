/** A call that the host cancels ends without a word in the log; a mistake of ours is still said. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { silentLog } from '../../../src/core/log.js';
import { callTool } from '../../../src/server/call-tool.js';
import { defineTool, type ToolCall } from '../../../src/server/tool.js';

const REASON = new Error('the host has cancelled');
const MISTAKE = new Error('a mistake');

async function errorsLogged(thrown: Error, signal: AbortSignal): Promise<readonly object[]> {
  const errors: object[] = [];
  const tool = defineTool({
    name: 'ending',
    title: 'Ending',
    description: '',
    annotations: {},
    answersWithPayload: false,
    input: z.strictObject({}),
    call: () => Promise.reject(thrown),
  });
  const log = { ...silentLog, error: (fields: object) => void errors.push(fields) };
  const call = { context: { signal } } as ToolCall;
  const result = await callTool(new Map([[tool.name, tool]]), { name: tool.name, arguments: {} }, call, log);
  expect(result).toMatchObject({ isError: true });
  return errors;
}

test('the end of a cancelled call is no mistake', async () => {
  expect(await errorsLogged(REASON, AbortSignal.abort(REASON))).toEqual([]);
});

test.each([
  ['of a call that goes on', new AbortController().signal],
  ['of a cancelled call', AbortSignal.abort(REASON)],
])('a mistake %s is said', async (_which, signal) => {
  expect(await errorsLogged(MISTAKE, signal)).toMatchObject([{ tool: 'ending', err: MISTAKE }]);
});

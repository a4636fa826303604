import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PROJECT } from '../support/built-broker.js';

describe('npm run demo', () => {
  it('signs in, calls, refreshes silently and clears, without a person', async () => {
    const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'demo', '--', '--auto'], { cwd: PROJECT });
    const statuses = [...stdout.matchAll(/"status": "(\w+)"/g)].map(([, status]) => status);
    expect(statuses).toEqual(['requires_auth', 'success', 'success']);
    expect(stdout).toContain('"subject": "alice"');
    expect(stdout).toContain('nobody was asked');
    expect(stdout).toContain('saw 1 refresh and no new sign-in');
    expect(stdout).toContain('"revocation": "revoked"');
  });

  it('says in one line which option there is, and ends with 2', async () => {
    const wrong = promisify(execFile)('npm', ['run', '--silent', 'demo', '--', '--atuo'], { cwd: PROJECT });
    await expect(wrong).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^The demonstration takes one option: --auto.*\n$/),
    });
  });
});

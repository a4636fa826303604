/** What a person at a terminal is told to do: nothing that only an agent could. */
import { describe, expect, it } from 'vitest';
import { stepOfError } from '../../../src/broker/next-steps.js';
import type { Outcome } from '../../../src/broker/outcomes.js';
import { saidToPerson, withCommand } from '../../../src/cli/next-step.js';
import { ERROR_CODES } from '../../../src/core/errors.js';
import { failed, jsonLines, requiresAuth, run } from './fake-surroundings.js';

const FOR_AGENTS =
  /connect_to_mcp_server|clear_mcp_auth|list_mcp_servers|search_mcp_tools|\bthe user\b|callbackUrl|helpfulSkills/iu;

async function nextStepOf(outcome: Outcome, command = 'npx mcp-oauth-broker'): Promise<string> {
  const broker = { callTool: async () => ({ kind: 'outcome', outcome }) as const };
  const { out } = await run(['call', 'linear', 'x', '--json'], { broker, dependencies: { command } });
  return (jsonLines(out)[0] as { readonly nextStep: string }).nextStep;
}

describe('nextStep on the command line', () => {
  it.each(ERROR_CODES)('of %s is for a person', async (code) => {
    const step = await nextStepOf(failed(code, { nextStep: stepOfError(code) }));
    expect(step).not.toMatch(FOR_AGENTS);
    expect(step).not.toMatch(/(?<!npx )mcp-oauth-broker [a-z]/u);
    expect(step.length).toBeGreaterThan(5);
  });

  it.each([
    ['a sign-in', requiresAuth(), 'Run: npx mcp-oauth-broker connect linear'],
    ['a key', requiresAuth({ authType: 'bearer', completion: 'form' }), 'Run: npx mcp-oauth-broker key set linear'],
    [
      'a key where a sign-in is taken',
      requiresAuth({ authUrl: null, reason: 'key_rejected' }),
      'It takes a sign-in: npx mcp-oauth-broker connect linear (another key of yours: npx mcp-oauth-broker key set linear)',
    ],
    [
      "a secret of the team's",
      requiresAuth({
        authType: 'api_key',
        authUrl: null,
        reason: 'secret_missing',
        nextStep:
          'A secret is not stored. Ask the administrator to run: mcp-oauth-broker secret set maps --team. Then call connect_to_mcp_server again.',
      }),
      'A secret is not stored. Ask the administrator to run: npx mcp-oauth-broker secret set maps --team.',
    ],
  ])('names the command for %s', async (_what, outcome, step) => {
    expect(await nextStepOf(outcome)).toBe(step);
  });

  it('takes over what an error says of its own, without what is said to an agent', async () => {
    const nextStep = 'Tell the user to end the hosts, and to run the same command again. Then call list_mcp_servers.';
    expect(await nextStepOf(failed('vault_busy', { nextStep }))).toBe('End the hosts, and run the same command again.');
    expect(saidToPerson('Call connect_to_mcp_server again.', 'x')).toBeUndefined();
  });

  it('puts what is typed in place of the name, and leaves packages and paths alone', () => {
    expect(withCommand('Run: mcp-oauth-broker list', 'node dist/main.js')).toBe('Run: node dist/main.js list');
    const left = 'npm i mcp-oauth-broker@1.0.0 in /opt/mcp-oauth-broker now';
    expect(withCommand(left, 'node dist/main.js')).toBe(left);
  });
});

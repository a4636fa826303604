/** Which skills a payload names: by the server's address and name, by its authorization server, and by what went wrong. */
import { describe, expect, it } from 'vitest';
import { helpfulSkills, skillsForError } from '../../../src/broker/helpful-skills.js';
import { asOutcome } from '../../../src/broker/payloads.js';
import { aboutIssuer, BrokerError, ERROR_CODES, type ErrorCode } from '../../../src/core/errors.js';
import { silentLog } from '../../../src/core/log.js';

const GENERAL = 'mcp-server-oauth';
const ids = (about: Partial<Parameters<typeof helpfulSkills>[0]>): readonly string[] =>
  helpfulSkills({ serverName: 'mine', ...about }).map(({ id }) => id);

describe('the skill of a provider', () => {
  it.each([
    ['a name of the catalog', { serverName: 'github' }, 'connect-github-mcp'],
    ['another name at its address', { url: 'https://api.githubcopilot.com/mcp' }, 'connect-github-mcp'],
    ['another host of its domain', { url: 'https://api.nango.dev/mcp' }, 'connect-to-nango-mcp'],
    ['a server that the catalog has not', { url: 'https://mcp.asana.com/v2/mcp' }, 'connect-asana-mcp'],
    ['its issuer', { issuer: 'https://login.microsoftonline.com/common/v2.0' }, 'connect-entra-mcp'],
    ['the profile of the file', { issuer: 'https://sso.acme.example', profile: 'okta' }, 'connect-okta-mcp'],
    ['an address rather than a name', { serverName: 'github', url: 'https://mcp.slack.com/mcp' }, 'connect-slack-mcp'],
  ])('is named for %s', (_what, about, id) => {
    expect(ids(about)).toEqual([GENERAL, id]);
  });

  it('is named once where server and issuer are of one provider, and both where they are not', () => {
    const url = 'https://bigquery.googleapis.com/mcp';
    expect(ids({ url, issuer: 'https://accounts.google.com' })).toEqual([GENERAL, 'connect-google-mcp']);
    expect(ids({ url, issuer: 'https://acme.okta.com' })).toEqual([GENERAL, 'connect-google-mcp', 'connect-okta-mcp']);
  });

  it.each(['https://githubcopilot.com.evil.example/mcp', 'https://notslack.com/mcp', 'https://mcp.acme.example/mcp'])(
    'is not named for %s',
    (url) => {
      expect(ids({ url })).toEqual([GENERAL]);
    },
  );
});

describe('the skills of an error', () => {
  const about = { serverName: 'github' };
  const named = (code: ErrorCode): readonly string[] => skillsForError(code, about).map(({ id }) => id);

  it('begin with the general one, whatever went wrong', () => {
    for (const code of ERROR_CODES) expect(named(code)[0]).toBe(GENERAL);
  });

  it.each(['pkce_unsupported', 'registration_rejected', 'client_rejected', 'authorization_denied'] as const)(
    'are the provider’s too for %s',
    (code) => expect(named(code)).toEqual([GENERAL, 'connect-github-mcp']),
  );

  it.each(['vault_busy', 'vault_key_wrong', 'callback_port_in_use', 'state_invalid', 'internal_error'] as const)(
    'are not the provider’s for %s, which no provider can mend',
    (code) => expect(named(code)).toEqual([GENERAL]),
  );
});

describe('an error about an authorization server', () => {
  const failing = () => Promise.reject(new BrokerError('pkce_unsupported', 'No S256.', { retryable: false }));
  const about = 'https://acme.okta.com';

  it('names the skill of its provider, whatever the server is called', async () => {
    const outcome = await asOutcome(silentLog, 'mine', () => aboutIssuer(about, failing));
    expect(outcome).toMatchObject({
      status: 'error',
      code: 'pkce_unsupported',
      error: 'No S256.',
      helpfulSkills: [{ id: GENERAL }, { id: 'connect-okta-mcp' }],
    });
  });

  it('is about the one that it named first', async () => {
    const inner = () => aboutIssuer(about, failing);
    const outcome = await asOutcome(silentLog, 'mine', () => aboutIssuer('https://accounts.google.com', inner));
    expect(outcome).toMatchObject({ helpfulSkills: [{ id: GENERAL }, { id: 'connect-okta-mcp' }] });
  });
});

/** Whether an authorization server still knows a client that was registered earlier. */
import { describe, expect, it } from 'vitest';
import { NetworkFailure } from '../../../src/core/outbound.js';
import { preflightAuthorization } from '../../../src/oauth/index.js';
import { jsonAnswer, type ScriptedAnswer, scriptedFetch, textAnswer } from '../../support/scripted-fetch.js';

const URL_OF_REQUEST = 'https://as.example/authorize?client_id=client-1';

function preflight(answer: ScriptedAnswer) {
  return preflightAuthorization({
    authorizationUrl: URL_OF_REQUEST,
    fetch: scriptedFetch({ [URL_OF_REQUEST]: answer }).fetch,
  });
}

describe('preflightAuthorization', () => {
  it.each<[string, ScriptedAnswer]>([
    ['422 as JSON (Supabase)', jsonAnswer(422, { message: 'Unrecognized client_id' })],
    ['400 invalid_client', jsonAnswer(400, { error: 'invalid_client' })],
    ['400 invalid_request', jsonAnswer(400, { error: 'invalid_request' })],
    ['400 as HTML', textAnswer(400, '<html>')],
    ['401 invalid_client', jsonAnswer(401, { error: 'invalid_client' })],
    ['500 as HTML (Atlassian)', textAnswer(500, '<html>')],
    [
      'a redirect that says unauthorized_client',
      textAnswer(302, '', { location: 'http://127.0.0.1:27182/oauth/callback?error=unauthorized_client' }),
    ],
  ])('%s: the client is unknown', async (_title, answer) => {
    expect(await preflight(answer)).toBe('client_unknown');
  });

  it.each<[string, ScriptedAnswer]>([
    ['a login page', textAnswer(200, '<html>')],
    ['a redirect to a login page', textAnswer(302, '', { location: '/login?next=%2Fauthorize' })],
    [
      'a redirect that refuses the scope',
      textAnswer(302, '', { location: 'http://127.0.0.1:27182/oauth/callback?error=invalid_scope' }),
    ],
    ['a bot check', textAnswer(403, '<html>')],
    ['too many requests', textAnswer(429, '')],
    ['an outage', textAnswer(503, '')],
    ['no answer', new NetworkFailure('timeout', true, 'slow')],
  ])('%s: go on', async (_title, answer) => {
    expect(await preflight(answer)).toBe('ok');
  });

  it('follows no redirect', async () => {
    const script = scriptedFetch({ [URL_OF_REQUEST]: textAnswer(302, '', { location: 'https://as.example/login' }) });
    await preflightAuthorization({ authorizationUrl: URL_OF_REQUEST, fetch: script.fetch });
    expect(script.requests.map(({ url, request }) => [url, request.redirects])).toEqual([[URL_OF_REQUEST, 'refuse']]);
  });
});

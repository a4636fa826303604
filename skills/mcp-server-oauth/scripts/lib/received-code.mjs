// @ts-check
/** The authorization code, from wherever the user's browser brought it: awaited, pasted, or given bare. */
import { codeOf, pastedAnswer, waitForAnswer } from './callback.mjs';
import { option, required } from './command-line.mjs';
import { Failure } from './failure.mjs';
import { textOf } from './json.mjs';
import { parsedUrl } from './reach.mjs';

const DEFAULT_TIMEOUT_SECONDS = 600;
/** A sign-in that was begun longer ago is begun again: its code has expired long before. */
const FLOW_MAX_AGE_MS = 3_600_000;
const LOOPBACK_HOSTS = ['127.0.0.1', '[::1]', 'localhost'];

/**
 * @param {import('./command-line.mjs').Arguments} args `--loopback`, `--callback-url` or `--code`
 * @param {Record<string, unknown>} kept what build-auth-url.js saved
 * @param {string} redirectUri
 * @param {string} usage
 * @returns {Promise<string>}
 * @throws {Failure} `state_expired`, `invalid_input`, and as `codeOf` and `waitForAnswer` do
 */
export async function receivedCode(args, kept, redirectUri, usage) {
  const begunAt = Date.parse(textOf(kept['created_at']) ?? '');
  if (Date.now() - begunAt > FLOW_MAX_AGE_MS) {
    const hint = 'Begin again with build-auth-url.js and open the new URL.';
    throw new Failure('state_expired', 'The sign-in was begun more than an hour ago.', hint);
  }
  const state = option(args, 'state') ?? textOf(kept['state']);
  const issIsRequired = kept['authorization_response_iss_parameter_supported'] === true;
  const expected = { state, issuer: option(args, 'issuer') ?? textOf(kept['issuer']), issIsRequired };
  const pasted = option(args, 'callback-url');
  if (args.options['loopback'] === true) return codeOf(await awaited(args, redirectUri, state, usage), expected);
  if (pasted !== undefined && state === undefined) {
    args.warnings.push(
      'The state of this answer was not checked: give --from=FILE, or --state as build-auth-url.js printed it.',
    );
  }
  if (pasted !== undefined) return codeOf(pastedAnswer(pasted), expected);
  const code = required(option(args, 'code'), '--callback-url, --loopback or --code', usage);
  args.warnings.push('A bare --code cannot be checked against state and issuer: prefer --callback-url with --from.');
  return code;
}

/**
 * @param {import('./command-line.mjs').Arguments} args
 * @param {string} redirectUri
 * @param {string | undefined} state
 * @param {string} usage
 */
function awaited(args, redirectUri, state, usage) {
  const url = parsedUrl(redirectUri);
  if (url?.protocol !== 'http:' || !LOOPBACK_HOSTS.includes(url.hostname) || state === undefined) {
    const needs = 'an open sign-in whose redirect URI is http on 127.0.0.1, [::1] or localhost';
    throw new Failure('invalid_input', `--loopback needs --from with ${needs}.`, usage);
  }
  const timeoutMs = Number(option(args, 'timeout') ?? DEFAULT_TIMEOUT_SECONDS) * 1_000;
  if (timeoutMs > 0 && timeoutMs <= FLOW_MAX_AGE_MS) {
    process.stderr.write(`Waiting at ${redirectUri} for the browser.\n`);
    return waitForAnswer(url, state, timeoutMs);
  }
  throw new Failure('invalid_input', '--timeout is 1 to 3600 seconds.', usage);
}

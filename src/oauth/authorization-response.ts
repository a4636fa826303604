/** The answer at the redirect URI (RFC 6749 section 4.1.2, RFC 9207), believed only after every check. Pure. */
import { AUTHORIZATION_CODE_MAX_LENGTH } from '../core/limits.js';
import { registeredErrorOf } from './registered-errors.js';
import type { AuthorizationResponse } from './types.js';

/** RFC 6749 section 3.1: none of them may come twice. */
const PARAMETERS = ['state', 'code', 'iss', 'error', 'error_description', 'error_uri'];
const TENANT_PLACEHOLDER = '{tenantid}';
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;
const VISIBLE_ASCII = /^[\x20-\x7e]+$/u;

export interface ExpectedResponse {
  /** Of the pending authorization that was found by it. */
  readonly state: string;
  /** The validated issuer that was recorded before the user was sent there. */
  readonly issuer: string;
  /** RFC 9207: the authorization server says that it always sends `iss`. */
  readonly issParameterSupported: boolean;
  /** The issuer is our guess, so `iss` has nothing to be compared with. */
  readonly issuerAssumed?: boolean | undefined;
}

/**
 * Validates the answer, in this order: nothing twice, `state`, `iss`, then code or error. An error of an answer
 * that fails one of them is not looked at: its text may be anybody's (T38). `iss` is compared character for
 * character, with no normalisation (T34).
 *
 * @see RFC 9207 section 2.4, RFC 9700 section 4.4
 */
export function validateAuthorizationResponse(
  parameters: URLSearchParams,
  expected: ExpectedResponse,
): AuthorizationResponse {
  if (PARAMETERS.some((name) => parameters.getAll(name).length > 1)) return { kind: 'malformed' };
  if (parameters.get('state') !== expected.state) return { kind: 'malformed' };
  if (!isExpectedIssuer(parameters.get('iss'), expected)) return { kind: 'issuer_mismatch' };
  const code = parameters.get('code');
  const error = parameters.get('error');
  if (code !== null && error !== null) return { kind: 'malformed' };
  if (error !== null) return { kind: 'error', error: registeredErrorOf(error) };
  if (code === null || code.length > AUTHORIZATION_CODE_MAX_LENGTH || !VISIBLE_ASCII.test(code))
    return { kind: 'malformed' };
  return { kind: 'code', code };
}

function isExpectedIssuer(iss: string | null, expected: ExpectedResponse): boolean {
  if (iss === null) return !expected.issParameterSupported;
  return expected.issuerAssumed === true || iss === expected.issuer || isTenantOf(iss, expected.issuer);
}

/** Entra asked for all tenants states a template as its issuer, and the user's own tenant answers. */
function isTenantOf(iss: string, issuer: string): boolean {
  const [before = '', after] = issuer.split(TENANT_PLACEHOLDER);
  if (after === undefined || !iss.startsWith(before) || !iss.endsWith(after)) return false;
  return GUID.test(iss.slice(before.length, iss.length - after.length));
}

/**
 * The errors that an authorization server may name, as far as a sign-in can meet them. Only such a name is repeated to
 * anybody: what stands beside it are a stranger's words.
 *
 * @see the IANA registry "OAuth Extensions Error": RFC 6749 sections 4.1.2.1 and 5.2, RFC 8707 section 2, RFC 9101
 *   section 6.3, RFC 9449 section 5, OpenID Connect Core section 3.1.2.6
 */
const REGISTERED_ERRORS = [
  'access_denied',
  'account_selection_required',
  'consent_required',
  'interaction_required',
  'invalid_client',
  'invalid_dpop_proof',
  'invalid_grant',
  'invalid_request',
  'invalid_request_object',
  'invalid_request_uri',
  'invalid_scope',
  'invalid_target',
  'login_required',
  'registration_not_supported',
  'request_not_supported',
  'request_uri_not_supported',
  'server_error',
  'temporarily_unavailable',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
  'use_dpop_nonce',
] as const;

export type RegisteredError = (typeof REGISTERED_ERRORS)[number];

/** The registered error that `error` names, or `other`. */
export function registeredErrorOf(error: string): RegisteredError | 'other' {
  return REGISTERED_ERRORS.find((known) => known === error) ?? 'other';
}

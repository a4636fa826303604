/**
 * The payloads of the public contract (section 2) to the letter: every field that may be there, and no other.
 * Written down by hand, so that a change of the product's own types does not change what is expected of it.
 */
import * as z from 'zod';

const text = z.string().min(1);
const url = z.url();
const instant = z.iso.datetime();
const count = z.int().min(0);

const helpfulSkills = z
  .array(z.strictObject({ id: text, name: text }))
  .refine((skills) => skills[0]?.id === 'mcp-server-oauth', 'the general skill comes first');
const advice = { helpfulSkills, nextStep: text };

const connected = z
  .strictObject({
    status: z.literal('success'),
    serverName: text,
    account: text,
    tools: z.array(z.strictObject({ name: text, description: z.string().optional() })).max(100),
    toolsTruncated: z.literal(true).optional(),
    toolCount: count,
    toolsDropped: z.literal(true).optional(),
    transport: z.enum(['streamable-http', 'sse', 'stdio']),
    protocolVersion: z.string().regex(/^\d{4}-\d\d-\d\d$/),
    authType: z.enum(['none', 'oauth2', 'bearer', 'api_key']),
    scope: z.string().optional(),
    expiresAt: instant.optional(),
    instructions: z.string().optional(),
  })
  .refine(
    (it) => (it.toolCount > it.tools.length || it.toolsDropped === true) === (it.toolsTruncated === true),
    'toolsTruncated says what is left out',
  );

const cleared = z.strictObject({
  status: z.literal('success'),
  serverName: text,
  cleared: z.strictObject({ grants: count, secrets: count, clients: count, pending: count }),
  revocation: z.enum(['revoked', 'unsupported', 'failed', 'none']),
});

const requiresOauthConfig = z.strictObject({
  status: z.literal('requires_oauth_config'),
  serverName: text,
  authType: z.literal('oauth2'),
  reason: z.enum([
    'registration_unavailable',
    'registration_rejected',
    'client_rejected',
    'scope_rejected',
    'insufficient_scope',
    'confirmation_required',
  ]),
  oauthDiscovery: z.strictObject({
    authorizationEndpoint: url,
    tokenEndpoint: url,
    issuer: url,
    suggestedClientId: text,
    suggestedRedirectUri: url,
    suggestedScope: z.string(),
    scopes: z.array(text),
    needsClientSecret: z.boolean(),
  }),
  configUrl: url.optional(),
  ...advice,
});

const requiresAuth = z
  .strictObject({
    status: z.literal('requires_auth'),
    serverName: text,
    authType: z.enum(['oauth2', 'oauth2-bearer', 'unknown', 'bearer', 'api_key']),
    authUrl: url.nullable(),
    launchUrl: url.optional(),
    completion: z.enum(['callback', 'paste_back', 'form', 'device']).optional(),
    reason: z
      .enum([
        'insufficient_scope',
        'scope_rejected',
        'state_expired',
        'grant_rejected',
        'token_rejected',
        'key_rejected',
        'client_rejected',
        'issuer_changed',
        'refresh_outcome_unknown',
        'secret_missing',
      ])
      .optional(),
    scope: text.optional(),
    addedScope: text.optional(),
    userCode: text.optional(),
    redirectUri: url.optional(),
    expiresAt: instant.optional(),
    configUrl: url.optional(),
    ...advice,
  })
  .refine(
    (it) => it.reason === 'secret_missing' || (it.authUrl === null) === (it.configUrl !== undefined),
    'configUrl stands where authUrl is null and the user can give what is missing',
  )
  .refine((it) => (it.completion === 'callback') === (it.launchUrl !== undefined), 'launchUrl comes with callback')
  .refine((it) => (it.completion === 'device') === (it.userCode !== undefined), 'userCode comes with device')
  .refine((it) => it.addedScope === undefined || it.reason === 'insufficient_scope', 'addedScope is for a step-up')
  .refine(
    (it) => (it.completion === undefined) === (it.authUrl === null && it.configUrl === undefined),
    'completion says how the user ends it, where the user can',
  )
  .refine(
    (it) =>
      it.completion === 'form' ||
      it.completion === undefined ||
      (it.expiresAt !== undefined && it.authType === 'oauth2'),
    'a sign-in says until when it is open',
  );

const failure = z.strictObject({
  status: z.literal('error'),
  serverName: z.string(),
  error: text,
  code: z.enum([
    'invalid_input',
    'unknown_server',
    'server_url_mismatch',
    'url_not_allowed',
    'redirect_not_allowed',
    'insecure_url',
    'discovery_failed',
    'resource_mismatch',
    'issuer_mismatch',
    'issuer_changed',
    'pkce_unsupported',
    'registration_rejected',
    'callback_port_in_use',
    'authorization_denied',
    'authorization_failed',
    'state_invalid',
    'state_expired',
    'token_request_failed',
    'grant_rejected',
    'client_rejected',
    'insufficient_scope',
    'refresh_outcome_unknown',
    'upstream_unreachable',
    'upstream_protocol_error',
    'tool_not_found',
    'limit_exceeded',
    'not_a_member',
    'vault_busy',
    'vault_unreadable',
    'vault_key_wrong',
    'internal_error',
  ]),
  retryable: z.boolean(),
  retryAfterSeconds: z.int().min(0).optional(),
  upstreamError: z.strictObject({ code: z.int(), message: z.string() }).optional(),
  ...advice,
});

/** Rejects with what is wrong when `payload` is none of the contract's. */
export function checkPayload(payload: unknown): void {
  const given = payload as { readonly status?: unknown; readonly cleared?: unknown };
  const result = shapeOf(given).safeParse(payload);
  if (!result.success) throw new Error(`${z.prettifyError(result.error)}\nin ${JSON.stringify(payload, null, 2)}`);
}

function shapeOf({ status, cleared: counts }: { readonly status?: unknown; readonly cleared?: unknown }): z.ZodType {
  if (status === 'success') return counts === undefined ? connected : cleared;
  if (status === 'requires_oauth_config') return requiresOauthConfig;
  return status === 'requires_auth' ? requiresAuth : failure;
}

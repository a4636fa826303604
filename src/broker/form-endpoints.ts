/**
 * The endpoints that the user typed where nothing was discovered (RFC 6749 section 3): kept once they are addresses
 * that we may use, and asked for again after a sign-in there that came to nothing.
 */
import { BrokerError } from '../core/errors.js';
import type { ClientConfiguration, PendingAuthorization } from '../vault/index.js';
import { openForm } from './form-tokens.js';
import { skillsOf } from './helpful-skills.js';
import { unconfigured } from './kept-configuration.js';
import type { KnownServer } from './known-server.js';
import { stepCorrectEndpoints } from './next-steps.js';
import type { AuthReason, RequiresAuth } from './outcomes.js';
import type { Parts } from './parts.js';

export const ENDPOINT_FIELDS = ['authorizationEndpoint', 'tokenEndpoint'] as const;

type EndpointField = (typeof ENDPOINT_FIELDS)[number];

/** What was typed is no address to use: which field, and what is wrong with it. */
type KeptEndpoints =
  | { readonly kind: 'kept' }
  | { readonly kind: 'refused'; readonly field: EndpointField; readonly message: string };

/** The user names them here and now, so a client of theirs may be used there. */
export async function keepEndpoints(
  parts: Parts,
  server: KnownServer,
  fields: Readonly<Record<string, string>>,
): Promise<KeptEndpoints> {
  const endpoints: Partial<Record<EndpointField, string>> = {};
  for (const field of ENDPOINT_FIELDS) {
    const checked = await checkedEndpoint(parts, server, (fields[field] ?? '').trim());
    if (checked instanceof BrokerError) return { kind: 'refused', field, message: checked.message };
    endpoints[field] = checked;
  }
  const vault = await parts.vault();
  await vault.configurations.update(server.id.slice(0, -1), (current) => {
    const { issuer: _issuer, endpointsDoubted: _doubted, ...kept } = current ?? unconfigured(server);
    return { ...kept, ...endpoints };
  });
  return { kind: 'kept' };
}

async function checkedEndpoint(parts: Parts, server: KnownServer, text: string): Promise<string | BrokerError> {
  try {
    return (await parts.network.checkBrowserUrl(text, new URL(server.entry.url))).href;
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
}

/** Whether the sign-in is, or would be, at endpoints of the form: those of the user's file come first. */
function areOfForm(server: KnownServer, configuration: ClientConfiguration | undefined): boolean {
  const { authorizationEndpoint, tokenEndpoint } = server.entry.oauth;
  return configuration?.tokenEndpoint !== undefined && (authorizationEndpoint ?? tokenEndpoint) === undefined;
}

/** Other endpoints than those of the sign-in that waits. */
export function namesOtherEndpoints(
  pending: PendingAuthorization,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
): boolean {
  if (!areOfForm(server, configuration)) return false;
  return ENDPOINT_FIELDS.some((field) => configuration?.[field] !== pending.authorizationServer[field]);
}

/** A sign-in at endpoints of the form came to nothing, and none ever succeeded there: they may be typed wrongly. */
export async function doubtEndpoints(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  pending: PendingAuthorization,
): Promise<ClientConfiguration | undefined> {
  if (!areOfForm(server, configuration)) return configuration;
  const vault = await parts.vault();
  const grant = (await vault.grants.get(server.id))?.value;
  if (grant?.authorizationServer.tokenEndpoint === pending.authorizationServer.tokenEndpoint) return configuration;
  return vault.configurations.update(server.id.slice(0, -1), (current) =>
    current === undefined ? current : { ...current, endpointsDoubted: true },
  );
}

/** The form again, filled in, where the endpoints of the form are in doubt; undefined where they are not. */
export async function endpointsToCorrect(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  reason: AuthReason | undefined,
): Promise<RequiresAuth | undefined> {
  if (configuration?.endpointsDoubted !== true || !areOfForm(server, configuration)) return undefined;
  const { serverName } = server.entry;
  const configUrl = await openForm(parts, server, 'manual');
  return {
    status: 'requires_auth',
    serverName,
    authType: 'oauth2',
    authUrl: null,
    ...(configUrl !== undefined && { completion: 'form' as const }),
    ...(reason !== undefined && { reason }),
    ...(configUrl !== undefined && { configUrl }),
    helpfulSkills: skillsOf(server.entry),
    nextStep: stepCorrectEndpoints(serverName),
  };
}

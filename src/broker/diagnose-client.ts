/** The client that a sign-in would use, for `doctor NAME`: chosen as a sign-in chooses it, and nothing is registered. */
import { displayText } from '../core/display-text.js';
import { PRODUCT_NAME } from '../core/names.js';
import { ownerTuple } from '../core/principal.js';
import type { AuthorizationServer } from '../oauth/index.js';
import type { ClientConfiguration, OAuthClient } from '../vault/index.js';
import type { Finding } from './broker.js';
import { chooseClient } from './client-selection.js';
import type { KnownServer } from './known-server.js';
import type { Parts } from './parts.js';
import { chooseRedirect } from './redirect-uri.js';

/**
 * @throws {BrokerError} as `chooseClient` and `chooseRedirect` do: `issuer_changed`, `redirect_not_allowed`,
 *   `invalid_input` where the secret's source is missing.
 */
export async function findClient(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  authorizationServer: AuthorizationServer,
): Promise<Omit<Finding, 'step'>> {
  const redirect = await chooseRedirect(parts, server, configuration);
  const choice = await chooseClient(parts, server, authorizationServer, configuration, redirect);
  const { serverName, consoleUrl = 'the provider', registersClients } = server.entry;
  if (choice.kind === 'client') return { ok: true, message: sayClient(choice.client) };
  if (choice.kind === 'register' && registersClients !== false) {
    const isRegistered = await isRegisteredAt(parts, server, authorizationServer.issuer);
    return {
      ok: true,
      message: isRegistered ? 'The broker has registered itself there.' : 'The broker will register itself.',
    };
  }
  return {
    ok: null,
    message: 'It needs a client that you create: clients are not registered by themselves there.',
    advice: `Create one at ${consoleUrl}, then: ${PRODUCT_NAME} connect ${serverName} --client-id ID --client-secret-stdin`,
  };
}

function sayClient({ clientId, clientSecret, origin }: OAuthClient): string {
  const id = displayText(clientId);
  switch (origin) {
    case 'user_file':
      return `Client ${id} of servers.json, ${clientSecret === undefined ? 'without a secret' : 'with a secret'}.`;
    case 'metadata_document':
      return `The broker is known there by its metadata document, ${id}.`;
    default:
      return `Client ${id}, ${clientSecret === undefined ? 'without a secret' : 'with a secret'}.`;
  }
}

async function isRegisteredAt(parts: Parts, server: KnownServer, issuer: string): Promise<boolean> {
  if (!(await parts.vaultExists())) return false;
  const registrations = await (await parts.vault()).registrations.list(ownerTuple(server.owner));
  return registrations.some(({ value }) => value.issuer === issuer);
}

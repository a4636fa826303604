/** `doctor NAME`: walks the way of a sign-in as far as it gets, and says in plain words what is wrong. It changes nothing. */

import type { RemoteServerEntry, ServerEntry } from '../catalog/index.js';
import { displayText } from '../core/display-text.js';
import { PRODUCT_NAME } from '../core/names.js';
import type { Principal } from '../core/principal.js';
import { type Probe, probeRemote, type Refusal } from '../upstream/index.js';
import type { ClientConfiguration, StoredSecret } from '../vault/index.js';
import type { Finding } from './broker.js';
import { type Classification, classifyRefusal } from './classify-refusal.js';
import { resolvedHeaders } from './connections.js';
import { describeProfile } from './describe-profile.js';
import { findClient } from './diagnose-client.js';
import { diagnoseProgram } from './diagnose-program.js';
import { diagnoseUnattended } from './diagnose-unattended.js';
import { walkToValue } from './diagnose-value.js';
import { beginDiagnosis, type Diagnosis } from './diagnosis.js';
import { accessOf } from './grant-access.js';
import { type AnyServer, anyServer, isStarted, type KnownServer } from './known-server.js';
import type { Parts } from './parts.js';
import { profileAt } from './provider-profile.js';
import { statedKind } from './sign-in.js';
import { unattendedGrantType } from './unattended-grant.js';

export async function diagnose(parts: Parts, principal: Principal, serverName: string): Promise<readonly Finding[]> {
  const walk = beginDiagnosis(serverName);
  const { findings, step } = walk;
  const server = await step('entry', () => anyServer(parts, principal, { serverName }), sayEntry);
  if (server === undefined) return findings;
  findings.push(...(await entryNotes(parts, server)));
  if (isStarted(server)) await diagnoseProgram(parts, walk, server);
  else await diagnoseRemote(parts, walk, server);
  return findings;
}

function sayEntry({ entry }: AnyServer): Omit<Finding, 'step'> {
  const known = `Known from: ${SOURCES[entry.source]}.`;
  if (entry.kind === 'stdio') return { ok: true, message: `${known} It is started by a command.` };
  const grantType = unattendedGrantType(entry);
  const credential = grantType === undefined ? CREDENTIALS[entry.auth] : `a token without a user (${grantType})`;
  return { ok: true, message: `${known} Credential: ${credential}, ${OWNERS[entry.credentialMode]}.` };
}

const SOURCES: Readonly<Record<ServerEntry['source'], string>> = {
  user: 'servers.json',
  agent: 'what an agent added',
  team: "the team's servers",
  catalog: 'the built-in servers',
};
const CREDENTIALS: Readonly<Record<RemoteServerEntry['auth'], string>> = {
  auto: 'as the server asks',
  none: 'none',
  oauth2: 'a sign-in',
  bearer: 'a bearer token',
  api_key: 'an API key',
};
const OWNERS: Readonly<Record<ServerEntry['credentialMode'], string>> = {
  per_user: 'one for each user',
  per_agent: 'one for each agent',
  shared: 'one for the whole team',
};

async function diagnoseRemote(parts: Parts, walk: Diagnosis, server: KnownServer): Promise<void> {
  const { step } = walk;
  const url = await step(
    'url',
    () => parts.network.checkServerUrl(server.entry.url),
    (checked) => ({ ok: true, message: `${checked.origin}${checked.pathname} may be asked.` }),
  );
  if (url === undefined) return;
  const probe = await step(
    'probe',
    () => askWithoutToken(parts, server, url),
    (answer) => ({
      ok: true,
      message:
        answer.kind === 'open'
          ? 'The server answers without a token.'
          : `The server asks for authorization (${answer.refusal.status}).`,
    }),
  );
  if (unattendedGrantType(server.entry) === undefined) return diagnoseCredential(parts, walk, server, probe);
  if (probe !== undefined) await diagnoseUnattended(parts, walk, server);
}

/** @param probe what the server answered; undefined where it did not */
async function diagnoseCredential(
  parts: Parts,
  walk: Diagnosis,
  server: KnownServer,
  probe: Probe | undefined,
): Promise<void> {
  const { findings } = walk;
  const vault = (await parts.vaultExists()) ? await parts.vault() : undefined;
  const configuration = (await vault?.configurations.get(server.id.slice(0, -1)))?.value;
  const stated = statedKind(server, configuration);
  const takesKey = stated === 'bearer' || stated === 'api_key';
  const key = stated === 'oauth2' ? undefined : (await vault?.secrets.get(server.id))?.value;
  const isSignedInTo = probe?.kind === 'refused' || (probe?.kind === 'open' && stated === 'oauth2');
  if (isSignedInTo && !takesKey && key === undefined)
    await walkToClient(parts, walk, server, configuration, probe.kind === 'refused' ? probe.refusal : undefined);
  const { value } = server.entry;
  if (value !== undefined && typeof value !== 'string') {
    await walkToValue(parts, walk, server, {
      name: 'Its key',
      purpose: `The key of "${server.entry.serverName}"`,
      source: value,
    });
    return;
  }
  const credential = takesKey || key !== undefined ? keyFinding(server, key) : await grantFinding(parts, server);
  const isReached = findings.every(({ ok }) => ok !== false);
  findings.push(isReached ? credential : withoutAdvice(credential));
}

/** From a refusal to its authorization server, what is known of that, and the client to use there. */
async function walkToClient(
  parts: Parts,
  { findings, step }: Diagnosis,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  refusal: Refusal | undefined,
): Promise<void> {
  const found = await step(
    'discovery',
    () => classifyRefusal(parts, server, configuration, refusal),
    (classification) => sayDiscovery(server, classification),
  );
  findings.push(...profileFinding(server, found));
  if (found?.kind !== 'authorization_server') return;
  const { authorizationServer } = found.discovery;
  await step(
    'client',
    () => findClient(parts, server, configuration, authorizationServer),
    (client) => client,
  );
}

/** What the user's file says of this entry and cannot have meant. */
async function entryNotes(parts: Parts, { entry }: AnyServer): Promise<readonly Finding[]> {
  if (entry.source !== 'user') return [];
  const notes = await parts.catalog.fileNotes();
  return notes
    .filter(({ message }) => message.includes(` mcpServers.${entry.serverName}.`))
    .map(({ message }) => ({ step: 'entry', ok: null, message }));
}

/** Signing in does not help while something before it is wrong. */
function withoutAdvice({ advice: _advice, ...credential }: Finding): Finding {
  return credential;
}

async function askWithoutToken(parts: Parts, server: KnownServer, url: URL): ReturnType<typeof probeRemote> {
  const target = {
    url,
    fetch: parts.network.upstreamFetch(url),
    transport: server.entry.transport,
    headers: await resolvedHeaders(parts, server),
  };
  return probeRemote(target, { clientName: PRODUCT_NAME, clientVersion: parts.settings.version, log: parts.log });
}

/** What is done otherwise at a known provider, or where the user's file names one. */
function profileFinding(server: KnownServer, found: Classification | undefined): readonly Finding[] {
  if (found?.kind !== 'authorization_server') return [];
  const profile = profileAt(server, found.discovery.authorizationServer.issuer);
  if (profile === undefined) return [];
  const { advice } = profile;
  return [{ step: 'profile', ok: null, message: describeProfile(profile), ...(advice !== undefined && { advice }) }];
}

function sayDiscovery(server: KnownServer, found: Classification): Omit<Finding, 'step'> {
  if (found.kind === 'no_authorization_server') {
    return {
      ok: false,
      message: 'No authorization server can be found.',
      advice: `Store a token (${PRODUCT_NAME} key set ${server.entry.serverName}), or name the endpoints under oauth in servers.json.`,
    };
  }
  const { authorizationServer } = found.discovery;
  if (authorizationServer.source === 'default_endpoints') {
    return {
      ok: null,
      message: `The server names no authorization server. A sign-in would try the default endpoints at ${displayText(authorizationServer.issuer)}.`,
      advice: `If it fails, store a token (${PRODUCT_NAME} key set ${server.entry.serverName}), or name the endpoints under oauth in servers.json.`,
    };
  }
  const registers = authorizationServer.registrationEndpoint !== undefined && server.entry.registersClients !== false;
  return {
    ok: true,
    message: `Authorization server ${displayText(authorizationServer.issuer)}; ${registers ? 'it registers clients by itself' : 'it does not register clients by itself'}.`,
  };
}

/** Of a server that takes a bearer token or an API key. */
function keyFinding(server: KnownServer, key: StoredSecret | undefined): Finding {
  const advice = `mcp-oauth-broker key set ${server.entry.serverName}`;
  if (server.entry.value !== undefined) return { step: 'grant', ok: true, message: 'Its key is in servers.json.' };
  if (key === undefined) return { step: 'grant', ok: null, message: 'No key is stored.', advice };
  return key.state === 'active'
    ? { step: 'grant', ok: true, message: 'A key is stored.' }
    : { step: 'grant', ok: false, message: 'The server refused the stored key.', advice };
}

async function grantFinding(parts: Parts, server: KnownServer): Promise<Finding> {
  const stored = (await parts.vaultExists()) ? await (await parts.vault()).grants.get(server.id) : undefined;
  const access = accessOf(stored?.value, parts.clock.now());
  switch (access.kind) {
    case 'none':
      return {
        step: 'grant',
        ok: null,
        message: 'Nobody has signed in yet.',
        advice: `mcp-oauth-broker connect ${server.entry.serverName}`,
      };
    case 'ended':
      return {
        step: 'grant',
        ok: false,
        message: `The sign-in has ended${access.reason === undefined ? '' : ` (${access.reason})`}.`,
        advice: `mcp-oauth-broker connect ${server.entry.serverName}`,
      };
    case 'usable':
      return {
        step: 'grant',
        ok: true,
        message: `Signed in at ${displayText(access.grant.authorizationServer.issuer)}.`,
      };
  }
}

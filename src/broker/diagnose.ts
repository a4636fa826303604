/** `doctor NAME`: walks the way of a sign-in as far as it gets, and says in plain words what is wrong. It changes nothing. */

import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { PRODUCT_NAME } from '../core/names.js';
import type { Principal } from '../core/principal.js';
import { probeRemote, type Refusal } from '../upstream/index.js';
import type { ClientConfiguration, StoredSecret } from '../vault/index.js';
import type { Finding } from './broker.js';
import { type Classification, classifyRefusal } from './classify-refusal.js';
import { resolvedHeaders } from './connections.js';
import { describeProfile } from './describe-profile.js';
import { findClient } from './diagnose-client.js';
import { accessOf } from './grant-access.js';
import { type KnownServer, knownServer } from './known-server.js';
import { orRefuse } from './missing-value.js';
import type { Parts } from './parts.js';
import { profileAt } from './provider-profile.js';
import { statedKind } from './sign-in.js';
import { unattendedGrantType } from './unattended-grant.js';

interface Walk {
  readonly findings: Finding[];
  /** Does one step and notes what it found, or why it failed; undefined then. */
  step<T>(
    name: Finding['step'],
    work: () => Promise<T>,
    say: (value: T) => Omit<Finding, 'step'>,
  ): Promise<T | undefined>;
}

function beginWalk(serverName: string): Walk {
  const findings: Finding[] = [];
  return {
    findings,
    async step(name, work, say) {
      try {
        const value = await orRefuse(serverName, work);
        findings.push({ step: name, ...say(value) });
        return value;
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error;
        const { message, code, nextStep } = error;
        findings.push({ step: name, ok: false, message, code, ...(nextStep !== undefined && { nextStep }) });
        return undefined;
      }
    },
  };
}

export async function diagnose(parts: Parts, principal: Principal, serverName: string): Promise<readonly Finding[]> {
  const walk = beginWalk(serverName);
  const { findings, step } = walk;
  const server = await step(
    'entry',
    () => knownServer(parts, principal, { serverName }),
    (found) => ({
      ok: true,
      message: `Known from: ${found.entry.source}. Credential: ${found.entry.auth}, ${found.entry.credentialMode}.`,
    }),
  );
  if (server === undefined) return findings;
  findings.push(...(await entryNotes(parts, server)));
  const url = await step(
    'url',
    () => parts.network.checkServerUrl(server.entry.url),
    (checked) => ({ ok: true, message: `${checked.origin}${checked.pathname} may be asked.` }),
  );
  if (url === undefined) return findings;
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
  const vault = (await parts.vaultExists()) ? await parts.vault() : undefined;
  const configuration = (await vault?.configurations.get(server.id.slice(0, -1)))?.value;
  const stated = statedKind(server, configuration);
  const takesKey = stated === 'bearer' || stated === 'api_key';
  const key = stated === 'oauth2' ? undefined : (await vault?.secrets.get(server.id))?.value;
  const isSignedInTo = probe?.kind === 'refused' || (probe?.kind === 'open' && stated === 'oauth2');
  if (isSignedInTo && !takesKey && key === undefined)
    await walkToClient(parts, walk, server, configuration, probe.kind === 'refused' ? probe.refusal : undefined);
  const credential = takesKey || key !== undefined ? keyFinding(server, key) : await grantFinding(parts, server);
  const isReached = findings.every(({ ok }) => ok !== false);
  findings.push(isReached ? credential : withoutAdvice(credential));
  return findings;
}

/** From a refusal to its authorization server, what is known of that, and the client to use there. */
async function walkToClient(
  parts: Parts,
  { findings, step }: Walk,
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
  if (found?.kind !== 'authorization_server' || !namesItsClient(server)) return;
  const { authorizationServer } = found.discovery;
  await step(
    'client',
    () => findClient(parts, server, configuration, authorizationServer),
    (client) => client,
  );
}

/** What the user's file says of this entry and cannot have meant. */
async function entryNotes(parts: Parts, { entry }: KnownServer): Promise<readonly Finding[]> {
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

/** An assertion alone may say who asks. */
function namesItsClient({ entry }: KnownServer): boolean {
  return unattendedGrantType(entry) === undefined || entry.oauth.clientId !== undefined;
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
  const grantType = unattendedGrantType(server.entry);
  if (access.kind !== 'usable' && grantType !== undefined)
    return { step: 'grant', ok: null, message: `A token is asked for when it is needed (${grantType}).` };
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

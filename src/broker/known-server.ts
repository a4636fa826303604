/**
 * From a name (and perhaps a URL) to the server that is meant and whose credentials it uses.
 * Order: the user's file, what this user's agents added, the team's servers, the built-in catalog.
 */
import { createRemoteEntry, isServerName, type RemoteServerEntry, type ServerEntry } from '../catalog/index.js';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { SERVER_NAME_MAX_LENGTH } from '../core/limits.js';
import { ACCOUNT_NAME_PATTERN, DEFAULT_ACCOUNT } from '../core/names.js';
import { ownerOf, ownerTuple, type Principal } from '../core/principal.js';
import type { AddedServer } from '../vault/index.js';
import type { Parts } from './parts.js';
import { type AnyServer, isSameUrl, isStarted, type KnownServer, type ServerOf } from './server-of-caller.js';
import { isAnythingStored } from './stored-credentials.js';
import { findTeamServer, teamServers } from './team-servers.js';
import { choiceFor, type ReadChoice, toolChoice, toolChoices } from './tool-choice.js';

export {
  type AnyServer,
  boundUrl,
  isSameUrl,
  isStarted,
  type KnownServer,
  recordedServer,
  type StartedServer,
} from './server-of-caller.js';

interface ServerRequest {
  readonly serverName: string;
  readonly account?: string | undefined;
  readonly url?: string | undefined;
}

/**
 * Finds the server, adding it where `url` is given for a new name.
 * @throws {BrokerError} `invalid_input`, `unknown_server`, `server_url_mismatch`, `url_not_allowed`, `insecure_url`.
 */
export async function anyServer(parts: Parts, principal: Principal, request: ServerRequest): Promise<AnyServer> {
  const account = checkedAccount(request.account);
  checkServerName(request.serverName);
  const url = request.url === undefined ? undefined : await parts.network.checkServerUrl(request.url);
  const [entry, choice] = await Promise.all([
    findEntry(parts, principal, request.serverName),
    toolChoice(parts, principal, request.serverName),
  ]);
  if (entry === undefined) {
    if (url === undefined) throw unknownServer(request.serverName);
    await addServer(parts, principal, request.serverName, url.href);
    return owned(addedEntry(request.serverName, url.href), principal, account, choice);
  }
  if (entry.kind === 'stdio') {
    if (url !== undefined) throw urlMismatch(request.serverName);
    return owned(entry, principal, account, choice);
  }
  const server = owned(entry, principal, account, choice);
  if (url === undefined || isSameUrl(url.href, entry.url)) return server;
  if (entry.source !== 'agent' || (await isAnythingStored(await parts.vault(), server.owner, entry.serverName))) {
    throw urlMismatch(request.serverName);
  }
  await replaceAddedUrl(parts, principal, request.serverName, url.href);
  return owned(addedEntry(request.serverName, url.href), principal, account, choice);
}

/** The same for what only a server with a URL has. @throws {BrokerError} `invalid_input` as well, for one without. */
export async function knownServer(parts: Parts, principal: Principal, request: ServerRequest): Promise<KnownServer> {
  const server = await anyServer(parts, principal, request);
  if (isStarted(server)) throw startedByCommand(request.serverName);
  return server;
}

/** The entry of that name, wherever it comes from. */
export async function findEntry(
  parts: Parts,
  principal: Principal,
  serverName: string,
): Promise<ServerEntry | undefined> {
  const fromFile = await parts.catalog.findUserEntry(serverName);
  if (fromFile !== undefined) return fromFile;
  if (await parts.vaultExists()) {
    const added = await (await parts.vault()).addedServers.get([principal.team, principal.user, serverName]);
    if (added !== undefined) return addedEntry(serverName, added.value.url);
  }
  const ofTeam = await findTeamServer(parts, principal, serverName);
  if (ofTeam !== undefined) return ofTeam;
  return parts.catalog.findBuiltIn(serverName);
}

/** Every server that the principal could name, each once, in order of name. */
export async function allEntries(parts: Parts, principal: Principal): Promise<readonly ServerEntry[]> {
  const byName = new Map<string, ServerEntry>();
  for (const entry of parts.catalog.builtInEntries()) byName.set(entry.serverName, entry);
  for (const entry of await teamServers(parts, principal)) byName.set(entry.serverName, entry);
  for (const added of await addedServers(parts, principal))
    byName.set(added.serverName, addedEntry(added.serverName, added.url));
  for (const entry of await parts.catalog.userEntries()) byName.set(entry.serverName, entry);
  return [...byName.values()].sort((a, b) => (a.serverName < b.serverName ? -1 : 1));
}

/** The same as servers of the principal's, each for the default account. */
export async function allServers(parts: Parts, principal: Principal): Promise<readonly AnyServer[]> {
  const [entries, choices] = await Promise.all([allEntries(parts, principal), toolChoices(parts, principal)]);
  return entries.map((entry) => withOwner(entry, principal, DEFAULT_ACCOUNT, choices.get(entry.serverName)));
}

/** The entry's owner, account and identifier for this principal, and what is chosen of its tools. */
export function withOwner(entry: ServerEntry, principal: Principal, account: string, choice?: ReadChoice): AnyServer {
  return entry.kind === 'remote' ? owned(entry, principal, account, choice) : owned(entry, principal, account, choice);
}

function owned<Entry extends ServerEntry>(
  entry: Entry,
  principal: Principal,
  account: string,
  choice: ReadChoice | undefined,
): ServerOf<Entry> {
  const owner = ownerOf(principal, entry.credentialMode);
  const id = [...ownerTuple(owner), entry.serverName, account];
  const allowed = choiceFor(entry, choice)?.allowed;
  return { entry, principal, owner, account, chosenTools: allowed && new Set(allowed), id };
}

/** @throws {BrokerError} `invalid_input`. */
export function checkServerName(serverName: string): void {
  if (isServerName(serverName)) return;
  throw new BrokerError(
    'invalid_input',
    `serverName must be 1 to ${SERVER_NAME_MAX_LENGTH} letters, digits, ".", "_" or "-", beginning with a letter or digit.`,
  );
}

/** @throws {BrokerError} `invalid_input`. */
export function checkedAccount(account: string | undefined): string {
  const name = account ?? DEFAULT_ACCOUNT;
  if (ACCOUNT_NAME_PATTERN.test(name)) return name;
  throw new BrokerError(
    'invalid_input',
    'account must be 1 to 64 letters, digits, ".", "_", "@", "+" or "-", beginning with a letter or digit.',
  );
}

export function unknownServer(serverName: string): BrokerError {
  return new BrokerError('unknown_server', `No server is called "${displayText(serverName, SERVER_NAME_MAX_LENGTH)}".`);
}

function addedEntry(serverName: string, url: string): RemoteServerEntry {
  return createRemoteEntry({ serverName, url, source: 'agent' });
}

async function addedServers(parts: Parts, principal: Principal): Promise<readonly AddedServer[]> {
  if (!(await parts.vaultExists())) return [];
  const records = await (await parts.vault()).addedServers.list([principal.team, principal.user]);
  return records.map((record) => record.value);
}

async function addServer(parts: Parts, principal: Principal, serverName: string, url: string): Promise<void> {
  const vault = await parts.vault();
  const owner = ownerOf(principal, 'per_user');
  const id = [principal.team, principal.user, serverName];
  const record: AddedServer = { owner, serverName, url, addedAt: parts.clock.now() };
  await parts.audit.record(principal, { event: 'server_added', serverName, detail: new URL(url).origin });
  const generation = await vault.addedServers.compareAndSwap(id, record, 0);
  if (generation !== undefined) return;
  const other = await vault.addedServers.get(id);
  if (other !== undefined && !isSameUrl(other.value.url, url)) throw urlMismatch(serverName);
}

async function replaceAddedUrl(parts: Parts, principal: Principal, serverName: string, url: string): Promise<void> {
  const vault = await parts.vault();
  await vault.addedServers.update([principal.team, principal.user, serverName], (current) =>
    current === undefined ? current : { ...current, url },
  );
}

/**
 * What is stored is bound to the URL it was made for and goes nowhere else.
 * @throws {BrokerError} `server_url_mismatch`.
 */
export function refuseOtherUrl(server: KnownServer, boundUrl: string): void {
  if (isSameUrl(server.entry.url, boundUrl)) return;
  throw new BrokerError(
    'server_url_mismatch',
    `What is stored for "${server.entry.serverName}" was given for another URL; it is not sent to this one.`,
  );
}

function urlMismatch(serverName: string): BrokerError {
  return new BrokerError('server_url_mismatch', `"${serverName}" stands for another URL.`, {
    nextStep: `Use another serverName for this URL, or call clear_mcp_auth for "${serverName}" first if the server has really moved.`,
  });
}

function startedByCommand(serverName: string): BrokerError {
  return new BrokerError(
    'invalid_input',
    `"${serverName}" is started by a command: what it needs is named under env in servers.json.`,
  );
}

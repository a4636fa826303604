/** The broker: builds its parts into the interface that `server`, `web` and `cli` use. */
import { createBackground } from '../core/background.js';
import { displayText } from '../core/display-text.js';
import { SERVER_NAME_MAX_LENGTH } from '../core/limits.js';
import { DEFAULT_ACCOUNT } from '../core/names.js';
import { type Owner, ownerOf, type Principal } from '../core/principal.js';
import { createDpopNonces } from '../oauth/index.js';
import { listServers } from './accounts.js';
import { notingAgents } from './agents.js';
import { auditTrail, createAudit } from './audit.js';
import { keepRefreshed } from './background-refresh.js';
import type { Broker, CallContext, ConnectArguments, ProxiedCall } from './broker.js';
import { callTool } from './call-tool.js';
import { clearAuth } from './clear-auth.js';
import { completeByCallback } from './complete-authorization.js';
import { createConnect } from './connect.js';
import { createConnections } from './connections.js';
import { createAccountsBroker } from './create-accounts-broker.js';
import { createAdministration } from './create-administration.js';
import { diagnose } from './diagnose.js';
import { createElicitSignIn } from './elicited-sign-in.js';
import { createEveryServer } from './every-server.js';
import { createForms } from './forms.js';
import { createFreshGrants } from './fresh-grant.js';
import { knownFacts } from './known-facts.js';
import { type AnyServer, anyServer, knownServer } from './known-server.js';
import { createLatestSuccesses } from './latest-successes.js';
import { launch } from './launch.js';
import { membersOnly } from './members-only.js';
import { namedContext, passedOn } from './named-host.js';
import { deleteNamedSecret, listNamedSecrets, storeNamedSecret } from './named-secrets.js';
import { openPorts } from './open-pages.js';
import type { Failure, Outcome } from './outcomes.js';
import { notingOwners } from './owner-notes.js';
import type { Parts } from './parts.js';
import { asOutcome } from './payloads.js';
import { complete, getPrompt } from './prompts.js';
import { providerToken } from './provider-token.js';
import { createProxiedRequest } from './proxied-request.js';
import { createReach } from './reach-server.js';
import { readResource } from './read-resource.js';
import { refusedKey } from './refused-key.js';
import { removeAddedServer } from './remove-server.js';
import { createSearch } from './search.js';
import { createStartedServers } from './started-servers.js';
import { storeKey } from './store-key.js';
import { createToolChanges } from './tool-changes.js';
import { createToolChoosing } from './tool-choosing.js';
import { hasBeenGiven } from './waiting-for-value.js';

export type * from './agent-tools.js';
export type * from './broker.js';
export type * from './browser-results.js';
export type * from './outcomes.js';
export type { BrokerSettings, Parts } from './parts.js';
export { loadSearchParts } from './search.js';
export type * from './server-status.js';

/** Builds the broker; nothing is opened or asked before the first call. */
export function createBroker(
  given: Omit<Parts, 'audit' | 'background' | 'attended' | 'dpopNonces' | 'latestSuccesses' | 'providerToken'>,
): Broker {
  const parts: Parts = {
    ...given,
    vault: notingOwners(given.vault),
    audit: createAudit(given),
    background: createBackground(given.log),
    attended: { host: undefined },
    dpopNonces: createDpopNonces(),
    latestSuccesses: createLatestSuccesses(),
    providerToken: (asker, id) => providerToken(parts, fresh, asker, id),
  };
  const fresh = keepRefreshed(parts, createFreshGrants(parts));
  const toolChanges = createToolChanges();
  const connections = createConnections(parts, toolChanges.announce);
  const started = createStartedServers(parts, toolChanges.announce);
  const reach = createReach(parts, fresh, connections, started);
  const connect = createConnect(parts, reach, started);
  const request = createProxiedRequest(reach, connect);
  const everyServer = createEveryServer(parts, reach);
  const search = createSearch(parts, reach, connect);
  const toolChoosing = createToolChoosing(parts, everyServer);
  const elicitSignIn = createElicitSignIn(parts);
  const forms = createForms(parts, connect, connections);

  async function connectAndWait(server: AnyServer, args: ConnectArguments, context: CallContext): Promise<Outcome> {
    const first = await connect.connect(server, args);
    const waitSeconds = args.waitSeconds ?? 0;
    const elicited = await elicitSignIn(server, first, waitSeconds, context);
    if (elicited !== 'not_asked') return elicited === 'ended' ? connect.connectAsKept(server) : first;
    const canEnd = first.status === 'requires_auth' || first.status === 'requires_oauth_config';
    if (!canEnd || waitSeconds === 0) return first;
    const hasEnded = await hasBeenGiven(parts, server, first, waitSeconds, context);
    return hasEnded ? connect.connectAsKept(server) : first;
  }

  /** As a call does: a host that shows URLs is asked for the sign-in that is missing. */
  async function searchNamed(
    server: AnyServer,
    args: Parameters<Broker['searchTools']>[1],
    context: CallContext,
  ): ReturnType<typeof search.searchServer> {
    const first = await search.searchServer(server, args, context);
    const isSignedIn = 'status' in first && (await elicitSignIn(server, first, 0, context)) === 'ended';
    return isSignedIn ? search.searchServer(server, args, context) : first;
  }

  /** Exchanges under way: a code is redeemed once, so its tokens are written before the process ends. */
  const finishingNow = new Set<Promise<unknown>>();
  function finishing<T>(work: Promise<T>): Promise<T> {
    finishingNow.add(work);
    const forget = (): void => void finishingNow.delete(work);
    work.then(forget, forget);
    return work;
  }

  const shown = (serverName: string): string => displayText(serverName, SERVER_NAME_MAX_LENGTH);

  /** Of what is asked of a server: an error names the skills that help with this one. */
  function outcomeOf<T>(principal: Principal, serverName: string, work: () => Promise<T>): Promise<T | Failure> {
    return asOutcome(parts.log, shown(serverName), work, () => knownFacts(parts, principal, serverName));
  }

  async function proxied(
    principal: Principal,
    args: Parameters<typeof anyServer>[2],
    context: CallContext,
    work: (server: AnyServer, context: CallContext) => Promise<ProxiedCall>,
  ): Promise<ProxiedCall> {
    const result = await outcomeOf(principal, args.serverName, async () => {
      const server = await anyServer(parts, principal, args);
      const named = namedContext(context, server);
      const first = await work(server, named);
      const isSignedIn =
        first.kind === 'outcome' && (await elicitSignIn(server, first.outcome, 0, context)) === 'ended';
      return passedOn(isSignedIn ? await work(server, named) : first, server, context);
    });
    return 'status' in result ? { kind: 'outcome', outcome: result } : result;
  }

  const broker = notingAgents(parts, {
    connect: (principal, args, context = {}) =>
      outcomeOf(principal, args.serverName, async () =>
        connectAndWait(await anyServer(parts, principal, args), args, context),
      ).finally(toolChanges.announce),
    clearAuth: (principal, args, options) =>
      asOutcome(parts.log, shown(args.serverName), async () => {
        const cleared = await clearAuth(parts, principal, args, { allowShared: false, ...options });
        await connections.dropAll(ownersOf(principal), args.serverName, args.account);
        await started.dropAll(ownersOf(principal), args.serverName, args.account);
        return cleared;
      }).finally(toolChanges.announce),
    listServers: (principal, serverName) =>
      asOutcome(parts.log, shown(serverName ?? ''), async () => ({
        servers: await listServers(parts, principal, serverName),
      })),
    searchTools: (principal, args, context = {}) =>
      outcomeOf(principal, args.serverName ?? '', async () =>
        args.serverName === undefined
          ? search.searchAll(principal, args, context)
          : searchNamed(await anyServer(parts, principal, { serverName: args.serverName }), args, context),
      ),
    callTool: (principal, args, context = {}) =>
      proxied(principal, args, context, (server, named) => callTool(request, server, args, named)),
    readResource: (principal, args, context = {}) =>
      proxied(principal, args, context, (server, named) => readResource(request, server, args, named)),
    usableServers: async (principal) =>
      (await everyServer.usable(principal)).map(({ entry: { serverName } }) => serverName),
    listOfEach: async (principal, kind, serverNames) => {
      const usable = await everyServer.usable(principal);
      const asked = usable.filter(({ entry }) => serverNames === undefined || serverNames.includes(entry.serverName));
      return everyServer.lists(asked, kind);
    },
    getPrompt: (principal, args, context = {}) =>
      proxied(principal, { serverName: args.serverName }, context, (server, named) =>
        getPrompt(request, server, args, named),
      ),
    complete: (principal, args, context = {}) =>
      proxied(principal, args, context, (server, named) => complete(request, server, args, named)),
    onToolsChanged: toolChanges.listen,
    storeSecret: (principal, { scope, name, value }) =>
      asOutcome(parts.log, '', async () => {
        await storeNamedSecret(parts, principal, { source: `${scope}_secret`, name }, value);
        return { status: 'success', secret: name, scope };
      }),
    listSecrets: (principal) =>
      asOutcome(parts.log, '', async () => ({ secrets: await listNamedSecrets(parts, principal) })),
    removeSecret: (principal, { scope, name }) =>
      asOutcome(parts.log, '', async () => ({
        status: 'success',
        secret: name,
        scope,
        wasStored: await deleteNamedSecret(parts, principal, { source: `${scope}_secret`, name }),
      })),
    storeKey: (principal, args) =>
      outcomeOf(principal, args.serverName, async () => {
        const server = await knownServer(parts, principal, args);
        const trial = await storeKey(parts, connections, server, args.value);
        return trial.kind === 'stored' ? trial.payload : refusedKey(parts, server, trial);
      }),
    diagnose: (principal, serverName) => diagnose(parts, principal, serverName),
    removeAddedServer: (principal, serverName) => removeAddedServer(parts, principal, serverName),
    ...createAccountsBroker(parts, toolChoosing, toolChanges),
    auditTrail: (principal, options = {}) => asOutcome(parts.log, '', () => auditTrail(parts, principal, options)),
    noteEchoedSecret: (principal, { serverName, account }) =>
      parts.audit.noteLater(principal, {
        event: 'secret_echoed',
        serverName: shown(serverName),
        account: account ?? DEFAULT_ACCOUNT,
      }),
    administration: createAdministration(parts),

    completeAuthorization: (request) => finishing(completeByCallback(parts, request)).finally(toolChanges.announce),
    launch: (token, cookies, confirmed) => launch(parts, token, cookies, confirmed),
    openForm: (token, cookies) => forms.open(token, cookies),
    submitForm: (token, cookies, fields) => forms.submit(token, cookies, fields).finally(toolChanges.announce),

    openPorts: () => openPorts(parts),
    proveVault: async (challenge) => (await parts.vault()).sign('listener', challenge),
    attend: (host) => {
      parts.attended.host = host;
    },
    hostChanged: (what) => {
      for (const connection of parts.pool.all()) connection.hostChanged?.(what);
    },
    close: async () => {
      await Promise.allSettled([fresh.settled(), parts.background.close(), ...finishingNow]);
      await parts.audit.settled();
    },
  });
  return membersOnly(parts, broker);
}

function ownersOf(principal: Principal): readonly Owner[] {
  return (['per_user', 'per_agent', 'shared'] as const).map((mode) => ownerOf(principal, mode));
}

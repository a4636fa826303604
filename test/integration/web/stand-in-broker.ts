/**
 * A small broker for the listener's tests: a vault key, open ports, single-use states and bound forms,
 * with a record of everything that reached it. Everything else of a broker is out of the listener's reach.
 */
import { createHmac } from 'node:crypto';
import type { AgentTools } from '../../../src/broker/agent-tools.js';
import type { AuditEntry, Broker } from '../../../src/broker/broker.js';
import type {
  AccountsEntrance,
  CallbackResult,
  FormResult,
  FormSubmission,
  FormView,
  LaunchResult,
} from '../../../src/broker/browser-results.js';
import type { Cleared, RequiresAuth } from '../../../src/broker/outcomes.js';
import type { ProviderStatus } from '../../../src/broker/provider-status.js';
import type { ServerStatus } from '../../../src/broker/server-status.js';
import type { Principal } from '../../../src/core/principal.js';

type OpenPort = Awaited<ReturnType<Broker['openPorts']>>[number];

export const FORM_TOKEN = 'form-token_0123456789abcdef';
export const LAUNCH_TOKEN = 'launch-token_0123456789abcdef';
export const RELAY_TOKEN = 'relay-token_0123456789abcdef';
export const ACCOUNTS_TOKEN = 'accounts-token_0123456789abcdef';
export const AUTHORIZATION_URL = 'https://as.example/authorize?client_id=c1&state=s1';
const CSRF_TOKEN = 'csrf-of-this-form';
const FORM_COOKIE = { name: 'form-browser', value: 'b1', maxAgeSeconds: 600 } as const;
const LAUNCH_COOKIE = { name: 'launch-browser', value: 'l1', maxAgeSeconds: 600 } as const;

export interface Calls {
  readonly callbacks: { readonly url: URL; readonly cookies: Readonly<Record<string, string>> }[];
  readonly launches: { readonly token: string; readonly confirmed: boolean }[];
  readonly openings: string[];
  readonly submissions: Readonly<Record<string, string>>[];
}

export interface StandInBroker {
  readonly broker: () => Broker;
  readonly calls: Calls;
  /** The form as it would be shown now. */
  view(): FormView;
  /** What the vault needs served; change it freely. */
  openPorts: OpenPort[];
  form: Partial<FormView>;
  serverName: string;
  /** What the accounts page lists. */
  servers: readonly ServerStatus[];
  agents: readonly string[];
  /** Of every server and agent. */
  tools: Pick<AgentTools, 'tools' | 'isChosen' | 'reason'>;
  providers: readonly ProviderStatus[];
  /** In order of their sequence. */
  entries: readonly AuditEntry[];
  /** Where a launch leads. */
  authorizationUrl: string;
  /** Makes the calls of the pages fail. */
  failure: Error | undefined;
  /** What the visit after a form was sent shows; by default `done`. */
  submitted: FormResult | undefined;
  /** The end of a sign-in whose state is open. */
  callback: CallbackResult | undefined;
}

/** A broker of the vault with this key; two with the same key are peers. `state` is open once. */
export function createStandInBroker(
  options: { readonly vaultKey?: string; readonly state?: string } = {},
): StandInBroker {
  const calls: Calls = { callbacks: [], launches: [], openings: [], submissions: [] };
  const openStates = new Set([options.state ?? 'state-1']);
  let isFormBound = false;
  let answer: FormResult | undefined;

  const reached = {
    async completeAuthorization(request: Calls['callbacks'][number]): Promise<CallbackResult> {
      calls.callbacks.push(request);
      fail();
      const states = request.url.searchParams.getAll('state');
      if (states.length !== 1 || !openStates.delete(states[0] ?? '')) return { kind: 'refused' };
      return standIn.callback ?? { kind: 'connected', serverName: standIn.serverName };
    },
    async launch(token: string, _cookies: unknown, confirmed: boolean): Promise<LaunchResult> {
      calls.launches.push({ token, confirmed });
      fail();
      if (token === LAUNCH_TOKEN || (token === RELAY_TOKEN && confirmed))
        return { kind: 'redirect', url: standIn.authorizationUrl };
      if (token !== RELAY_TOKEN) return { kind: 'unknown' };
      return {
        kind: 'confirm',
        serverName: standIn.serverName,
        issuer: 'https://as.example',
        scope: 'mcp:tools openid profile',
        redirectHost: 'relay.example.org',
        continueUrl: `/go/${RELAY_TOKEN}?continue=1`,
        cookie: LAUNCH_COOKIE,
      };
    },
    async openForm(token: string, cookies: Readonly<Record<string, string>>): Promise<FormResult> {
      calls.openings.push(token);
      fail();
      if (token !== FORM_TOKEN) return { kind: 'refused', status: 404 };
      if (cookies[FORM_COOKIE.name] === FORM_COOKIE.value) return answer ?? { kind: 'show', view: view() };
      if (isFormBound) return { kind: 'refused', status: 401 };
      isFormBound = true;
      return { kind: 'show', view: view(), cookie: FORM_COOKIE };
    },
    async submitForm(
      token: string,
      cookies: Readonly<Record<string, string>>,
      fields: Readonly<Record<string, string>>,
    ): Promise<FormSubmission> {
      calls.submissions.push(fields);
      fail();
      if (token !== FORM_TOKEN) return { kind: 'refused', status: 404 };
      if (cookies[FORM_COOKIE.name] !== FORM_COOKIE.value) return { kind: 'refused', status: 401 };
      if (fields['csrf'] !== CSRF_TOKEN) return { kind: 'refused', status: 403 };
      answer = standIn.submitted ?? { kind: 'done', serverName: standIn.serverName };
      return { kind: 'taken' };
    },
    async visitAccounts(token: string): Promise<AccountsEntrance> {
      return entrance(token);
    },
    async submitAccounts(token: string): Promise<AccountsEntrance> {
      return entrance(token);
    },
    async listServers(_principal: unknown, serverName?: string): ReturnType<Broker['listServers']> {
      return { servers: standIn.servers.filter((one) => serverName === undefined || one.serverName === serverName) };
    },
    async agents(): Promise<readonly string[]> {
      return standIn.agents;
    },
    async toolsToChoose({ agent }: Principal, serverName: string): ReturnType<Broker['toolsToChoose']> {
      return { status: 'success', serverName, agent, ...standIn.tools };
    },
    async chooseTools(_principal: unknown, { serverName }: { readonly serverName: string }) {
      return { status: 'success' as const, serverName };
    },
    async providers(): ReturnType<Broker['providers']> {
      return { providers: standIn.providers };
    },
    async auditTrail(): ReturnType<Broker['auditTrail']> {
      return { entries: standIn.entries, chain: { state: 'unbroken' } };
    },
    async removeAddedServer(): Promise<boolean> {
      return true;
    },
    async connect(_principal: unknown, { serverName }: { readonly serverName: string }): Promise<RequiresAuth> {
      return {
        status: 'requires_auth',
        serverName,
        authType: 'oauth2',
        authUrl: AUTHORIZATION_URL,
        completion: 'callback',
        reason: 'grant_rejected',
        helpfulSkills: [],
        nextStep: 'Show authUrl to the user.',
      };
    },
    async clearAuth(_principal: unknown, { serverName }: { readonly serverName: string }): Promise<Cleared> {
      const cleared = { grants: 1, secrets: 0, clients: 0, pending: 0 };
      return { status: 'success', serverName, cleared, revocation: 'revoked' };
    },
    async openPorts(): Promise<readonly OpenPort[]> {
      return standIn.openPorts;
    },
    async proveVault(challenge: string): Promise<string> {
      return createHmac('sha256', options.vaultKey ?? 'vault-1')
        .update(challenge)
        .digest('hex');
    },
  };

  function fail(): void {
    if (standIn.failure !== undefined) throw standIn.failure;
  }

  function entrance(token: string): AccountsEntrance {
    fail();
    if (token !== ACCOUNTS_TOKEN) return { kind: 'refused', status: 404 };
    return { kind: 'open', principal: { team: 'personal', user: 'u', agent: 'cli' }, csrfToken: CSRF_TOKEN };
  }

  function view(): FormView {
    return {
      serverName: standIn.serverName,
      serverUrl: 'https://mcp.linear.example/mcp',
      form: 'client',
      redirectUri: 'http://127.0.0.1:27182/oauth/callback',
      needsClientSecret: true,
      csrfToken: CSRF_TOKEN,
      ...standIn.form,
    };
  }

  const broker = new Proxy(reached as unknown as Broker, {
    get(target, name) {
      if (Reflect.has(target, name)) return Reflect.get(target, name);
      throw new TypeError(`The listener has no business with ${String(name)}.`);
    },
  });
  const standIn: StandInBroker = {
    broker: () => broker,
    calls,
    view,
    openPorts: [],
    form: {},
    serverName: 'linear',
    servers: [],
    agents: ['cli'],
    tools: { tools: [], isChosen: false },
    providers: [],
    entries: [],
    authorizationUrl: AUTHORIZATION_URL,
    failure: undefined,
    submitted: undefined,
    callback: undefined,
  };
  return standIn;
}

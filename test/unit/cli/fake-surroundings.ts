/** The command line's surroundings in memory: real streams, a catalog that is a map, and a small broker with state. */
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Broker, ConnectArguments } from '../../../src/broker/broker.js';
import type { Failure, Outcome, RequiresAuth, Success } from '../../../src/broker/outcomes.js';
import { type CliDependencies, type NewServerEntry, runCommand } from '../../../src/cli/index.js';
import { BrokerError, type ErrorCode } from '../../../src/core/errors.js';

export const AUTH_URL = 'https://as.example/authorize?client_id=c&state=s&scope=read';
export const LAUNCH_URL = 'http://127.0.0.1:27182/go/x';
export const CALLBACK_URL = 'http://127.0.0.1:27182/oauth/callback?code=abc&state=s';

export interface FakeWorld {
  readonly connects: ConnectArguments[];
  readonly opened: string[];
  readonly entries: Map<string, NewServerEntry>;
  readonly stored: Map<string, string>;
  /** What the first `connect` answers; by default the sign-in below. */
  answer?: Outcome;
  /** Ends the sign-in as the browser would. */
  finish: (outcome: Outcome) => void;
  agent: string | undefined;
}

export interface RunOptions {
  readonly stdin?: string;
  /** Stdin stays open; what is written later comes from the test. */
  readonly openStdin?: PassThrough;
  readonly isTerminal?: boolean;
  readonly env?: Record<string, string>;
  readonly broker?: Partial<Broker>;
  readonly world?: FakeWorld;
  readonly dependencies?: Partial<CliDependencies>;
}

export function requiresAuth(more: Partial<RequiresAuth> = {}): RequiresAuth {
  return {
    status: 'requires_auth',
    serverName: 'linear',
    authType: 'oauth2',
    authUrl: AUTH_URL,
    launchUrl: LAUNCH_URL,
    completion: 'callback',
    helpfulSkills: [],
    nextStep: 'Show authUrl to the user.',
    ...more,
  };
}

export function connected(more: Partial<Success> = {}): Success {
  return {
    status: 'success',
    serverName: 'linear',
    account: 'default',
    tools: [],
    toolCount: 45,
    transport: 'streamable-http',
    protocolVersion: '2025-11-25',
    authType: 'oauth2',
    scope: 'read',
    ...more,
  };
}

export function failed(code: ErrorCode, more: Partial<Failure> = {}): Failure {
  return {
    status: 'error',
    serverName: 'linear',
    error: `It failed: ${code}.`,
    code,
    retryable: false,
    helpfulSkills: [],
    nextStep: 'Do it again.',
    ...more,
  };
}

export function createWorld(): FakeWorld {
  return { connects: [], opened: [], entries: new Map(), stored: new Map(), finish: () => {}, agent: undefined };
}

/** A broker with one server whose sign-in is finished by `world.finish` or by CALLBACK_URL. */
function fakeBroker(world: FakeWorld, overrides: Partial<Broker>): Broker {
  let done: Outcome | undefined;
  const waiting = new Set<() => void>();
  world.finish = (outcome) => {
    done = outcome;
    for (const wake of waiting) wake();
  };
  const broker: Partial<Broker> = {
    async connect(_principal, args, context) {
      world.connects.push(args);
      if (done !== undefined) return done;
      if (args.callbackUrl !== undefined) {
        if (args.callbackUrl !== CALLBACK_URL) return failed('state_invalid');
        done = connected();
        return done;
      }
      if (args.waitSeconds !== undefined) {
        await new Promise<void>((resolve) => {
          waiting.add(resolve);
          context?.signal?.addEventListener('abort', () => resolve());
        });
        if (done !== undefined) return done;
      }
      return world.answer ?? requiresAuth();
    },
    async clearAuth(_principal, { serverName }) {
      return {
        status: 'success',
        serverName,
        cleared: { grants: 1, secrets: 0, clients: 1, pending: 0 },
        revocation: 'revoked',
      };
    },
    async listServers() {
      return { servers: [] };
    },
    async removeAddedServer(_principal, serverName) {
      return serverName === 'added-by-agent';
    },
    async forgetToolChoices() {},
    async listSecrets() {
      return { secrets: [] };
    },
    async storeKey(_principal, { serverName, value }) {
      world.stored.set(serverName, value);
      return connected({ serverName, authType: 'bearer' });
    },
    administration: { removeTeamServer: async () => false } as Partial<
      Broker['administration']
    > as Broker['administration'],
    ...overrides,
  };
  return broker as Broker;
}

/** Runs one command to its end. */
export async function run(argv: readonly string[], options: RunOptions = {}) {
  const world = options.world ?? createWorld();
  const stdin = Object.assign(options.openStdin ?? new PassThrough(), { isTTY: options.isTerminal });
  const stdout = Object.assign(new PassThrough(), { isTTY: options.isTerminal });
  const stderr = Object.assign(new PassThrough(), { isTTY: options.isTerminal });
  if (options.openStdin === undefined) stdin.end(options.stdin ?? '');
  const broker = fakeBroker(world, options.broker ?? {});
  const exitCode = runCommand(argv, {
    problems: [],
    broker: async () => broker,
    principal: (agent) => {
      world.agent = agent;
      return { team: 'personal', user: 'u', agent: agent ?? 'cli' };
    },
    checkServerUrl: async () => {},
    builtInTarget: () => undefined,
    addEntry: async (serverName, entry) => {
      if (world.entries.has(serverName))
        throw new BrokerError('invalid_input', `There is an entry "${serverName}" already.`);
      world.entries.set(serverName, entry);
    },
    removeEntry: async (serverName) => world.entries.delete(serverName),
    foreignServers: async () => ({ files: [], servers: [] }),
    installInto: async () => ({
      path: '/host.json',
      name: 'mcp-oauth-broker',
      change: 'added',
      entry: {},
      leftOut: [],
    }),
    consoleUrl: (serverName) => (serverName === 'github' ? 'https://github.com/settings/developers' : undefined),
    diagnoseInstallation: async () => [{ step: 'store', ok: true, message: 'the vault opens' }],
    clientMetadata: async (clientId) => ({
      client_id: clientId,
      redirect_uris: ['http://127.0.0.1:27182/oauth/callback'],
    }),
    migrateVault: async (to) => ({
      store: to,
      setting: `${to}?prefix=x`,
      from: '/home/u/vault.sqlite',
      isShared: true,
      rows: 3,
      wasThere: false,
      keySource: 'home_file',
    }),
    rotateKey: async (_who, keyOut) => ({
      records: 3,
      unreadable: 0,
      keySource: keyOut === undefined ? 'home_file' : 'key_file',
      ...(keyOut === undefined ? {} : { keyFile: keyOut }),
    }),
    serve: async () => 0,
    openBrowser: async (url) => {
      world.opened.push(url);
      return true;
    },
    env: options.env ?? {},
    stdin,
    stdout,
    stderr,
    version: '1.2.3',
    command: 'mcp-oauth-broker',
    ...options.dependencies,
  });
  const [out, err] = [text(stdout), text(stderr)];
  const code = await exitCode.finally(() => {
    stdout.end();
    stderr.end();
  });
  return { code, out: await out, err: await err, world };
}

/** The JSON lines of an output. */
export function jsonLines(out: string): readonly unknown[] {
  return out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

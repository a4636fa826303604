/** What `import` and `install` need of this machine: where hosts keep their servers, and what starts this program. */
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { type Catalog, type HostSurroundings, importEntry, installInto, readHostServers } from './catalog/index.js';
import { type CliDependencies, type ForeignServer, UsageError } from './cli/index.js';
import { SERVER_NAME_MAX_LENGTH } from './core/limits.js';
import { type HostName, PRODUCT_NAME } from './core/names.js';

type ForeignHosts = Pick<CliDependencies, 'foreignServers' | 'installInto'>;

type Environment = Readonly<Record<string, string | undefined>>;

/** Settings that a host has to pass on, so that the broker it starts has the vault of the command line. */
const PASSED_ON = [
  ...['MCP_OAUTH_HOME', 'MCP_OAUTH_KEY_FILE', 'MCP_OAUTH_CALLBACK_PORT', 'MCP_OAUTH_REDIRECT_URI'],
  ...['MCP_OAUTH_CLIENT_METADATA_URL', 'MCP_OAUTH_TOOLS', 'MCP_OAUTH_CONFIRM', 'MCP_OAUTH_LOG'],
  ...['MCP_OAUTH_USER', 'MCP_OAUTH_TEAM'],
];
/** A key, and a URL that may hold a password: a host's file is not the place for them. */
function secretsOf({ MCP_OAUTH_KEY: key, MCP_OAUTH_STORE: store }: Environment): readonly string[] {
  return [...(key ? ['MCP_OAUTH_KEY'] : []), ...(store && !isFile(store) ? ['MCP_OAUTH_STORE'] : [])];
}

function isFile(store: string): boolean {
  return store.startsWith('sqlite:');
}

export function foreignHosts(catalog: () => Catalog, env: Environment, version: string): ForeignHosts {
  const surroundings: HostSurroundings = { home: homedir(), cwd: process.cwd(), platform: process.platform, env };
  return {
    async foreignServers(host) {
      const { files, servers } = await readHostServers(host, surroundings);
      const named = servers.map(({ name, ...server }) => ({ serverName: usableName(name), ...server }));
      const entries = await Promise.all(
        named.map(async ({ serverName, raw, path, scope }): Promise<ForeignServer> => {
          const isTaken = (await catalog().findUserEntry(serverName)) !== undefined;
          return {
            serverName,
            path,
            isTaken,
            isOfFolder: scope === 'project',
            imported: importEntry(serverName, raw, starter(env, version)),
          };
        }),
      );
      return { files, servers: entries };
    },
    async installInto(host, scope) {
      const entry = brokerEntry(host, env, version);
      const installed = await installInto(host, surroundings, { scope, entry, now: new Date() });
      if (installed === undefined)
        throw new UsageError(`${host} has no file of servers for a ${scope}: leave --project out.`);
      return { ...installed, entry, leftOut: secretsOf(env) };
    },
  };
}

/** The entry that starts what runs now: the published package, or this very file of a clone or installation. */
function brokerEntry(host: HostName, env: Environment, version: string) {
  const names = isFile(env['MCP_OAUTH_STORE'] ?? '') ? [...PASSED_ON, 'MCP_OAUTH_STORE'] : PASSED_ON;
  const passed = Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
  return {
    ...(host === 'vscode' || host === 'claude-code' ? { type: 'stdio' } : {}),
    ...starter(env, version),
    ...(Object.keys(passed).length > 0 ? { env: passed } : {}),
  };
}

/** A copy that npx keeps may vanish from its cache at any time; npx itself finds it again. */
function starter(env: Environment, version: string) {
  const script = realpathSync(process.argv[1] ?? '');
  const isFromNpx = env['npm_command'] === 'exec' || /[/\\]_npx[/\\]/u.test(script);
  if (!isFromNpx) return { command: process.execPath, args: [script] };
  const npx = ['npx', '-y', `${PRODUCT_NAME}@${version}`];
  const [command = '', ...args] = process.platform === 'win32' ? ['cmd', '/c', ...npx] : npx;
  return { command, args };
}

/** What our names do not allow becomes `-`. */
function usableName(name: string): string {
  return (
    name
      .replace(/[^A-Za-z0-9._-]+/gu, '-')
      .replace(/^[^A-Za-z0-9]+/u, '')
      .slice(0, SERVER_NAME_MAX_LENGTH) || 'server'
  );
}

/**
 * HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in either case, the lower one first (as curl reads them).
 * Loopback never goes through a proxy.
 */
import { classifyHost } from './address-class.js';
import { BrokerError } from './errors.js';

export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/** The variable that names the proxy. `url` is undefined where its value is none that we can speak to. */
export interface ProxySetting {
  readonly variable: string;
  readonly url: URL | undefined;
}

// Plain http leaves the machine never, so HTTP_PROXY can only mean: the proxy.
const PROXY_VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'] as const;

/**
 * The proxy for `url`, or undefined where the connection is direct.
 * @throws {BrokerError} `invalid_input` for a value that is no http(s) proxy: to go around the proxy that was meant
 *   would be against whoever set it.
 */
export function proxyFor(url: URL, env: ProxyEnvironment): URL | undefined {
  if (classifyHost(url.hostname) === 'loopback') return undefined;
  if (isExempt(url, noProxy(env))) return undefined;
  const setting = proxySetting(env);
  if (setting === undefined) return undefined;
  if (setting.url === undefined) {
    throw new BrokerError('invalid_input', `The environment variable ${setting.variable} names no http(s) proxy.`, {
      nextStep: `Ask the user to set ${setting.variable} to a URL such as http://proxy.example:8080, or to unset it, where the MCP host starts mcp-oauth-broker.`,
    });
  }
  return setting.url;
}

/** What the environment says of a proxy, whatever URL is asked; undefined where it says nothing. */
export function proxySetting(env: ProxyEnvironment): ProxySetting | undefined {
  const variable = PROXY_VARIABLES.find((name) => (env[name] ?? '').trim() !== '');
  return variable === undefined ? undefined : { variable, url: proxyUrl((env[variable] ?? '').trim()) };
}

/** The hosts that are asked without the proxy, as they are written. */
export function noProxy(env: ProxyEnvironment): string {
  return (env['no_proxy'] || env['NO_PROXY'] || '').trim();
}

/** A host and port alone are a proxy too, as for curl. */
function proxyUrl(value: string): URL | undefined {
  const withScheme = value.includes('://') ? value : `http://${value}`;
  if (!URL.canParse(withScheme)) return undefined;
  const url = new URL(withScheme);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

/** NO_PROXY: `*`, `host`, `.domain`, `*.domain`, each with an optional `:port`; a host also exempts its subdomains. */
function isExempt(url: URL, exempt: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/gu, '').replace(/\.$/u, '');
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return exempt
    .toLowerCase()
    .split(/[\s,]+/u)
    .filter((entry) => entry !== '')
    .some((entry) => entry === '*' || matchesEntry(entry, host, port));
}

function matchesEntry(entry: string, host: string, port: string): boolean {
  const match = /^(?:\[(?<literal>[^\]]+)\]|(?<name>[^:]+)|(?<bare>.+:.+:.*))(?::(?<port>\d+))?$/u.exec(entry);
  const groups = match?.groups ?? {};
  if (groups['port'] !== undefined && groups['port'] !== port) return false;
  const suffix = (groups['literal'] ?? groups['name'] ?? groups['bare'] ?? '').replace(/^\*?\./u, '');
  return suffix !== '' && (host === suffix || host.endsWith(`.${suffix}`));
}

/** An entry that starts mcp-remote, read as what it stands for: a server with a URL. */

/** What mcp-remote was told. */
export interface McpRemoteCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly transport?: 'streamable-http' | 'sse';
  /** `--static-oauth-client-info`, as JSON text. */
  readonly client?: string;
}

const PACKAGE = /^(?:.*[/\\])?(?:@[\w.-]+\/)?mcp-remote(?:@[^/\\]*)?$/u;
const TRANSPORTS: Readonly<Record<string, 'streamable-http' | 'sse'>> = {
  'http-only': 'streamable-http',
  'sse-only': 'sse',
};

/**
 * @param words the command and its arguments
 * @returns undefined where they do not start mcp-remote with a URL
 * @see https://github.com/geelen/mcp-remote (usage)
 */
export function mcpRemoteCall(words: readonly string[]): McpRemoteCall | undefined {
  const start = words.findIndex((word) => PACKAGE.test(word));
  const args = words.slice(start + 1);
  const url = args.find((word) => /^https?:\/\//u.test(word));
  if (start === -1 || url === undefined) return undefined;
  const transport = TRANSPORTS[optionValues(args, '--transport')[0] ?? ''];
  const [client] = optionValues(args, '--static-oauth-client-info');
  return {
    url,
    headers: Object.fromEntries(optionValues(args, '--header').flatMap(headerOf)),
    ...(transport === undefined ? {} : { transport }),
    ...(client === undefined ? {} : { client }),
  };
}

/** Of `--name VALUE` and `--name=VALUE`, every one. */
function optionValues(args: readonly string[], name: string): readonly string[] {
  return args.flatMap((word, index) => {
    if (word.startsWith(`${name}=`)) return [word.slice(name.length + 1)];
    const next = args[index + 1];
    return word === name && next !== undefined ? [next] : [];
  });
}

/** `Name: value`; hosts that split arguments at spaces made people write `Name:${VALUE}`. */
function headerOf(text: string): readonly (readonly [string, string])[] {
  const colon = text.indexOf(':');
  return colon < 1 ? [] : [[text.slice(0, colon).trim(), text.slice(colon + 1).trim()]];
}

/** One server of another host's configuration as an entry of `servers.json`; pure. Plain secrets are taken out of it. */
import * as z from 'zod';
import { PRODUCT_NAME } from '../core/names.js';
import { importedValue, looksSecret } from './imported-value.js';
import { mcpRemoteCall } from './mcp-remote-entry.js';
import { isOwnEntry, type OwnStarter } from './own-entry.js';
import { serverSchema } from './parse-entry.js';
import type { ValueSource } from './server-entry.js';

export interface ImportedEntry {
  readonly kind: 'entry';
  readonly entry: Readonly<Record<string, unknown>>;
  /** For the vault, under the names that the entry's sources have. */
  readonly secrets: readonly { readonly name: string; readonly value: string }[];
  /** What was left out or has to be done, one sentence each; nothing secret. */
  readonly notes: readonly string[];
}

export interface SkippedEntry {
  readonly kind: 'skipped';
  readonly reason: string;
}

const strings = z.record(z.string(), z.string()).optional().catch(undefined);
const foreignEntry = z.looseObject({
  type: z.string().optional().catch(undefined),
  url: z.string().optional().catch(undefined),
  serverUrl: z.string().optional().catch(undefined),
  command: z.string().optional().catch(undefined),
  args: z.array(z.string()).optional().catch(undefined),
  cwd: z.string().optional().catch(undefined),
  env: strings,
  envFile: z.string().optional().catch(undefined),
  headers: strings,
  disabled: z.boolean().optional().catch(undefined),
  oauth: z
    .looseObject({ clientId: z.string().optional(), callbackPort: z.int().optional() })
    .optional()
    .catch(undefined),
  auth: z
    .looseObject({
      CLIENT_ID: z.string(),
      CLIENT_SECRET: z.string().optional(),
      scopes: z.array(z.string()).optional(),
    })
    .optional()
    .catch(undefined),
});
type ForeignEntry = z.output<typeof foreignEntry>;

const REFERENCE = /\$\{[^}]+\}/u;
const BEARER = /^Bearer[ \t]+/iu;

/**
 * @param serverName what the entry will be called; part of the names of its secrets
 * @param own what starts the broker that runs now: its own entry is not taken
 */
export function importEntry(serverName: string, raw: unknown, own: OwnStarter): ImportedEntry | SkippedEntry {
  const parsed = foreignEntry.safeParse(raw);
  if (!parsed.success) return skipped('it is no object');
  const found = parsed.data;
  if (found.disabled === true) return skipped('it is disabled there');
  if (serverName === PRODUCT_NAME || isOwnEntry(raw, own)) return skipped('it is this broker itself');
  return found.command === undefined
    ? importRemote(createDraft(serverName), found)
    : importProgram(createDraft(serverName), found.command, found);
}

function importRemote(draft: Draft, found: ForeignEntry): ImportedEntry | SkippedEntry {
  const url = found.url ?? found.serverUrl;
  if (url === undefined) return skipped('it has neither a url nor a command');
  draft.client(clientOf(found));
  return draft.remote(url, found.type === 'sse' ? 'sse' : undefined, found.headers ?? {});
}

function importProgram(draft: Draft, command: string, found: ForeignEntry): ImportedEntry | SkippedEntry {
  const { args = [], env = {} } = found;
  const remote = mcpRemoteCall([command, ...args]);
  if (remote === undefined) return draft.program(command, args, found);
  if (remote.client !== undefined) draft.client(jsonObject(remote.client));
  return draft.remote(remote.url, remote.transport, resolved(remote.headers, env));
}

type Draft = ReturnType<typeof createDraft>;

function createDraft(serverName: string) {
  const secrets: { name: string; value: string }[] = [];
  const notes: string[] = [];
  let oauth: Readonly<Record<string, unknown>> | undefined;

  /** A source for the value, or undefined where it cannot be taken. */
  const sourceOf = (name: string, text: string): ValueSource | undefined => {
    const value = importedValue(name, text);
    const secretName = `${serverName}/${name}`;
    if (value.kind === 'value') {
      if (value.lostDefault) notes.push(`"${name}" has no default any more: its variable must be set.`);
      return value.source;
    }
    if (value.kind === 'mixed') {
      notes.push(`"${name}" mixes text and a variable, which servers.json cannot say: it was left out.`);
      return undefined;
    }
    if (value.kind === 'secret') secrets.push({ name: secretName, value: value.text });
    else notes.push(`"${name}" is asked for when it is first needed.`);
    return { source: 'user_secret', name: secretName };
  };

  const imported = (entry: Readonly<Record<string, unknown>>): ImportedEntry | SkippedEntry => {
    const problem = serverSchema.safeParse(entry).error?.issues[0];
    if (problem !== undefined) return skipped(`${problem.path.join('.')}: ${problem.message}`);
    return { kind: 'entry', entry, secrets, notes };
  };

  return {
    client(given: Readonly<Record<string, unknown>> | undefined): void {
      const { client_id: clientId, client_secret: secret, redirect_uri: redirectUri, scope } = given ?? {};
      if (typeof clientId !== 'string' || clientId === '') return;
      const source = typeof secret === 'string' && secret !== '' ? sourceOf('client_secret', secret) : undefined;
      oauth = {
        clientId,
        ...(source && { clientSecret: source }),
        ...(typeof redirectUri === 'string' && { redirectUri }),
        ...(typeof scope === 'string' && { scope }),
      };
    },

    remote(
      url: string,
      transport: 'streamable-http' | 'sse' | undefined,
      given: Readonly<Record<string, string>>,
    ): ImportedEntry | SkippedEntry {
      if (REFERENCE.test(url)) return skipped('its url holds a variable');
      if (hasUserinfo(url))
        return skipped('its url holds a user name or password, and no server is asked by such a url');
      if (hasSecretInQuery(url))
        notes.push(
          'Its url looks as if it held a secret, and stands in servers.json as it is: use a header where the server takes one.',
        );
      const credential = credentialOf(given, sourceOf);
      const others = Object.entries(given).filter(([name]) => name !== credential?.header);
      const headers = sources(others, sourceOf);
      return imported({
        url,
        ...(transport && { transport }),
        ...credential?.settings,
        ...(Object.keys(headers).length > 0 && { headers }),
        ...(oauth && { oauth }),
      });
    },

    program(
      command: string,
      args: readonly string[],
      { env = {}, envFile, cwd }: ForeignEntry,
    ): ImportedEntry | SkippedEntry {
      if ([command, ...args].some((word) => REFERENCE.test(word))) return skipped('its command holds a variable');
      if (
        args.some((word, index) => looksSecret(args[index - 1]?.startsWith('-') ? (args[index - 1] ?? '') : '', word))
      )
        notes.push(
          'An argument looks like a secret, and every program can read arguments: give it in the environment.',
        );
      if (envFile !== undefined) notes.push('Its envFile was not taken: name the variables under "env".');
      const variables = sources(Object.entries(env), sourceOf);
      return imported({
        command,
        ...(args.length > 0 && { args }),
        ...(cwd !== undefined && !REFERENCE.test(cwd) && { cwd }),
        ...(Object.keys(variables).length > 0 && { env: variables }),
      });
    },
  };
}

function hasUserinfo(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && `${url.username}${url.password}` !== '';
}

function hasSecretInQuery(text: string): boolean {
  return URL.canParse(text) && [...new URL(text).searchParams].some(([name, value]) => looksSecret(name, value));
}

type SourceOf = (name: string, text: string) => ValueSource | undefined;

/** The header that is the server's credential: `Authorization`, else the first that is named like a key. */
function credentialOf(headers: Readonly<Record<string, string>>, sourceOf: SourceOf) {
  const names = Object.keys(headers);
  const header =
    names.find((name) => name.toLowerCase() === 'authorization') ??
    names.find((name) => looksSecret(name, headers[name] ?? ''));
  if (header === undefined) return undefined;
  const text = headers[header] ?? '';
  const isBearer = header.toLowerCase() === 'authorization' && BEARER.test(text);
  const value = sourceOf(header, isBearer ? text.replace(BEARER, '') : text);
  if (value === undefined) return { header, settings: {} };
  return { header, settings: isBearer ? { auth: 'bearer', value } : { auth: 'api_key', header, value } };
}

function sources(
  values: readonly (readonly [string, string])[],
  sourceOf: SourceOf,
): Readonly<Record<string, ValueSource>> {
  return Object.fromEntries(
    values.flatMap(([name, text]) => {
      const source = sourceOf(name, text);
      return source === undefined ? [] : [[name, source]];
    }),
  );
}

/** mcp-remote expands variables of its own environment in its headers: those that the entry sets are known here. */
function resolved(headers: Readonly<Record<string, string>>, env: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, text]) => [
      name,
      text.replace(/\$\{([A-Za-z_]\w*)\}/gu, (reference, variable: string) => env[variable] ?? reference),
    ]),
  );
}

/** A client that the user registered: Claude Code's `oauth`, Cursor's `auth`. */
function clientOf({ oauth, auth }: ForeignEntry): Readonly<Record<string, unknown>> | undefined {
  if (oauth?.clientId !== undefined) {
    const { clientId, callbackPort: port } = oauth;
    return { client_id: clientId, ...(port && { redirect_uri: `http://localhost:${port}/callback` }) };
  }
  return auth && { client_id: auth.CLIENT_ID, client_secret: auth.CLIENT_SECRET, scope: auth.scopes?.join(' ') };
}

function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function skipped(reason: string): SkippedEntry {
  return { kind: 'skipped', reason };
}

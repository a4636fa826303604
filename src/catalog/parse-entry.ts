/**
 * The schema of `servers.json` (the public contract, section 6). Unknown keys are ignored, never refused: the shape is
 * shared with other hosts. Nothing is expanded: `${VAR}` and `%VAR%` stay as they are written.
 */
import * as z from 'zod';
import { loadsCode } from './code-loading-variables.js';
import { profileIds } from './find-profile.js';
import { createRemoteEntry } from './remote-entry.js';
import type { ServerEntry } from './server-entry.js';

const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/u;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/u;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/u;

const text = z.string().min(1, 'must not be empty');

const httpUrl = text.refine(isHttpUrl, 'must be an http or https URL');

/** Plain http is for loopback; the network layer decides that when the URL is used. A host such as `${HOST}` parses, too. */
function isHttpUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return (protocol === 'https:' || protocol === 'http:') && HOST.test(hostname);
}

const namedSource = z.discriminatedUnion(
  'source',
  [
    z.object({
      source: z.literal('env'),
      name: z.string().regex(VARIABLE_NAME, 'must be the name of an environment variable'),
    }),
    z.object({ source: z.literal('file'), path: text }),
    z.object({ source: z.literal(['user_secret', 'team_secret', 'org_secret']), name: text }),
    z.object({ source: z.literal('oauth'), provider: text }),
  ],
  'must have a source: env, file, user_secret, team_secret, org_secret or oauth',
);

const valueSource = z.union([z.string(), namedSource], 'must be a string or an object with a source');

const headerValue = z.union(
  [z.string().regex(HEADER_VALUE, 'must hold no control characters'), namedSource],
  'must be a header value without control characters, or an object with a source',
);

const headers = z.record(z.string().regex(HEADER_NAME, 'is not a header name'), headerValue);

const environment = z
  .record(z.string().regex(VARIABLE_NAME, 'is not the name of an environment variable'), valueSource)
  .superRefine((variables, context) => {
    for (const [name, value] of Object.entries(variables)) {
      if (typeof value === 'string' ? value.includes('\0') : loadsCode(name)) {
        context.addIssue({
          code: 'custom',
          path: [name],
          message: 'can load code or break the environment, so no credential may go there',
        });
      }
    }
  });

const authorizationParams = z.record(text, z.string());
const profile = z.enum(profileIds, `must be a provider profile: ${profileIds.join(', ')}`);

const identityProvider = z.object({
  issuer: httpUrl.exactOptional(),
  tokenEndpoint: httpUrl.exactOptional(),
  clientId: text.exactOptional(),
  clientSecret: valueSource.exactOptional(),
});

const oauth = z.object({
  issuer: httpUrl.exactOptional(),
  authorizationEndpoint: httpUrl.exactOptional(),
  tokenEndpoint: httpUrl.exactOptional(),
  clientId: text.exactOptional(),
  clientSecret: valueSource.exactOptional(),
  scope: z.string().exactOptional(),
  redirectUri: httpUrl.exactOptional(),
  resource: text.exactOptional(),
  authorizationParams: authorizationParams.exactOptional(),
  assumePkce: z.boolean().exactOptional(),
  tokenEndpointAuthMethod: z
    .enum(['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'])
    .exactOptional(),
  grantType: z
    .enum(['authorization_code', 'device_code', 'client_credentials', 'jwt_bearer', 'id_jag'])
    .exactOptional(),
  assertion: valueSource.exactOptional(),
  idp: identityProvider.exactOptional(),
  privateKey: z.object({ source: z.literal('file'), path: text }).exactOptional(),
  signingAlg: text.exactOptional(),
  profile: profile.exactOptional(),
});

const oauthProvider = z.object({
  issuer: httpUrl.exactOptional(),
  authorizationEndpoint: httpUrl.exactOptional(),
  tokenEndpoint: httpUrl.exactOptional(),
  clientId: text.exactOptional(),
  clientSecret: valueSource.exactOptional(),
  scope: z.string().exactOptional(),
  redirectUri: httpUrl.exactOptional(),
  authorizationParams: authorizationParams.exactOptional(),
  profile: profile.exactOptional(),
});

const everyEntry = {
  tools: z.object({ allow: z.array(text).exactOptional(), deny: z.array(text).exactOptional() }).exactOptional(),
  credentialMode: z.enum(['per_user', 'per_agent', 'shared']).exactOptional(),
};

const remoteServer = z.object({
  ...everyEntry,
  url: httpUrl,
  auth: z.enum(['auto', 'none', 'oauth2', 'bearer', 'api_key']).exactOptional(),
  value: valueSource.exactOptional(),
  header: z.string().regex(HEADER_NAME, 'is not a header name').exactOptional(),
  headerPrefix: z.string().regex(HEADER_VALUE, 'must hold no control characters').exactOptional(),
  headers: headers.exactOptional(),
  transport: z.enum(['auto', 'streamable-http', 'sse']).exactOptional(),
  oauth: oauth.exactOptional(),
});

const stdioServer = z.object({
  ...everyEntry,
  command: text,
  args: z.array(z.string()).exactOptional(),
  cwd: text.exactOptional(),
  env: environment.exactOptional(),
});

const NEITHER = 'must have either a url or a command';

/** One entry of `mcpServers`, told apart by its `url` or `command`. */
const server = z.looseObject({}).transform((value, context) => {
  const isRemote = 'url' in value;
  if (isRemote === 'command' in value) {
    context.addIssue({ code: 'custom', message: NEITHER });
    return z.NEVER;
  }
  const parsed = isRemote ? remoteServer.safeParse(value) : stdioServer.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues)
    context.addIssue({ code: 'custom', path: [...issue.path], message: issue.message });
  return z.NEVER;
});

/** The file as a whole. Its servers and providers are checked one by one: one that is wrong must not take the others along. */
export const serversFileSchema = z.object({
  mcpServers: z.record(z.string(), z.unknown()).default({}),
  oauthProviders: z.record(z.string(), z.unknown()).default({}),
  allowedRedirectUris: z.array(httpUrl).default([]),
  allowedPrivateHosts: z.array(text).default([]),
});

/** One of `mcpServers`, and one of `oauthProviders`. */
export const serverSchema = server;
export const oauthProviderSchema = oauthProvider;

/** The keys that are read: of the file, of an entry with a URL, of one with a command, of its `oauth`, of a provider. */
export const FILE_KEYS: readonly string[] = Object.keys(serversFileSchema.shape);
export const REMOTE_KEYS: readonly string[] = Object.keys(remoteServer.shape);
export const STDIO_KEYS: readonly string[] = Object.keys(stdioServer.shape);
export const OAUTH_KEYS: readonly string[] = Object.keys(oauth.shape);
export const PROVIDER_KEYS: readonly string[] = Object.keys(oauthProvider.shape);

/** A validated server of the user's file with the contract's defaults. */
export function toServerEntry(serverName: string, parsed: z.output<typeof serverSchema>): ServerEntry {
  if ('url' in parsed) return createRemoteEntry({ ...parsed, serverName, source: 'user' });
  return { credentialMode: 'per_user', args: [], env: {}, ...parsed, kind: 'stdio', serverName, source: 'user' };
}

/**
 * The shapes of the names that a caller gives: ASCII allow-lists, so that nothing can be confused,
 * hidden, a path, or a property of an object.
 */
import { ACCOUNT_NAME_MAX_LENGTH, AGENT_NAME_MAX_LENGTH, SERVER_NAME_MAX_LENGTH } from './limits.js';

/** A server's name (the public contract, section 1). */
export const SERVER_NAME_PATTERN = new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${SERVER_NAME_MAX_LENGTH - 1}}$`, 'u');

/** An account's name; room for an e-mail address. */
export const ACCOUNT_NAME_PATTERN = new RegExp(`^[A-Za-z0-9][A-Za-z0-9._@+-]{0,${ACCOUNT_NAME_MAX_LENGTH - 1}}$`, 'u');

export const DEFAULT_ACCOUNT = 'default';

/** The team of somebody who named none: they are alone in it. */
export const PERSONAL_TEAM = 'personal';

/** Under what a provider of `oauthProviders` is kept beside the servers: no server can have such a name. */
const PROVIDER_PREFIX = 'provider:';

export function providerRecordName(id: string): string {
  return `${PROVIDER_PREFIX}${id}`;
}

/** The provider that a record is kept under; undefined for a server's. */
export function providerIdOf(recordName: string): string | undefined {
  return recordName.startsWith(PROVIDER_PREFIX) ? recordName.slice(PROVIDER_PREFIX.length) : undefined;
}

/** What people call the server or provider of a record. */
export function shownName(recordName: string): string {
  return providerIdOf(recordName) ?? recordName;
}

/** What a host calls itself, as the agent of a principal: bounded ASCII, `unknown` where nothing is left of it. */
export function agentName(clientName: string | undefined): string {
  const ascii = (clientName ?? '')
    .slice(0, 4 * AGENT_NAME_MAX_LENGTH)
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/gu, '-');
  const trimmed = ascii
    .replace(/^[-._]+/u, '')
    .slice(0, AGENT_NAME_MAX_LENGTH)
    .replace(/[-._]+$/u, '');
  return trimmed === '' ? 'unknown' : trimmed;
}

/** MCP hosts whose files we know, as `import` and `install` take them. */
export const HOST_NAMES = ['claude-code', 'claude-desktop', 'cursor', 'vscode'] as const;
export type HostName = (typeof HOST_NAMES)[number];

/** What the product calls itself to servers, authorization servers and people. */
export const PRODUCT_NAME = 'mcp-oauth-broker';

/** The skill that every payload names that asks for help. */
export const GENERAL_SKILL = { id: 'mcp-server-oauth', name: 'MCP Server OAuth Authentication' } as const;

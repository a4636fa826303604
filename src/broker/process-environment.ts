/** The variables that an entry names for its program, each from where the entry says it comes from. */
import { BrokerError } from '../core/errors.js';
import type { StartedServer } from './known-server.js';
import type { AuthType } from './outcomes.js';
import type { Parts } from './parts.js';
import { resolveSource } from './value-sources.js';

export interface ProcessEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  /** When the first of its tokens expires, in milliseconds since the epoch; absent where none does. */
  readonly goodUntil?: number;
}

/** A second line would be another variable to whoever reads it line by line; the kernel ends a value at NUL. */
const UNFIT = /[\0\r\n]/u;

/**
 * @throws {MissingValueError} for the first that somebody has to give.
 * @throws {BrokerError} `invalid_input` that names the variable or file that is missing, or a value that cannot be one.
 */
export async function processEnvironment(parts: Parts, server: StartedServer): Promise<ProcessEnvironment> {
  const { entry } = server;
  const variables: Record<string, string> = {};
  const ends: number[] = [];
  for (const [name, source] of Object.entries(entry.env)) {
    const purpose = `The variable ${name} of "${entry.serverName}"`;
    const { value, goodUntil } = await resolveSource(parts, server, source, purpose);
    if (typeof source !== 'string' && UNFIT.test(value)) throw unfit(name, entry.serverName);
    variables[name] = value;
    if (goodUntil !== undefined) ends.push(goodUntil);
  }
  return { variables, ...(ends.length > 0 && { goodUntil: Math.min(...ends) }) };
}

/** The kind of credential that the program takes. */
export function startedAuthType({ env }: StartedServer['entry']): Extract<AuthType, 'oauth2' | 'api_key' | 'none'> {
  const sources = Object.values(env).filter((value) => typeof value !== 'string');
  if (sources.some((value) => value.source === 'oauth')) return 'oauth2';
  return sources.length > 0 ? 'api_key' : 'none';
}

function unfit(name: string, serverName: string): BrokerError {
  return new BrokerError(
    'invalid_input',
    `The value for the variable ${name} of "${serverName}" has more than one line, or a NUL: it is passed to no program.`,
  );
}

/**
 * `WWW-Authenticate`, read as RFC 9110 section 11.6.1 writes it: several challenges in one header,
 * token68, quoted strings with escapes. A regular expression finds parameters inside quoted text (T08); this does not.
 */
import { CHALLENGE_MAX_BYTES } from '../core/limits.js';
import type { BearerChallenge, Challenge } from './types.js';

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/uy;
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/uy;
const QUOTED_STRING = /"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\uffff]|\\[\t \x21-\x7e\x80-\uffff])*)"/uy;
const EQUALS = /[ \t]*=[ \t]*/uy;
const SPACES = /[ \t]+/uy;
const LIST_SEPARATORS = /[ \t,]*/uy;

/**
 * Every challenge of a `WWW-Authenticate` value, in order; scheme and parameter names in lower case.
 *
 * @returns an empty list for no header, for one over CHALLENGE_MAX_BYTES, and for one that breaks the grammar
 *   or names a parameter twice: half of an ambiguous header is never believed.
 * @see RFC 9110 section 11.6.1
 */
export function parseChallenges(header: string | null): readonly Challenge[] {
  if (header === null || Buffer.byteLength(header, 'utf8') > CHALLENGE_MAX_BYTES) return [];
  const cursor = new Cursor(header);
  const challenges: Challenge[] = [];
  cursor.take(LIST_SEPARATORS);
  while (!cursor.atEnd()) {
    const challenge = readChallenge(cursor);
    if (challenge === undefined) return [];
    challenges.push(challenge);
  }
  return challenges;
}

/**
 * The challenge that an MCP server's authorization is decided on: the first `Bearer`, else the first `DPoP`. Where it
 * has both, what the one leaves out the other may say.
 *
 * @see RFC 6750 section 3, RFC 9728 section 5.1, RFC 9449 section 7.1
 */
export function bearerChallenge(header: string | null): BearerChallenge | undefined {
  const challenges = parseChallenges(header);
  const bearer = challenges.find((challenge) => challenge.scheme === 'bearer');
  const dpop = challenges.find((challenge) => challenge.scheme === 'dpop');
  if (bearer === undefined && dpop === undefined) return undefined;
  const parameters: Challenge['parameters'] = { ...dpop?.parameters, ...bearer?.parameters };
  const { resource_metadata: resourceMetadata, scope, error, realm } = parameters;
  const algorithms = dpop?.parameters.algs?.split(' ').filter((name) => name !== '');
  return {
    scheme: bearer === undefined ? 'DPoP' : 'Bearer',
    ...(resourceMetadata === undefined ? {} : { resourceMetadata }),
    ...(scope === undefined ? {} : { scope }),
    ...(error === undefined ? {} : { error }),
    ...(realm === undefined ? {} : { realm }),
    ...(dpop === undefined ? {} : { dpop: algorithms === undefined ? {} : { algorithms } }),
  };
}

function readChallenge(cursor: Cursor): Challenge | undefined {
  const scheme = cursor.take(TOKEN)?.toLowerCase();
  if (scheme === undefined) return undefined;
  if (cursor.atListEnd()) {
    cursor.take(LIST_SEPARATORS);
    return { scheme, parameters: {} };
  }
  if (cursor.take(SPACES) === undefined) return undefined;
  const token68 = cursor.take(TOKEN68);
  if (token68 !== undefined) {
    cursor.take(LIST_SEPARATORS);
    return { scheme, token68, parameters: {} };
  }
  const parameters = readParameters(cursor);
  return parameters === undefined ? undefined : { scheme, parameters };
}

/** `name=value` pairs up to the end or to what can only be the next scheme: a token that no `=` follows. */
function readParameters(cursor: Cursor): Readonly<Record<string, string>> | undefined {
  const parameters = new Map<string, string>();
  cursor.take(LIST_SEPARATORS);
  while (!cursor.atEnd()) {
    const start = cursor.position;
    const name = cursor.take(TOKEN)?.toLowerCase();
    if (name === undefined) return undefined;
    if (cursor.take(EQUALS) === undefined) {
      cursor.position = start;
      break;
    }
    const value = cursor.takeQuotedString() ?? cursor.take(TOKEN);
    if (value === undefined || parameters.has(name) || !cursor.atListEnd()) return undefined;
    parameters.set(name, value);
    cursor.take(LIST_SEPARATORS);
  }
  return Object.fromEntries(parameters);
}

/** A place in the header, and the sticky expressions that move it. */
class Cursor {
  position = 0;

  constructor(private readonly text: string) {}

  atEnd(): boolean {
    return this.position >= this.text.length;
  }

  /** At the end of one list element: nothing or a comma follows. */
  atListEnd(): boolean {
    return /^[ \t]*(?:,|$)/u.test(this.text.slice(this.position));
  }

  take(expression: RegExp): string | undefined {
    return this.#match(expression)?.[0];
  }

  takeQuotedString(): string | undefined {
    return this.#match(QUOTED_STRING)?.[1]?.replace(/\\(.)/gu, '$1');
  }

  #match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.position;
    const match = expression.exec(this.text);
    if (match === null) return undefined;
    this.position += match[0].length;
    return match;
  }
}

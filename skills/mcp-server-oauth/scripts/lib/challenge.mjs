// @ts-check
/**
 * `WWW-Authenticate`, read as RFC 9110 section 11.6.1 writes it: several challenges in one header, token68, quoted
 * strings with escapes. A regular expression finds parameters inside quoted text; this does not.
 */

const HEADER_MAX_BYTES = 8_192;
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/uy;
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/uy;
const QUOTED_STRING = /"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\uffff]|\\[\t \x21-\x7e\x80-\uffff])*)"/uy;
const EQUALS = /[ \t]*=[ \t]*/uy;
const SPACES = /[ \t]+/uy;
const SEPARATORS = /[ \t,]*/uy;
const LIST_END = /[ \t]*(?:,|$)/uy;

/** @typedef {{ scheme: string, token68?: string, parameters: Record<string, string> }} Challenge */

/**
 * Every challenge, in order; scheme and parameter names in lower case. None for a header that is too long, breaks the
 * grammar or names a parameter twice: half of an ambiguous header is never believed.
 *
 * @param {string | null | undefined} header
 * @returns {Challenge[]}
 */
export function parseChallenges(header) {
  if (header == null || Buffer.byteLength(header, 'utf8') > HEADER_MAX_BYTES) return [];
  const reader = readerOf(header);
  /** @type {Challenge[]} */
  const challenges = [];
  reader.take(SEPARATORS);
  while (!reader.atEnd()) {
    const challenge = readChallenge(reader);
    if (challenge === undefined) return [];
    challenges.push(challenge);
  }
  return challenges;
}

/**
 * The parameters of the first `Bearer` challenge, else of the first `DPoP` one.
 *
 * @param {string | null | undefined} header
 * @returns {Record<string, string> | undefined}
 * @see RFC 6750 section 3, RFC 9728 section 5.1
 */
export function bearerParameters(header) {
  const challenges = parseChallenges(header);
  const found =
    challenges.find(({ scheme }) => scheme === 'bearer') ?? challenges.find(({ scheme }) => scheme === 'dpop');
  return found?.parameters;
}

/** @param {ReturnType<typeof readerOf>} reader @returns {Challenge | undefined} */
function readChallenge(reader) {
  const scheme = reader.take(TOKEN)?.toLowerCase();
  if (scheme === undefined) return undefined;
  if (reader.sees(LIST_END)) {
    reader.take(SEPARATORS);
    return { scheme, parameters: {} };
  }
  if (reader.take(SPACES) === undefined) return undefined;
  const token68 = reader.take(TOKEN68);
  if (token68 !== undefined) {
    reader.take(SEPARATORS);
    return { scheme, token68, parameters: {} };
  }
  const parameters = readParameters(reader);
  return parameters && { scheme, parameters };
}

/** Pairs up to the end or to what can only be the next scheme: a token without `=`. @param {ReturnType<typeof readerOf>} reader */
function readParameters(reader) {
  /** @type {Map<string, string>} */
  const parameters = new Map();
  reader.take(SEPARATORS);
  while (!reader.atEnd()) {
    const start = reader.position();
    const name = reader.take(TOKEN)?.toLowerCase();
    if (name === undefined) return undefined;
    if (reader.take(EQUALS) === undefined) {
      reader.moveTo(start);
      break;
    }
    const value = reader.takeQuoted() ?? reader.take(TOKEN);
    if (value === undefined || parameters.has(name) || !reader.sees(LIST_END)) return undefined;
    parameters.set(name, value);
    reader.take(SEPARATORS);
  }
  return Object.fromEntries(parameters);
}

/** A place in the header, moved by sticky expressions. @param {string} text */
function readerOf(text) {
  let at = 0;
  /** @param {RegExp} expression */
  const match = (expression) => {
    expression.lastIndex = at;
    return expression.exec(text);
  };
  /** @param {RegExp} expression */
  const taken = (expression) => {
    const found = match(expression);
    at += found?.[0].length ?? 0;
    return found;
  };
  return {
    atEnd: () => at >= text.length,
    position: () => at,
    moveTo: (/** @type {number} */ place) => {
      at = place;
    },
    sees: (/** @type {RegExp} */ expression) => match(expression) !== null,
    take: (/** @type {RegExp} */ expression) => taken(expression)?.[0],
    takeQuoted: () => taken(QUOTED_STRING)?.[1]?.replace(/\\(.)/gu, '$1'),
  };
}

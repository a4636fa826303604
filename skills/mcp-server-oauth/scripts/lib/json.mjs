// @ts-check
/** JSON of a stranger: an object, in UTF-8, not deeper than 32 levels, no member of it named twice. */

const DEPTH_MAX = 32;
/** @type {Map<string | undefined, number>} */
const STEPS = new Map([
  ['{', 1],
  ['[', 1],
  ['}', -1],
  [']', -1],
]);

/**
 * @param {Buffer} body
 * @returns {Record<string, unknown> | undefined} undefined for anything else
 */
export function jsonObject(body) {
  let value;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    if (isTooDeepOrAmbiguous(text)) return undefined;
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

/**
 * Looked at in the text: a parser that recurses has already failed where depth matters, and of two members with one
 * name it would silently take the last.
 *
 * @param {string} text
 */
function isTooDeepOrAmbiguous(text) {
  const names = new Set();
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    depth += STEPS.get(text[index]) ?? 0;
    if (depth > DEPTH_MAX) return true;
    if (text[index] !== '"') continue;
    const end = endOfString(text, index);
    const isName = depth === 1 && /^\s*:/u.test(text.slice(end + 1, end + 20));
    const string = isName ? JSON.parse(text.slice(index, end + 1)) : undefined;
    if (isName && names.has(string)) return true;
    names.add(string);
    index = end;
  }
  return false;
}

/** The index of the quotation mark that ends the string beginning at `start`. @param {string} text @param {number} start */
function endOfString(text, start) {
  let index = start + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index;
}

/** @param {unknown} value */
export function textOf(value) {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** @param {unknown} value @returns {string[] | undefined} */
export function textsOf(value) {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
}

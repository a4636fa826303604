/** The words of a tool's name, of a text or of a query, as a search compares them. */

/** Letters and digits, held together by what names are built with. */
const RUN = /[\p{L}\p{M}\p{N}]+(?:[_\-./][\p{L}\p{M}\p{N}]+)*/gu;
/** `create_issue`, `createIssue`, `HTTPServer`. */
const PART_BOUNDARY = /[_\-./]|(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;
const LATIN_ACCENTS = /[\u0300-\u036f]/gu;
/** Scripts that write words without spaces between them. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]+/gu;

/** The words of `text`, in lower case and without accents; each run of letters in its parts (`createIssue`: `create`, `issue`). */
export function searchWords(text: string): readonly (readonly string[])[] {
  const runs = text.normalize('NFKD').replace(LATIN_ACCENTS, '').match(RUN) ?? [];
  return runs.map((run) => run.split(PART_BOUNDARY).flatMap((part) => spacedWords(part.toLowerCase())));
}

/** One word for a whole name, however it is written: no word of a text is equal to it. */
export function wholeName(parts: readonly string[]): string {
  return `=${parts.join('')}`;
}

/** Overlapping pairs of characters where a word cannot be told from its neighbours. */
function spacedWords(part: string): readonly string[] {
  const unspaced = part.match(UNSPACED);
  if (unspaced === null) return [part];
  return [...part.split(UNSPACED).filter((rest) => rest !== ''), ...unspaced.flatMap(pairs)];
}

function pairs(text: string): readonly string[] {
  const characters = [...text];
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
}

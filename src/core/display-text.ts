/**
 * Text of a stranger (a server, an authorization server, a callback) made fit to be shown:
 * bounded, one line, without control, bidirectional or invisible characters. It is never an instruction.
 */
import { DISPLAY_TEXT_MAX_LENGTH } from './limits.js';

/** C0/C1 controls, line separators, bidi controls, zero-width and tag characters. */
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]+/gu;

/** The same, but for what makes paragraphs and columns. */
const UNSHOWABLE_IN_TEXT = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

/** Whether `text` is shown as it is: at most `maxLength` characters, and none that could mislead. */
export function isShowable(text: string, maxLength: number): boolean {
  return text.length <= maxLength && text.search(UNSHOWABLE) === -1;
}

/** `text` on one line, at most `maxLength` characters, with nothing in it that a terminal or a reader could be misled by. */
export function displayText(text: string, maxLength = DISPLAY_TEXT_MAX_LENGTH): string {
  const shown = text
    .slice(0, maxLength * 4)
    .replace(UNSHOWABLE, ' ')
    .trim();
  return shown.length > maxLength ? `${shown.slice(0, maxLength - 1)}…` : shown;
}

/** `text` with its lines, at most `maxLength` characters, without anything else that `displayText` removes. */
export function plainText(text: string, maxLength: number): string {
  const plain = text
    .slice(0, maxLength * 4)
    .replace(/\r\n?/gu, '\n')
    .replace(UNSHOWABLE_IN_TEXT, '');
  return plain.length > maxLength ? `${plain.slice(0, maxLength - 1)}…` : plain;
}

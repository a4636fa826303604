/** How a person has laid out their JSON, for edits that look like theirs. */
import type { FormattingOptions } from 'jsonc-parser';

/** The indentation and line ends that the user has chosen. */
export function formattingOf(text: string): FormattingOptions {
  const indent = /^([ \t]+)\S/mu.exec(text)?.[1] ?? '  ';
  return {
    insertSpaces: !indent.startsWith('\t'),
    tabSize: indent.startsWith('\t') ? 1 : indent.length,
    eol: text.includes('\r\n') ? '\r\n' : '\n',
  };
}

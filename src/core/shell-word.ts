/** `text` as a POSIX shell takes it for one word: commands that are shown are there to be typed. */
export function shellWord(text: string): string {
  return /^[\w.@%+=:,/-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

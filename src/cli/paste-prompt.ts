/**
 * Takes pasted lines while something else is awaited. At a terminal the line is read in raw mode: a terminal's own
 * line buffer cuts a long URL (1,024 bytes on macOS).
 */
import { createInterface } from 'node:readline';
import type { CliDependencies } from './dependencies.js';

const PASTED_MAX_LENGTH = 32_768;

export interface PastePrompt {
  /** The next line that is not empty; undefined when the input has ended. */
  next(): Promise<string | undefined>;
  /** Rewrites the prompt, at a terminal only. */
  show(prompt: string): void;
  close(): void;
}

/**
 * Begins to read lines from stdin.
 * @param onInterrupt called for Ctrl-C, which raw mode keeps from ending the process
 */
export function openPastePrompt({ stdin, stderr }: CliDependencies, onInterrupt: () => void): PastePrompt {
  const isTerminal = stdin.isTTY === true;
  const lines = createInterface({ input: stdin, terminal: isTerminal, ...(isTerminal ? { output: stderr } : {}) });
  const pasted = lines[Symbol.asyncIterator]();
  lines.on('SIGINT', onInterrupt);
  return {
    async next() {
      for (let read = await pasted.next(); read.done !== true; read = await pasted.next()) {
        const line = read.value.trim();
        if (line !== '' && line.length <= PASTED_MAX_LENGTH) return line;
        if (isTerminal) lines.prompt();
      }
      return undefined;
    },
    show(prompt) {
      if (!isTerminal) return;
      lines.setPrompt(prompt);
      lines.prompt(true);
    },
    close() {
      lines.close();
      if (isTerminal) stderr.write('\n');
    },
  };
}

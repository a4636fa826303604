/** The log: one JSON line an event, to stderr only (stdout belongs to JSON-RPC), every line redacted. */
import { pino } from 'pino';
import { redactText } from './redaction.js';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Log {
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** A log that writes at `level` and above to `stream`, by default stderr. A closed stderr ends logging, never the process. */
export function createLog(level: LogLevel, stream: NodeJS.WritableStream = process.stderr): Log {
  let open = true;
  stream.on('error', () => {
    open = false;
  });
  const sink = {
    write(line: string): void {
      if (open) stream.write(redactText(line));
    },
  };
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, sink);
}

/** A log that says nothing. */
export const silentLog: Log = { error() {}, warn() {}, info() {}, debug() {} };

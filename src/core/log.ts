/**
 * The log: one JSON line an event, to stderr only (stdout belongs to JSON-RPC), every line redacted. A person at a
 * terminal reads sentences instead.
 */
import { pino } from 'pino';
import { displayText } from './display-text.js';
import { redactText } from './redaction.js';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Log {
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
}

const TERMINAL_LINE_MAX_LENGTH = 1_000;

/** A stream that may be a terminal. */
type LogStream = NodeJS.WritableStream & { readonly isTTY?: boolean | undefined };

/** A log that writes at `level` and above to `stream`, by default stderr. A closed stderr ends logging, never the process. */
export function createLog(level: LogLevel, stream: LogStream = process.stderr): Log {
  const worded = stream.isTTY === true ? sentence : (line: string) => line;
  let open = true;
  stream.on('error', () => {
    open = false;
  });
  const sink = {
    write(line: string): void {
      if (open) stream.write(redactText(worded(line)));
    },
  };
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, sink);
}

/** `warn: the message (field: value, …)`; of an error its message, of a stranger's text nothing that steers a terminal. */
function sentence(line: string): string {
  const { level, time: _time, msg, ...fields } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const details = Object.entries(fields).map(([name, value]) => `${name}: ${shownValue(value)}`);
  const inBrackets = details.length === 0 ? '' : ` (${details.join(', ')})`;
  return `${displayText(`${pino.levels.labels[Number(level)]}: ${msg}${inBrackets}`, TERMINAL_LINE_MAX_LENGTH)}\n`;
}

function shownValue(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'message' in value) return String(value.message);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A log that says nothing. */
export const silentLog: Log = { error() {}, warn() {}, info() {}, debug() {} };

/**
 * Keeps file descriptor 1 for JSON-RPC: whatever else writes to standard output, by `console` or by the stream,
 * goes to standard error, and the protocol gets a stream of its own.
 */
import { Writable } from 'node:stream';

/**
 * Takes standard output over, for the rest of the process.
 * @returns the stream to which only the protocol writes; it fails when standard output does.
 */
export function takeStdout(): Writable {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Uint8Array, _encoding, done) {
      write(chunk, (error) => done(error));
    },
  });
}

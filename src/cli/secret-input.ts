/** Reads one secret: without echo at a terminal, else all of standard input. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { TOKEN_MAX_LENGTH } from '../core/limits.js';
import { rememberSecret } from '../core/redaction.js';
import type { CliDependencies, TerminalInput } from './dependencies.js';
import { UsageError } from './exit-code.js';

/**
 * The secret, without the line end; the redaction filter knows it from here on.
 * @param question shown on stderr at a terminal
 * @throws {UsageError} when it is empty, too long, of several lines, or not given.
 */
export async function readSecret(dependencies: CliDependencies, question: string): Promise<string> {
  const secret = await readHiddenLine(dependencies, question);
  rememberSecret(secret);
  return secret;
}

/** The same for what only may hold a secret: whoever takes it apart tells the redaction filter which part that is. */
export async function readHiddenLine(dependencies: CliDependencies, question: string): Promise<string> {
  const { stdin } = dependencies;
  const given = stdin.isTTY === true ? await askWithoutEcho(dependencies, question) : await readAll(stdin);
  const secret = given.replace(/\r?\n$/u, '').trim();
  if (secret === '') throw new UsageError('No secret was given.');
  if (secret.length > TOKEN_MAX_LENGTH) throw new UsageError('The secret is too long.');
  if (/\p{Cc}/u.test(secret)) throw new UsageError('The secret must be one line without control characters.');
  return secret;
}

async function readAll(stdin: TerminalInput): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > 2 * TOKEN_MAX_LENGTH) throw new UsageError('The secret is too long.');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Raw mode is readline's: it echoes to `output`, and that goes nowhere. */
function askWithoutEcho({ stdin, stderr }: CliDependencies, question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true });
  stderr.write(question);
  return new Promise((resolve, reject) => {
    let answer = '';
    lines.once('line', (line) => {
      answer = line;
      lines.close();
    });
    lines.once('SIGINT', () => {
      reject(new UsageError('Stopped; nothing was stored.'));
      lines.close();
    });
    lines.once('close', () => {
      stderr.write('\n');
      resolve(answer);
    });
  });
}

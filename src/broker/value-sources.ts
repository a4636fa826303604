/** Reads a value from where an entry says it comes from. */
import { readFile } from 'node:fs/promises';
import type { ValueSource } from '../catalog/index.js';
import { BrokerError } from '../core/errors.js';
import { Secret } from '../core/secret.js';

/**
 * The value of a source. Values of a `source` are secrets and known to the redaction filter; a plain string is not.
 * @throws {BrokerError} `invalid_input` that names the environment variable or file that is missing.
 */
export async function resolveValue(source: ValueSource, purpose: string): Promise<string> {
  if (typeof source === 'string') return source;
  if (source.source === 'env') return environmentValue(source.name, purpose);
  if (source.source === 'file') return fileValue(source.path, purpose);
  throw new BrokerError(
    'invalid_input',
    `${purpose} takes a value of source "${source.source}", which this version cannot read.`,
  );
}

function environmentValue(name: string, purpose: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return Secret.of(value).reveal();
  throw new BrokerError(
    'invalid_input',
    `${purpose} takes its value from the environment variable ${name}, which is not set.`,
  );
}

async function fileValue(path: string, purpose: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new BrokerError('invalid_input', `${purpose} takes its value from the file ${path}, which cannot be read.`, {
      cause: error,
    });
  }
  return Secret.of(text.trim()).reveal();
}

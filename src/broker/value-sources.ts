/** Reads a value from where an entry says it comes from. */
import { readFile } from 'node:fs/promises';
import type { ValueSource } from '../catalog/index.js';
import { BrokerError } from '../core/errors.js';
import { Secret } from '../core/secret.js';
import { MissingValueError } from './missing-value.js';
import { namedSecret } from './named-secrets.js';
import type { Parts, ResolvedValue } from './parts.js';
import { secretRequired } from './secret-required.js';
import type { AnyServer } from './server-of-caller.js';

/** The value alone, as `resolveSource` finds it. */
export async function resolveValue(
  parts: Parts,
  asker: AnyServer,
  source: ValueSource,
  purpose: string,
): Promise<string> {
  return (await resolveSource(parts, asker, source, purpose)).value;
}

/**
 * The value of a source. Values of a `source` are secrets and known to the redaction filter; a plain string is not.
 * @param asker needs it: whose secrets and tokens are meant, and who is asked for them
 * @param purpose what it is for, as a sentence about what is missing begins
 * @throws {MissingValueError} where somebody can give it.
 * @throws {BrokerError} `invalid_input` that names the environment variable, file or provider that is missing; of a
 *   provider's token as `freshGrant` does.
 */
export async function resolveSource(
  parts: Parts,
  asker: AnyServer,
  source: ValueSource,
  purpose: string,
): Promise<ResolvedValue> {
  if (typeof source === 'string') return { value: source };
  switch (source.source) {
    case 'env':
      return { value: environmentValue(source.name, purpose) };
    case 'file':
      return { value: await fileValue(source.path, purpose) };
    case 'oauth':
      return parts.providerToken(asker, source.provider);
    default: {
      const value = await namedSecret(parts, asker.principal, source);
      if (value === undefined) throw new MissingValueError(() => secretRequired(parts, asker, source), source);
      return { value };
    }
  }
}

function environmentValue(name: string, purpose: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return Secret.of(value).reveal();
  throw new BrokerError(
    'invalid_input',
    `${purpose} takes its value from the environment variable ${name}, which is not set.`,
  );
}

/** @throws {BrokerError} `invalid_input` that names the file, where it cannot be read. */
export async function fileValue(path: string, purpose: string): Promise<string> {
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

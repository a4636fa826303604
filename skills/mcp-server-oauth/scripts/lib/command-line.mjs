// @ts-check
/** One run of a script: arguments in, one JSON object out, exit code 0, or 1 for `status: "error"`. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Failure, rememberSecret } from './failure.mjs';

/**
 * @typedef {{ positionals: string[], options: Record<string, string | boolean | undefined>, warnings: string[] }} Arguments
 * @typedef {Record<string, { type: 'string' | 'boolean' }>} OptionTypes
 */

/**
 * Runs a script to its end: prints what `main` resolves with, or the failure that it throws.
 *
 * @param {object} script
 * @param {string} script.usage
 * @param {OptionTypes} script.options
 * @param {(args: Arguments) => Promise<Record<string, unknown>>} script.main
 * @param {(message: string) => Record<string, unknown>} [script.fieldsOfFailure] what is printed beside a failure
 */
export async function run({ usage, options, main, fieldsOfFailure }) {
  const args = /** @type {Arguments} */ ({ positionals: [], options: {}, warnings: [] });
  let result;
  try {
    Object.assign(args, parsed(options, usage));
    if (args.options['help'] === true) {
      process.stdout.write(`${usage}\n`);
      return;
    }
    result = await main(args);
  } catch (error) {
    const failure = failed(error);
    result = { ...failure, ...fieldsOfFailure?.(failure.error) };
    process.exitCode = 1;
  }
  const warned = args.warnings.length === 0 ? {} : { warnings: args.warnings };
  process.stdout.write(`${JSON.stringify({ ...result, ...warned }, null, 2)}\n`);
}

/**
 * @param {OptionTypes} options
 * @param {string} usage
 */
function parsed(options, usage) {
  try {
    const { values, positionals } = parseArgs({
      options: { ...options, help: { type: 'boolean' } },
      allowPositionals: true,
    });
    return { options: values, positionals };
  } catch {
    throw new Failure('invalid_input', 'The arguments are not understood.', usage);
  }
}

/** @param {unknown} error */
function failed(error) {
  if (error instanceof Failure) {
    return { status: 'error', code: error.code, error: error.message, hint: error.hint, ...error.details };
  }
  // A mistake of the script: its text may quote what was secret, so only its kind is shown.
  const kind = error instanceof Error ? error.name : typeof error;
  return {
    status: 'error',
    code: 'internal_error',
    error: `The script failed unexpectedly (${kind}).`,
    hint: 'Check the arguments; if they are right, report this with the command line, without its secrets.',
  };
}

/**
 * A string option, or undefined where it was not given.
 *
 * @param {Arguments} args
 * @param {string} name
 */
export function option(args, name) {
  const value = args.options[name];
  return typeof value === 'string' ? value : undefined;
}

/**
 * The secret `name`, from wherever the caller put it: `--NAME-file FILE`, `--NAME-stdin`, the environment variable,
 * and last `--NAME`, with a warning, since other programs and the shell's history can read arguments.
 *
 * @param {Arguments} args
 * @param {string} name e.g. `client-secret`
 * @param {string} variable e.g. `OAUTH_CLIENT_SECRET`
 * @returns {string | undefined}
 */
export function secretOption(args, name, variable) {
  const secret = givenSecret(args, name, variable);
  rememberSecret(secret);
  return secret;
}

/** @param {Arguments} args @param {string} name @param {string} variable */
function givenSecret(args, name, variable) {
  const file = option(args, `${name}-file`);
  if (file !== undefined) return secretFrom(file, name);
  if (args.options[`${name}-stdin`] === true) return secretFrom(0, name);
  const given = option(args, name);
  if (given === undefined) return process.env[variable] || undefined;
  args.warnings.push(
    `--${name} was given as an argument, where other programs and the shell's history can read it: use ${variable}, --${name}-file or --${name}-stdin.`,
  );
  return given;
}

/**
 * @param {string | number} source a path, or 0 for standard input
 * @param {string} name
 */
function secretFrom(source, name) {
  let text;
  try {
    text = readFileSync(source, 'utf8');
  } catch {
    throw new Failure(
      'invalid_input',
      `The ${name} could not be read.`,
      `Check --${name}-file, or pipe it in with --${name}-stdin.`,
    );
  }
  const secret = text.replace(/\r?\n$/u, '');
  if (secret !== '') return secret;
  throw new Failure('invalid_input', `The ${name} is empty.`, `Put the ${name} on the first line and nothing else.`);
}

/**
 * What must have been given, on the command line or in the file of `--from`.
 *
 * @template T
 * @param {T | undefined} value
 * @param {string} name of the option, with dashes
 * @param {string} usage
 * @returns {T}
 */
export function required(value, name, usage) {
  if (value !== undefined && value !== '') return value;
  throw new Failure('invalid_input', `${name} is missing.`, usage);
}

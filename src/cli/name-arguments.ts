/** Names that are given as arguments, checked before anything is done with them: a mistyped one is wrong usage. */
import { InvalidArgumentError } from 'commander';
import { ACCOUNT_NAME_MAX_LENGTH, SERVER_NAME_MAX_LENGTH } from '../core/limits.js';
import { ACCOUNT_NAME_PATTERN, SERVER_NAME_PATTERN } from '../core/names.js';

/** The name of a server or provider. @throws {InvalidArgumentError} */
export function serverNameArgument(text: string): string {
  if (SERVER_NAME_PATTERN.test(text)) return text;
  throw new InvalidArgumentError(
    `Give 1 to ${SERVER_NAME_MAX_LENGTH} letters, digits, ".", "_" or "-", beginning with a letter or digit.`,
  );
}

/** The name of an account. @throws {InvalidArgumentError} */
export function accountArgument(text: string): string {
  if (ACCOUNT_NAME_PATTERN.test(text)) return text;
  throw new InvalidArgumentError(
    `Give 1 to ${ACCOUNT_NAME_MAX_LENGTH} letters, digits, ".", "_", "@", "+" or "-", beginning with a letter or digit.`,
  );
}

/** Secrets never come as arguments: those are in the shell's history and in every process list. */
import { UsageError } from './exit-code.js';

const SECRET_OPTION =
  /^--?(?:client-?secret|secret|api-?key|key|token|access-?token|refresh-?token|bearer|password|pass(?:wd)?)(?:=|$)/iu;

/**
 * Refuses a secret in the arguments before anything parses, prints or logs them.
 * @param argv the arguments before `--`
 * @throws {UsageError} whose message does not repeat the value.
 */
export function refuseSecretArguments(argv: readonly string[]): void {
  const option = argv.find((argument) => SECRET_OPTION.test(argument));
  if (option === undefined) return;
  const name = option.split('=', 1)[0];
  throw new UsageError(
    `${name} is not an option: a secret is never an argument, since other programs can read those. ` +
      'Use --client-secret-stdin, or "key set NAME" for a token or key: both ask for it, or read it from standard input.',
  );
}

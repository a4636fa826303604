/** The exit codes of the contract (section 7), and the error that means "wrong usage". */

export const EXIT_SUCCESS = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
/** The user has to sign in or say something first. */
export const EXIT_AUTHORIZATION_NEEDED = 3;

/** The command line cannot be understood or is not allowed; `message` is text of ours and repeats no argument that may be secret. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  /** @param see the command that says more; default the help of the one that was typed */
  constructor(
    message: string,
    readonly see?: string,
  ) {
    super(message);
  }
}

/**
 * A string that must not be seen. Its only way out is `.reveal()`.
 * Every secret made is also known to the redaction filter, the last line of defence at each exit.
 */
import { rememberSecret } from './redaction.js';

const HIDDEN = '[secret]';

export class Secret {
  readonly #value: string;

  private constructor(value: string) {
    this.#value = value;
  }

  /** Wraps `value` and tells the redaction filter of it. */
  static of(value: string): Secret {
    rememberSecret(value);
    return new Secret(value);
  }

  /** The secret itself. Call it only where it is sent or encrypted. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return HIDDEN;
  }
}

/** A value that an entry needs and that somebody has yet to give: a secret, or a provider's token. */
import type { ValueSource } from '../catalog/index.js';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import type { ConnectArguments } from './broker.js';
import type { RequiresAuth, RequiresOauthConfig } from './outcomes.js';
import type { KnownServer } from './server-of-caller.js';

/** Thrown where such a value is looked for; `ask` begins what brings it, as the payload to answer the call with. */
export class MissingValueError extends Error {
  override readonly name = 'MissingValueError';
  constructor(
    /** @param args of the call, where it can say how to sign in. */
    readonly ask: (args?: ConnectArguments) => Promise<RequiresAuth | RequiresOauthConfig>,
    /** What it is, to tell one from another: a source of an entry. */
    readonly source: Exclude<ValueSource, string>,
    /** Where a provider's token is missing: whom to sign in to. */
    readonly provider?: KnownServer,
  ) {
    super('a value is not there yet');
  }

  isSame(other: MissingValueError): boolean {
    return JSON.stringify(this.source) === JSON.stringify(other.source);
  }
}

/** `work` in which nobody can be asked. @throws {BrokerError} `invalid_input` that names the value which it finds missing. */
export async function orRefuse<T>(serverName: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof MissingValueError)) throw error;
    const { source } = error;
    const what =
      source.source === 'oauth'
        ? `a token of the OAuth provider "${displayText(source.provider)}"`
        : namedValue(source);
    throw new BrokerError('invalid_input', `"${serverName}" needs ${what}. Connecting to it asks for that.`, {
      nextStep: `Call connect_to_mcp_server with serverName "${serverName}" for what is missing.`,
    });
  }
}

function namedValue(source: Exclude<ValueSource, string>): string {
  return 'name' in source ? `the secret "${displayText(source.name)}", which nobody has stored` : 'another value';
}

/** `work`, or what asks for the value that it finds missing. */
export async function orAsk<T>(work: () => Promise<T>): Promise<T | RequiresAuth | RequiresOauthConfig> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MissingValueError) return error.ask();
    throw error;
  }
}

/** A value that an entry needs and that somebody has yet to give: a secret, or a provider's token. */
import type { ValueSource } from '../catalog/index.js';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import type { ConnectArguments } from './broker.js';
import { storingCommand } from './named-secrets.js';
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
    throw refusal(serverName, error.source);
  }
}

function refusal(serverName: string, source: Exclude<ValueSource, string>): BrokerError {
  if (source.source === 'oauth')
    return new BrokerError(
      'invalid_input',
      `"${serverName}" needs a token of the OAuth provider "${displayText(source.provider)}". Connecting to it asks for that.`,
      { nextStep: `Call connect_to_mcp_server with serverName "${serverName}" for what is missing.` },
    );
  if (source.source === 'env' || source.source === 'file')
    return new BrokerError('invalid_input', `"${serverName}" needs a value that is missing.`);
  const command = storingCommand(source);
  return new BrokerError(
    'invalid_input',
    `"${serverName}" also needs the secret "${displayText(source.name)}", which nobody has stored (${command}).`,
    { nextStep: `Ask the user to run: ${command}` },
  );
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

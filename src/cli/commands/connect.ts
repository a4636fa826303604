/** `connect NAME`: signs the user in to one server. */
import { InvalidArgumentError } from 'commander';
import type { ConnectArguments } from '../../broker/broker.js';
import { PENDING_AUTHORIZATION_TTL_MS } from '../../core/limits.js';
import type { CommandContext, Register } from '../command.js';
import { UsageError } from '../exit-code.js';
import { accountArgument, serverNameArgument } from '../name-arguments.js';
import { readSecret } from '../secret-input.js';
import { signIn } from '../sign-in.js';

interface ConnectOptions {
  readonly account?: string;
  readonly clientId?: string;
  readonly redirectUri?: string;
  readonly scope?: string;
  readonly clientSecretStdin?: true;
  readonly browser?: true;
  readonly pasteBack?: true;
  readonly device?: true;
  readonly wait?: number;
}

export const registerConnect: Register = (program, run) => {
  program
    .command('connect')
    .description('sign in to a server and wait until it is done')
    .argument('<name>', 'the server', serverNameArgument)
    .option('--account <name>', 'which of your accounts (default: default)', accountArgument)
    .option('--client-id <id>', 'a client that you registered')
    .option('--redirect-uri <uri>', 'its redirect URI')
    .option('--scope <scope>', 'the scopes to ask for; "" asks for none')
    .option('--client-secret-stdin', "ask for the client's secret, or read it from standard input")
    .option('--browser', 'take the answer by a local port again, after --paste-back or --device')
    .option('--paste-back', 'listen on no port: paste the address that the browser ends on')
    .option('--device', 'sign in on another device with a code')
    .option('--wait <seconds>', 'how long to wait for the sign-in (default: 600)', seconds)
    .action((serverName: string, options: ConnectOptions) => run((context) => connect(context, serverName, options)));
};

async function connect(context: CommandContext, serverName: string, options: ConnectOptions): Promise<number> {
  if ([options.browser, options.pasteBack, options.device].filter(Boolean).length > 1)
    throw new UsageError('Choose one of --browser, --paste-back and --device.');
  const clientSecret =
    options.clientSecretStdin === true
      ? await readSecret(context.dependencies, 'Client secret (not shown): ')
      : undefined;
  const request: ConnectArguments = {
    serverName,
    account: options.account,
    clientId: options.clientId,
    redirectUri: options.redirectUri,
    scope: options.scope,
    clientSecret,
    flow: flowOf(options),
  };
  const isStdinUsedUp = clientSecret !== undefined && context.dependencies.stdin.isTTY !== true;
  const waitMs = options.wait === undefined ? PENDING_AUTHORIZATION_TTL_MS : options.wait * 1_000;
  return signIn(context, request, { waitMs, readsStdin: !isStdinUsedUp });
}

function flowOf(options: ConnectOptions): 'browser' | 'paste_back' | 'device' | undefined {
  if (options.browser === true) return 'browser';
  if (options.pasteBack === true) return 'paste_back';
  return options.device === true ? 'device' : undefined;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!/^\d+$/u.test(text) || value * 1_000 > PENDING_AUTHORIZATION_TTL_MS) {
    throw new InvalidArgumentError(`Give a whole number of seconds, at most ${PENDING_AUTHORIZATION_TTL_MS / 1_000}.`);
  }
  return value;
}

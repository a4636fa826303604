/** `provider add | list | remove`: the team's OAuth providers. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { ListedProvider, ProviderSettings } from '../../broker/administration.js';
import { displayText } from '../../core/display-text.js';
import { BrokerError } from '../../core/errors.js';
import type { CommandContext, Register, Run } from '../command.js';
import { EXIT_SUCCESS, EXIT_USAGE, UsageError } from '../exit-code.js';
import { serverNameArgument } from '../name-arguments.js';
import { failureOf, reportOutcome } from '../outcome-report.js';
import { readSecret } from '../secret-input.js';
import { table } from '../table.js';
import { webAddress } from '../web-address.js';

type SecretReference = Exclude<ProviderSettings['clientSecret'], string | undefined>;

interface AddOptions {
  readonly issuer?: string;
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
  readonly profile?: string;
  readonly clientId?: string;
  readonly secretSource?: SecretReference;
  readonly clientSecretStdin?: true;
  readonly scope?: string;
}

export const registerProvider: Register = (program, run) => {
  const provider = program.command('provider').description("the team's OAuth providers, whose tokens programs take");
  registerProviderAdd(provider, run);
  provider
    .command('list')
    .description("list the team's providers")
    .action(() => run(list));
  provider
    .command('remove')
    .description('remove a provider of the team')
    .argument('<id>')
    .action((id: string) => run((context) => remove(context, id)));
};

function registerProviderAdd(provider: Command, run: Run): void {
  provider
    .command('add')
    .description('add a provider, or replace it; of github, google, slack and others the endpoints are known')
    .argument('<id>', 'what entries call it', serverNameArgument)
    .option('--issuer <url>', 'its issuer, whose metadata name the endpoints', address)
    .option('--authorization-endpoint <url>', 'where users sign in', address)
    .option('--token-endpoint <url>', 'where codes are redeemed', address)
    .option('--profile <name>', 'a known provider that it is like (default: its id)')
    .option('--client-id <id>', 'the client that you registered there')
    .option(
      '--secret-source <source>',
      'where its secret is in the vault: team_secret:NAME or org_secret:NAME',
      secretReference,
    )
    .option('--client-secret-stdin', "ask for the client's secret, or read it from standard input")
    .option('--scope <scope>', 'the scopes to ask for')
    .action((id: string, options: AddOptions) => run((context) => add(context, id, options)));
}

async function add(context: CommandContext, id: string, options: AddOptions): Promise<number> {
  const { dependencies, principal, terminal } = context;
  const { clientSecretStdin, secretSource, ...settings } = options;
  if (clientSecretStdin === true && secretSource !== undefined)
    throw new UsageError('Choose one of --secret-source and --client-secret-stdin.');
  const clientSecret =
    clientSecretStdin === true ? await readSecret(dependencies, 'Client secret (not shown): ') : secretSource;
  const { administration } = await dependencies.broker();
  const added = await administration.addProvider(principal, {
    id,
    ...settings,
    ...(clientSecret !== undefined && { clientSecret }),
  });
  if (added.status === 'error') {
    const exitCode = reportOutcome(context, added);
    return added.code === 'invalid_input' ? EXIT_USAGE : exitCode;
  }
  terminal.payload(added);
  terminal.line(`${terminal.style.good('✓')} Added the provider ${terminal.style.bold(displayText(id))}.`);
  return EXIT_SUCCESS;
}

async function list(context: CommandContext): Promise<number> {
  const { dependencies, principal, terminal } = context;
  const listed = await (await dependencies.broker()).administration.listProviders(principal);
  if ('status' in listed) return reportOutcome(context, listed);
  terminal.payload(listed);
  for (const line of table(listed.providers.map(rowOf))) terminal.line(line);
  if (listed.providers.length === 0)
    terminal.line(`No providers yet. Add one: ${dependencies.command} provider add ID --client-id CLIENT`);
  return EXIT_SUCCESS;
}

function rowOf({ id, target, clientId, secretSource }: ListedProvider): readonly string[] {
  return [id, clientId ?? '(no client)', secretSource === 'none' ? 'no secret' : secretSource, target].map((text) =>
    displayText(text),
  );
}

async function remove(context: CommandContext, id: string): Promise<number> {
  const { dependencies, principal, terminal } = context;
  if (!(await (await dependencies.broker()).administration.removeProvider(principal, id)))
    return reportOutcome(
      context,
      failureOf(new BrokerError('invalid_input', 'The team has no provider of this name.'), ''),
    );
  terminal.payload({ status: 'success', provider: id });
  terminal.line(`${terminal.style.good('✓')} Removed the provider ${terminal.style.bold(displayText(id))}.`);
  return EXIT_SUCCESS;
}

function address(text: string): string {
  if (webAddress(text) === undefined) throw new InvalidArgumentError('Give an http or https URL.');
  return text;
}

function secretReference(text: string): SecretReference {
  const [, source, name] = /^(team_secret|org_secret):(.+)$/su.exec(text) ?? [];
  if ((source === 'team_secret' || source === 'org_secret') && name !== undefined) return { source, name };
  throw new InvalidArgumentError(
    'Give team_secret:NAME or org_secret:NAME (stored with secret set). The secret itself is never an argument.',
  );
}

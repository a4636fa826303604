/** `import HOST`: takes the servers of another MCP host over into the user's file; its secrets go to the vault. */
import { Argument } from 'commander';
import { displayText } from '../../core/display-text.js';
import { BrokerError } from '../../core/errors.js';
import { HOST_NAMES, type HostName } from '../../core/names.js';
import type { CommandContext, Register } from '../command.js';
import type { ForeignServer, NewServerEntry } from '../dependencies.js';
import { EXIT_FAILED, EXIT_SUCCESS } from '../exit-code.js';
import { failureOf, reportOutcome } from '../outcome-report.js';

interface Taken {
  readonly serverName: string;
  /** The file that it stands in. */
  readonly path: string;
  readonly secrets: readonly string[];
  readonly notes: readonly string[];
}

interface Skipped {
  readonly serverName: string;
  readonly reason: string;
  /** It should have been taken. */
  readonly hasFailed?: true;
}

interface ImportOptions {
  readonly project?: boolean;
  readonly dryRun?: boolean;
}

/** A command, and where a variable of the user's goes, are for the user to choose: a cloned repository brings its own. */
const NOT_LOOKED_AT =
  'it stands in a file of this folder, and would run or be sent what that says: look at the file, then import with --project';

export const registerImport: Register = (program, run) => {
  program
    .command('import')
    .description('take over the servers of another MCP host')
    .addArgument(new Argument('<host>', 'whose servers').choices(HOST_NAMES))
    .option('--project', "take those of this folder's files too, which you have looked at")
    .option('--dry-run', 'say what would be taken, and change nothing')
    .action((host: HostName, { project = false, dryRun = false }: ImportOptions) =>
      run(async (context) => {
        const { dependencies, terminal } = context;
        const { files, servers } = await dependencies.foreignServers(host);
        if (files.length === 0) return reportOutcome(context, noConfiguration(host));
        const results: (Taken | Skipped)[] = [];
        for (const server of servers) results.push(await take(context, server, results, { project, dryRun }));
        report(context, host, files, results, dryRun);
        terminal.payload({ status: 'success', host, files, dryRun, ...parted(results) });
        return results.some((result) => 'hasFailed' in result) ? EXIT_FAILED : EXIT_SUCCESS;
      }),
    );
};

function noConfiguration(host: HostName) {
  const nextStep = 'Name the host whose servers are meant, on the machine and in the folder where it has them.';
  return failureOf(new BrokerError('invalid_input', `There is no configuration of ${host} here.`, { nextStep }), '');
}

/** @param before what came of the others: two names may become one of ours, and their secrets must not meet. */
async function take(
  context: CommandContext,
  { serverName, path, imported, isTaken, isOfFolder }: ForeignServer,
  before: readonly (Taken | Skipped)[],
  { project, dryRun }: Required<ImportOptions>,
): Promise<Taken | Skipped> {
  if (imported.kind === 'skipped') return { serverName, reason: imported.reason };
  if (isOfFolder && !project) return { serverName, reason: NOT_LOOKED_AT };
  if (isTaken || before.some((result) => 'secrets' in result && result.serverName === serverName))
    return { serverName, reason: 'there is an entry of this name already' };
  const { entry, secrets, notes } = imported;
  const problem = dryRun ? undefined : await add(context, serverName, entry, secrets);
  if (problem !== undefined) return { serverName, reason: problem, hasFailed: true };
  return { serverName, path, secrets: secrets.map(({ name }) => name), notes };
}

/**
 * Secrets first: an entry must not name one that is nowhere.
 * @returns what is wrong, where it could not be added
 */
async function add(
  context: CommandContext,
  serverName: string,
  entry: NewServerEntry,
  secrets: readonly { readonly name: string; readonly value: string }[],
): Promise<string | undefined> {
  const problem = await storeSecrets(context, secrets);
  if (problem !== undefined) return problem;
  try {
    await context.dependencies.addEntry(serverName, entry);
    return undefined;
  } catch (error) {
    if (error instanceof BrokerError) return error.message;
    throw error;
  }
}

/** @returns what is wrong with one of them */
async function storeSecrets(
  { dependencies, principal }: CommandContext,
  secrets: readonly { readonly name: string; readonly value: string }[],
): Promise<string | undefined> {
  for (const { name, value } of secrets) {
    const stored = await (await dependencies.broker()).storeSecret(principal, { scope: 'user', name, value });
    if (stored.status === 'error') return stored.error;
  }
  return undefined;
}

function parted(results: readonly (Taken | Skipped)[]) {
  const imported = results.filter((result) => 'secrets' in result);
  const stillPlain = imported.filter(({ secrets }) => secrets.length > 0).map(({ path }) => path);
  return {
    imported,
    skipped: results.filter((result) => 'reason' in result),
    /** Files that hold the secrets of what was taken in plain text, as before. */
    plainSecretsIn: [...new Set(stillPlain)],
  };
}

function report(
  { dependencies, terminal }: CommandContext,
  host: HostName,
  files: readonly string[],
  results: readonly (Taken | Skipped)[],
  dryRun: boolean,
): void {
  const { style } = terminal;
  for (const path of files) terminal.line(style.dim(path));
  for (const result of results) {
    if ('reason' in result) {
      terminal.line(`${style.dim('–')} ${style.bold(result.serverName)} was not taken: ${displayText(result.reason)}`);
      continue;
    }
    terminal.line(`${style.good('✓')} ${style.bold(result.serverName)}${dryRun ? ' would be taken' : ''}`);
    for (const name of result.secrets) terminal.line(`  secret in the vault: ${displayText(name)}`);
    for (const note of result.notes) terminal.line(`  ${displayText(note)}`);
  }
  const { imported, plainSecretsIn } = parted(results);
  if (imported.length === 0 || dryRun) return;
  terminal.line(`Nothing was changed at ${host}. Put the broker there with: ${dependencies.command} install ${host}`);
  if (plainSecretsIn.length === 0) return;
  terminal.line(
    'These secrets still stand there in plain text. When you have tried the servers here, remove them from:',
  );
  for (const path of plainSecretsIn) terminal.line(`  ${path}`);
}

/** What `doctor` says of this installation. It looks only: no vault is made, and no port stays bound. */
import { access, constants, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Finding } from './broker/index.js';
import type { BrokerProcess } from './compose.js';
import { diskProblem } from './core/disk-problem.js';
import { BrokerError } from './core/errors.js';
import { AUDIT_READ_AT_ONCE } from './core/limits.js';
import { PRODUCT_NAME } from './core/names.js';
import type { Settings } from './settings.js';
import type { KeySource, Vault } from './vault/index.js';

type Verdict = Omit<Finding, 'step'>;

/**
 * The user's file, the vault with its key, and the callback port; what is broken is a finding, never thrown.
 * @param problems of the environment: a store or key that cannot be used is told of there, and not looked for elsewhere.
 */
export async function diagnoseInstallation(
  parts: BrokerProcess,
  settings: Settings,
  problems: readonly Finding[] = [],
): Promise<readonly Finding[]> {
  const file = [await finding('catalog', () => userFile(parts, settings)), ...(await fileNotes(parts))];
  if (problems.some(({ step }) => step === 'store' || step === 'key')) return file;
  const opened = await openedVault(parts, settings);
  // Without the vault nobody can tell whether what holds the port is a broker of the same vault.
  if (opened.some(({ ok }) => ok !== true)) return [...file, ...opened];
  const log = await finding('store', () => auditLog(parts, settings));
  return [...file, ...opened, log, await finding('listener', () => callbackPort(parts, settings))];
}

/**
 * The port that the default redirect URI names: the configured one, with 0 the one that was drawn; undefined where
 * none has been drawn yet. No vault is made to find out.
 */
export async function defaultCallbackPort(
  { vault, vaultExists }: BrokerProcess,
  { callbackPort: configured }: Settings,
): Promise<number | undefined> {
  if (configured !== 0) return configured;
  return (await vaultExists()) ? portOf(await vault(), ['callback', 'drawn']) : undefined;
}

async function userFile({ catalog }: BrokerProcess, { serversFile }: Settings): Promise<Verdict> {
  const { length } = await catalog.userEntries();
  if (length === 0) {
    const isThere = await access(serversFile).then(
      () => true,
      () => false,
    );
    return {
      ok: null,
      message: isThere
        ? `${serversFile}: no servers in it yet.`
        : `There is no ${serversFile} yet: the first "add" makes it.`,
      advice: `Add a server: ${PRODUCT_NAME} add NAME URL, or take those of another host: ${PRODUCT_NAME} import HOST`,
    };
  }
  return { ok: true, message: `${serversFile}: ${length} ${length === 1 ? 'server' : 'servers'}.` };
}

/** What in the file cannot have been meant; a file that is no JSON has been told of already. */
async function fileNotes({ catalog }: BrokerProcess): Promise<readonly Finding[]> {
  const notes = await catalog.fileNotes().catch((error: unknown) => {
    if (error instanceof BrokerError) return [];
    throw error;
  });
  return notes.map(({ message, isEntryLost }) => ({ step: 'catalog', ok: isEntryLost ? false : null, message }));
}

/** Opening reads the key, too: which of the two is wrong, the code says. */
async function openedVault(parts: BrokerProcess, { dataFolder }: Settings): Promise<readonly Finding[]> {
  const { vault, vaultExists, vaultPlace } = parts;
  let opened: Vault;
  try {
    if (!(await vaultExists())) return notYet(parts, dataFolder);
    opened = await vault();
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    const { message, ...verdict } = failed(error);
    const step = error.code === 'vault_key_wrong' ? 'key' : 'store';
    const place = message.includes(vaultPlace) ? '' : ` (${vaultPlace})`;
    return [{ step, message: `${message}${place}`, ...verdict }];
  }
  const source = keyPlaces(dataFolder)[opened.keySource];
  return [
    { step: 'store', ok: true, message: `The vault opens: ${vaultPlace}.` },
    { step: 'key', ok: true, message: `The key belongs to this vault. It comes from ${source}.` },
  ];
}

function keyPlaces(dataFolder: string): Readonly<Record<KeySource, string>> {
  return {
    environment: 'MCP_OAUTH_KEY',
    key_file: 'the file that MCP_OAUTH_KEY_FILE names',
    keyring: "the operating system's keyring",
    home_file: join(dataFolder, 'vault.key'),
  };
}

async function notYet({ vaultPlace, keyOfNewVault }: BrokerProcess, dataFolder: string): Promise<readonly Finding[]> {
  const problem = vaultPlace.startsWith(dataFolder) ? await folderProblem(dataFolder) : undefined;
  const store: Verdict =
    problem === undefined
      ? { ok: null, message: `There is no vault yet; the first sign-in makes ${vaultPlace}.` }
      : {
          ok: false,
          message: `There is no vault, and none can be made in ${dataFolder}: ${problem}.`,
          advice: 'Mend that folder, or name another one with MCP_OAUTH_HOME.',
        };
  return [
    { step: 'store', ...store },
    await finding('key', async () => {
      const given = await keyOfNewVault();
      const from = given === undefined ? 'Made with the vault.' : `It comes from ${keyPlaces(dataFolder)[given]}.`;
      return { ok: null, message: from };
    }),
  ];
}

/** Why nothing can be made in a folder that may not be there yet; undefined where nothing speaks against it. */
async function folderProblem(folder: string): Promise<string | undefined> {
  try {
    const status = await stat(folder);
    if (!status.isDirectory()) return diskProblem('ENOTDIR');
    await access(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    const above = dirname(folder);
    return code === 'ENOENT' && above !== folder ? folderProblem(above) : diskProblem(code);
  }
}

/** Its end alone, which is cheap: `audit` verifies all of it. */
async function auditLog({ vault }: BrokerProcess, { team }: Settings): Promise<Verdict> {
  const { entries, chain } = await (await vault()).audit.read(team, { limit: AUDIT_READ_AT_ONCE });
  const count = (entries.at(-1)?.sequence ?? 0).toLocaleString('en');
  if (chain.state === 'unbroken')
    return { ok: true, message: `Entries in the audit log: ${count}; its end is unbroken.` };
  return {
    ok: false,
    message: `The audit log is broken at entry ${chain.sequence}.`,
    advice: `See what is left of it: ${PRODUCT_NAME} audit`,
  };
}

async function callbackPort(parts: BrokerProcess, settings: Settings): Promise<Verdict> {
  const port = await defaultCallbackPort(parts, settings);
  if (port === undefined)
    return { ok: null, message: 'The callback port is drawn at the first sign-in (MCP_OAUTH_CALLBACK_PORT is 0).' };
  const other = await portOf(await parts.vault(), ['callback', 'other', String(settings.callbackPort)]);
  const beside = other === undefined ? '' : ` Where the broker registers itself, port ${other} is used instead.`;
  const served = await parts.listener.serve({ host: '127.0.0.1', port });
  await parts.listener.close();
  if (served.kind === 'serving')
    return { ok: true, message: `Port ${served.port} is free, or served by a broker of this vault.${beside}` };
  return {
    ok: false,
    message: `Another program uses the callback port ${port}.${beside}`,
    advice: 'Stop it, set MCP_OAUTH_CALLBACK_PORT to another port, or sign in with --paste-back.',
  };
}

async function portOf(vault: Vault, id: readonly string[]): Promise<number | undefined> {
  return (await vault.callbackPorts.get(id))?.value.port;
}

async function finding(step: Finding['step'], look: () => Promise<Verdict>): Promise<Finding> {
  try {
    return { step, ...(await look()) };
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    return { step, ...failed(error) };
  }
}

function failed({ message, code, nextStep }: BrokerError): Verdict {
  return { ok: false, message, code, ...(nextStep !== undefined && { nextStep }) };
}

/** What `doctor` says of this installation. It looks only: no vault is made, and no port stays bound. */
import type { Finding } from './broker/index.js';
import type { BrokerProcess } from './compose.js';
import { BrokerError } from './core/errors.js';
import type { Settings } from './settings.js';

type Verdict = Omit<Finding, 'step'>;

/** The user's file, the vault with its key, and the callback port; what is broken is a finding, never thrown. */
export async function diagnoseInstallation(parts: BrokerProcess, settings: Settings): Promise<readonly Finding[]> {
  const catalog = await finding('catalog', () => userFile(parts, settings));
  if (!(await parts.vaultExists())) {
    const message = 'There is no vault yet; the first sign-in makes it.';
    return [catalog, { step: 'store', ok: null, message }, { step: 'key', ok: null, message: 'Made with the vault.' }];
  }
  const opened = await openedVault(parts);
  // Without the vault nobody can tell whether what holds the port is a broker of the same vault.
  if (opened.some(({ ok }) => ok !== true)) return [catalog, ...opened];
  return [catalog, ...opened, await finding('listener', () => callbackPort(parts, settings))];
}

async function userFile({ catalog }: BrokerProcess, { serversFile }: Settings): Promise<Verdict> {
  const entries = await catalog.userEntries();
  return { ok: true, message: `${serversFile}: ${entries.length} servers.` };
}

/** Opening reads the key, too: which of the two is wrong, the code says. */
async function openedVault({ vault }: BrokerProcess): Promise<readonly Finding[]> {
  try {
    await vault();
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    const step = error.code === 'vault_key_wrong' ? 'key' : 'store';
    return [{ step, ...failed(error) }];
  }
  return [
    { step: 'store', ok: true, message: 'The vault opens.' },
    { step: 'key', ok: true, message: 'The key belongs to this vault.' },
  ];
}

async function callbackPort({ listener }: BrokerProcess, { callbackPort: port }: Settings): Promise<Verdict> {
  const served = await listener.serve({ host: '127.0.0.1', port });
  await listener.close();
  if (served.kind === 'serving')
    return { ok: true, message: `Port ${served.port} is free, or served by a broker of this vault.` };
  return {
    ok: false,
    message: `Another program uses the callback port ${port}.`,
    advice: 'Stop it, set MCP_OAUTH_CALLBACK_PORT to another port, or sign in with flow "paste_back".',
  };
}

async function finding(step: Finding['step'], look: () => Promise<Verdict>): Promise<Finding> {
  try {
    return { step, ...(await look()) };
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    return { step, ...failed(error) };
  }
}

function failed({ message, nextStep }: BrokerError): Verdict {
  return { ok: false, message, ...(nextStep === undefined ? {} : { advice: nextStep }) };
}

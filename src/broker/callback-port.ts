/**
 * The loopback port of the callback: the configured one, or the one drawn once for this vault. Beside it, the
 * other port that clients of our own registration moved to when a foreign program had that one.
 */
import { createServer } from 'node:net';
import { DEFAULT_CALLBACK_PORT } from '../core/limits.js';
import type { Parts } from './parts.js';

/**
 * The port that the default redirect URI names, and that a relay leads to. It never moves: it is what users
 * register at their providers. With port 0 a free one is drawn at first use.
 */
export async function callbackPort(parts: Parts): Promise<number> {
  const { callbackPort: configured } = parts.settings;
  return configured === 0 ? drawnPort(parts) : configured;
}

/** The port that clients of our own registration use instead; undefined where no foreign program was ever met. */
export async function otherPort(parts: Parts): Promise<number | undefined> {
  return (await (await parts.vault()).callbackPorts.get(otherPortId(parts)))?.value.port;
}

/** Remembers the port that was served in place of one that a foreign program has. */
export async function rememberOtherPort(parts: Parts, port: number): Promise<void> {
  await (await parts.vault()).callbackPorts.update(otherPortId(parts), () => ({ port }));
}

/** Of several processes that draw one at the same time, the first one's counts. */
async function drawnPort(parts: Parts): Promise<number> {
  const { callbackPorts } = await parts.vault();
  const id = ['callback', 'drawn'];
  const remembered = await callbackPorts.get(id);
  if (remembered !== undefined) return remembered.value.port;
  const port = (await freePort()) ?? DEFAULT_CALLBACK_PORT;
  const record = await callbackPorts.update(id, (current) => current ?? { port });
  return record?.port ?? port;
}

function otherPortId(parts: Parts): readonly string[] {
  return ['callback', 'other', String(parts.settings.callbackPort)];
}

/** A port that was free a moment ago; undefined where none could be had. */
function freePort(): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : undefined;
      probe.close(() => resolve(port));
    });
  });
}

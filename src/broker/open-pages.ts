/**
 * Which loopback ports have to be served, and until when: one record a port, kept in the vault so that
 * another process takes over when the one that bound it goes.
 */

import type { PendingAuthorization } from '../vault/index.js';
import { callbackPort } from './callback-port.js';
import type { Parts } from './parts.js';
import type { LoopbackHost } from './redirect-uri.js';

/** Notes that `use` (a sign-in or form) needs the port until `until` (milliseconds since the epoch). */
export async function openPage(
  parts: Parts,
  port: number,
  host: LoopbackHost,
  use: string,
  until: number,
): Promise<void> {
  const vault = await parts.vault();
  const now = parts.clock.now();
  await vault.openPages.update([String(port)], (current) => {
    const uses = { ...liveUses(current?.uses ?? {}, now), [use]: until };
    return {
      port,
      // One sign-in on 127.0.0.1 and one on ::1 need both, which is what localhost means.
      host: current === undefined || current.host === host ? host : 'localhost',
      uses,
      until: Math.max(...Object.values(uses)),
    };
  });
}

/** The sign-in or form is over; the port is let go with the last of them. */
export async function closePage(parts: Parts, port: number, use: string): Promise<void> {
  const vault = await parts.vault();
  const now = parts.clock.now();
  await vault.openPages.update([String(port)], (current) => {
    if (current === undefined || !Object.hasOwn(current.uses, use)) return current;
    const { [use]: _ended, ...others } = current.uses;
    const uses = liveUses(others, now);
    return Object.keys(uses).length === 0 ? undefined : { ...current, uses, until: Math.max(...Object.values(uses)) };
  });
}

/** The port of the sign-in is no longer needed for it. */
export async function letPortGo(parts: Parts, pending: PendingAuthorization): Promise<void> {
  const port = portOf(pending.redirectUri) ?? (await callbackPort(parts));
  await closePage(parts, port, pending.launchToken);
}

/** The ports that must be served now. */
export async function openPorts(
  parts: Parts,
): Promise<readonly { readonly host: LoopbackHost; readonly port: number }[]> {
  if (!(await parts.vaultExists())) return [];
  const pages = await (await parts.vault()).openPages.list(['open']);
  const now = parts.clock.now();
  return pages
    .filter((page) => page.value.until > now)
    .map((page) => ({ host: page.value.host as LoopbackHost, port: page.value.port }));
}

/** The port of a loopback redirect URI or origin; undefined for a relay. */
export function portOf(uri: string): number | undefined {
  const url = new URL(uri);
  return url.protocol === 'http:' ? Number(url.port === '' ? 80 : url.port) : undefined;
}

function liveUses(uses: Readonly<Record<string, number>>, now: number): Record<string, number> {
  return Object.fromEntries(Object.entries(uses).filter(([, until]) => until > now));
}

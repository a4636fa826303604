/** The loopback port that serves the local pages: the callback's where it can be had, else one other, remembered. */
import { callbackPort, otherPort, rememberOtherPort } from './callback-port.js';
import type { Parts } from './parts.js';

/** A port that is served now for this vault; undefined where none can be had. Pages without a callback take any free one. */
export async function pagePort(parts: Parts): Promise<number | undefined> {
  const preferred = await parts.listener.serve({ host: '127.0.0.1', port: await callbackPort(parts) });
  if (preferred.kind === 'serving') return preferred.port;
  // One other port for all of them, however often a page is asked for.
  const other = await otherPort(parts);
  const again = other === undefined ? preferred : await parts.listener.serve({ host: '127.0.0.1', port: other });
  if (again.kind === 'serving') return again.port;
  const any = await parts.listener.serve({ host: '127.0.0.1', port: 0 });
  if (any.kind === 'foreign') return undefined;
  await rememberOtherPort(parts, any.port);
  return any.port;
}

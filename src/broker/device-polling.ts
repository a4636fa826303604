/**
 * Polls for the tokens of a device code in the background, for as long as its sign-in is open: so a user who has signed
 * in is connected without another call. What was learned lies in the vault; nobody waits for this.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { DEVICE_POLL_MIN_MS } from '../core/limits.js';
import type { Parts } from './parts.js';
import { openCodes, pollDeviceCode } from './poll-device-code.js';

/** Polls until the sign-in of this identifier and user code ends, where this process does not do so already. */
export function followDeviceCode(parts: Parts, id: readonly string[], userCode: string): void {
  parts.background.start(JSON.stringify(['device code', ...id, userCode]), async (signal) => {
    for (;;) {
      const pauseMs = await pauseBefore(parts, id, userCode);
      if (pauseMs === undefined) return;
      await delay(Math.max(pauseMs, DEVICE_POLL_MIN_MS), undefined, { signal, ref: false });
      await pollDeviceCode(parts, id);
    }
  });
}

/** Until the next request, in milliseconds; undefined once the sign-in is over. */
async function pauseBefore(parts: Parts, id: readonly string[], userCode: string): Promise<number | undefined> {
  const now = parts.clock.now();
  const codes = openCodes((await (await parts.vault()).pendings.get(id))?.value, now);
  return codes?.userCode === userCode ? codes.nextPollAt - now : undefined;
}

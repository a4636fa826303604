/**
 * What an upstream of 2026-07-28 wants to be given back with a retry (`requestState`), as it travels through the host:
 * encrypted, so that nothing of ours that the upstream put into it is shown, and good for the same request only.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.js';
import { INPUT_STATE_MAX_LENGTH, INPUT_STATE_TTL_MS } from '../core/limits.js';

const PREFIX = 'u.';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

export interface StateSeal {
  /** @param request what it is bound to; @param state what the upstream gave, if anything. Undefined for more than INPUT_STATE_MAX_LENGTH. */
  seal(request: string, state: string | undefined): string | undefined;
  /** What was sealed for this very request; undefined for anything else, and after INPUT_STATE_TTL_MS. */
  open(request: string, sealed: string): { readonly state: string | undefined } | undefined;
}

interface Sealed {
  readonly state?: string;
  readonly expiresAt: number;
}

/** Its key lives as long as the process, as the host's connection does. */
export function createStateSeal(clock: Clock): StateSeal {
  const key = randomBytes(KEY_BYTES);
  return {
    seal(request, state) {
      if (state !== undefined && state.length > INPUT_STATE_MAX_LENGTH) return undefined;
      const content: Sealed = { expiresAt: clock.now() + INPUT_STATE_TTL_MS, ...(state !== undefined && { state }) };
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(request));
      const encrypted = Buffer.concat([cipher.update(JSON.stringify(content), 'utf8'), cipher.final()]);
      return PREFIX + Buffer.concat([iv, cipher.getAuthTag(), encrypted]).toString('base64url');
    },
    open(request, sealed) {
      const bytes = Buffer.from(sealed.slice(PREFIX.length), 'base64url');
      if (!sealed.startsWith(PREFIX) || bytes.length < IV_BYTES + TAG_BYTES) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(request))
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      let content: Sealed;
      try {
        const decrypted = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
        content = JSON.parse(decrypted.toString('utf8')) as Sealed;
      } catch {
        return undefined;
      }
      return content.expiresAt > clock.now() ? { state: content.state } : undefined;
    },
  };
}

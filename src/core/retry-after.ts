/** `Retry-After` (RFC 9110 section 10.2.3): seconds or a date, never believed beyond a bound. */
import { RETRY_AFTER_MAX_SECONDS } from './limits.js';

const DELAY_SECONDS = /^\d+$/u;

/**
 * Seconds to wait, from 0 to RETRY_AFTER_MAX_SECONDS; undefined where the header is absent or says nothing.
 *
 * @param now - milliseconds since the epoch, for the date form
 */
export function retryAfterSeconds(header: string | null, now = Date.now()): number | undefined {
  const text = header?.trim() ?? '';
  if (text === '') return undefined;
  const seconds = DELAY_SECONDS.test(text) ? Number(text) : Math.ceil((Date.parse(text) - now) / 1_000);
  if (Number.isNaN(seconds)) return undefined;
  return Math.min(Math.max(seconds, 0), RETRY_AFTER_MAX_SECONDS);
}

/** Waiting for what the user was asked for, whatever that is: a sign-in, or a value that the entry takes from elsewhere. */
import type { CallContext } from './broker.js';
import { type AnyServer, isStarted } from './known-server.js';
import { MissingValueError } from './missing-value.js';
import type { RequiresAuth, RequiresOauthConfig } from './outcomes.js';
import type { Parts } from './parts.js';
import { sourcesOf } from './value-references.js';
import { resolveSource } from './value-sources.js';
import { signInEnded, type WaitedFor, waitUntil } from './waiting.js';

/**
 * Resolves as `signInEnded` does, once what `asked` asks for is there or will not come any more. A provider's token is
 * waited for at the provider, and what the provider lacks itself before that.
 * @throws {BrokerError} as `resolveSource` does.
 */
export async function hasBeenGiven(
  parts: Parts,
  server: AnyServer,
  asked: RequiresAuth | RequiresOauthConfig,
  waitSeconds: number,
  context: CallContext,
  since?: WaitedFor,
): Promise<boolean> {
  const missing = await missingValue(parts, server);
  if (missing?.provider !== undefined) return hasBeenGiven(parts, missing.provider, asked, waitSeconds, context);
  if (missing !== undefined)
    return waitUntil(parts, waitSeconds, context, async () => {
      const now = await missingValue(parts, server);
      return now === undefined || !now.isSame(missing);
    });
  // The user was faster than this call: what it would wait for is there.
  if (isStarted(server) || asked.reason === 'secret_missing') return true;
  return signInEnded(parts, server, asked, waitSeconds, context, since);
}

/** The first value of the entry that somebody has to give. */
async function missingValue(parts: Parts, server: AnyServer): Promise<MissingValueError | undefined> {
  for (const source of sourcesOf(server.entry)) {
    // Nobody is asked for a variable or a file: that they are missing is an error of its own.
    if (source.source === 'env' || source.source === 'file') continue;
    try {
      await resolveSource(parts, server, source, '');
    } catch (error) {
      if (error instanceof MissingValueError) return error;
      throw error;
    }
  }
  return undefined;
}

/**
 * The broker in this process, built as `main.ts` builds it, with a clock that a test turns.
 */
import { composeBroker } from '../../src/compose.js';
import { silentLog } from '../../src/core/log.js';
import type { Principal } from '../../src/core/principal.js';
import { principalOf, readSettings } from '../../src/settings.js';
import { brokerEnvironment } from './broker-process.js';
import { type TemporaryHome, temporaryHome } from './temporary-home.js';

type Composed = ReturnType<typeof composeBroker>;

export interface ComposedBroker extends Pick<Composed, 'broker' | 'catalog' | 'listener' | 'vault'> {
  readonly principal: Principal;
  /** Turns the clock on by so many milliseconds. */
  advance(milliseconds: number): void;
  close(): Promise<void>;
}

/** The clock starts at the present, for the tokens of a real authorization server, and stands still until it is turned. */
export async function composedBroker(
  options: { readonly home?: TemporaryHome; readonly env?: Readonly<Record<string, string | undefined>> } = {},
): Promise<ComposedBroker> {
  const home = options.home ?? (await temporaryHome());
  const environment = brokerEnvironment(home, options.env);
  const settings = readSettings(environment);
  let now = Date.now();
  const composed = composeBroker({
    settings,
    environment,
    log: silentLog,
    version: '0.0.0',
    clock: { now: () => now },
  });
  return {
    ...composed,
    principal: principalOf(settings, undefined, 'test-host'),
    advance: (milliseconds) => {
      now += milliseconds;
    },
    close: async () => {
      await composed.close();
      if (!options.home) await home.remove();
    },
  };
}

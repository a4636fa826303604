/**
 * The loopback addresses that this process has bound, and how one comes to be served for this vault:
 * bound by us, or found in the hands of a peer that proves to serve the same vault.
 */
import type { RequestListener } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { LISTENER_BIND_MAX_ATTEMPTS, LISTENER_BIND_RETRY_MS } from '../core/limits.js';
import { type BoundAddress, bindAddress } from './bound-address.js';
import type { LoopbackAddress } from './loopback-address.js';
import { askPeer } from './vault-peer.js';

export type Claim =
  /** `fresh`: bound just now. */
  | { readonly kind: 'ours'; readonly address: LoopbackAddress; readonly port: number; readonly fresh: boolean }
  | { readonly kind: 'peer'; readonly port: number }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'unavailable'; readonly code: string };

export interface HeldAddress {
  readonly bound: BoundAddress;
  /** When it was last asked for or needed, in milliseconds since the epoch. */
  lastNeededAt: number;
}

export interface HeldAddresses {
  /**
   * Sees to it that `address`:`port` is served for this vault. With port 0 a free one is drawn.
   * @throws what `proveVault` throws.
   */
  claim(address: LoopbackAddress, port: number): Promise<Claim>;
  release(address: LoopbackAddress, port: number): Promise<void>;
  all(): readonly HeldAddress[];
}

/** Holds nothing at first; `responder` gives what answers the requests of everything that is bound. */
export function createHeldAddresses(options: {
  readonly responder: () => Promise<RequestListener>;
  readonly proveVault: (message: string) => Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}): HeldAddresses {
  const held = new Map<string, HeldAddress>();

  async function claim(address: LoopbackAddress, port: number): Promise<Claim> {
    const mine = held.get(keyOf(address, port));
    if (mine === undefined) return bindOrAsk(address, port);
    mine.lastNeededAt = options.now();
    return { kind: 'ours', address, port, fresh: false };
  }

  async function bindOrAsk(address: LoopbackAddress, port: number): Promise<Claim> {
    const respond = await options.responder();
    for (let attempt = 1; attempt <= LISTENER_BIND_MAX_ATTEMPTS; attempt += 1) {
      const binding = await bindAddress(address, port, respond);
      if (binding.kind === 'unavailable') return binding;
      if (binding.kind === 'bound') return hold(binding.bound);
      const answer = await askPeer(address, port, options.proveVault);
      if (answer === 'same_vault') return { kind: 'peer', port };
      if (answer === 'foreign') return { kind: 'foreign' };
      // It was there when we tried to bind and is not there now: it has just gone.
      await delay(LISTENER_BIND_RETRY_MS);
    }
    return { kind: 'foreign' };
  }

  function hold(bound: BoundAddress): Claim {
    held.set(keyOf(bound.address, bound.port), { bound, lastNeededAt: options.now() });
    return { kind: 'ours', address: bound.address, port: bound.port, fresh: true };
  }

  return {
    claim,
    async release(address, port) {
      const mine = held.get(keyOf(address, port));
      held.delete(keyOf(address, port));
      await mine?.bound.close();
    },
    all: () => [...held.values()],
  };
}

function keyOf(address: LoopbackAddress, port: number): string {
  return `${address} ${port}`;
}

/**
 * The loopback listener: which ports of this vault are served, by this process or by a peer, and the
 * watch that takes a port over when the process that served it has gone, and lets go of what nobody needs.
 */
import type { RequestListener } from 'node:http';
import type { Broker, LoopbackListener } from '../broker/broker.js';
import type { Clock } from '../core/clock.js';
import {
  LISTENER_BIND_MAX_ATTEMPTS,
  LISTENER_RELEASE_GRACE_MS,
  LISTENER_TAKEOVER_POLL_MAX_MS,
  LISTENER_TAKEOVER_POLL_MS,
} from '../core/limits.js';
import type { Log } from '../core/log.js';
import { type Claim, createHeldAddresses } from './held-addresses.js';
import { addressesOf, type LoopbackHost } from './loopback-address.js';

export interface LoopbackListenerOptions {
  /** Asked for at the first use: broker and listener need each other. */
  readonly broker: () => Broker;
  readonly clock: Clock;
  readonly log: Log;
}

export interface TakeoverListener extends LoopbackListener {
  /**
   * Begins to watch, every LISTENER_TAKEOVER_POLL_MS and less often while that fails, what the vault needs served. `serve` begins it too.
   * The watch does not keep the process alive.
   */
  startTakeover(): void;
}

type Served = Awaited<ReturnType<LoopbackListener['serve']>>;

/** A listener that holds no port yet. Nothing is loaded or bound before the first port is needed. */
export function createLoopbackListener(options: LoopbackListenerOptions): TakeoverListener {
  const { broker, clock, log } = options;
  const held = createHeldAddresses({
    responder: lazyResponder(options),
    proveVault: (message) => broker().proveVault(message),
    now: () => clock.now(),
  });
  const inTurn = createTurns();
  let timer: NodeJS.Timeout | undefined;
  let pollMs = LISTENER_TAKEOVER_POLL_MS;
  let closed = false;

  /** Serves `host`:`port` on every address that the host means, or on none. */
  async function serveAll(host: LoopbackHost, port: number): Promise<Served> {
    if (closed) return { kind: 'foreign' };
    const claims: Claim[] = [];
    let servedPort = port;
    for (const address of addressesOf(host)) {
      const claim = await held.claim(address, servedPort);
      // A machine without IPv6 has no second address that a stranger could listen on.
      if (claim.kind === 'unavailable' && claims.length > 0) continue;
      if (!('port' in claim)) return giveUp(claims, claim, { host, port });
      claims.push(claim);
      servedPort = claim.port;
    }
    return { kind: 'serving', port: servedPort };
  }

  /** Lets go of what was bound on the way to a claim that failed. */
  async function giveUp(
    claims: readonly Claim[],
    failed: Claim,
    asked: Readonly<Record<string, unknown>>,
  ): Promise<Served> {
    log.debug({ ...asked, claim: failed }, 'this loopback port is not ours to serve');
    const fresh = claims.filter((claim) => claim.kind === 'ours').filter((claim) => claim.fresh);
    await Promise.all(fresh.map((claim) => held.release(claim.address, claim.port)));
    return { kind: 'foreign' };
  }

  /** As `serveAll`; a port of our choice is drawn again when it is taken on the other address. */
  async function serve(host: LoopbackHost, port: number): Promise<Served> {
    for (let attempt = 1; port === 0 && attempt < LISTENER_BIND_MAX_ATTEMPTS; attempt += 1) {
      const served = await serveAll(host, 0);
      if (served.kind === 'serving') return served;
    }
    return serveAll(host, port);
  }

  async function watch(): Promise<void> {
    const needed = await broker().openPorts();
    for (const { host, port } of needed) await inTurn(() => serveAll(host, port));
    await inTurn(() => releaseUnneeded());
  }

  /** A port needed a moment ago is kept: its page may still be loading, or its sign-in not yet be written. */
  async function releaseUnneeded(): Promise<void> {
    const now = clock.now();
    const unneeded = held.all().filter((one) => !one.bound.busy && now - one.lastNeededAt > LISTENER_RELEASE_GRACE_MS);
    for (const { bound } of unneeded) await held.release(bound.address, bound.port);
  }

  function schedule(): void {
    if (closed) return;
    timer = setTimeout(async () => {
      try {
        await watch();
        pollMs = LISTENER_TAKEOVER_POLL_MS;
      } catch (error) {
        pollMs = Math.min(2 * pollMs, LISTENER_TAKEOVER_POLL_MAX_MS);
        log.debug({ err: error }, 'watching the loopback ports failed; trying again');
      }
      schedule();
    }, pollMs);
    timer.unref();
  }

  function startTakeover(): void {
    if (timer === undefined) schedule();
  }

  return {
    startTakeover,
    async serve({ host, port }) {
      const served = await inTurn(() => serve(host, port));
      startTakeover();
      return served;
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await inTurn(() => Promise.all(held.all().map(({ bound }) => held.release(bound.address, bound.port))));
    },
  };
}

/** What answers requests: loaded when the first port is bound, since most processes never bind one. */
function lazyResponder(options: LoopbackListenerOptions): () => Promise<RequestListener> {
  let responder: Promise<RequestListener> | undefined;
  return () => {
    responder ??= import('./app.js').then(({ createResponder }) =>
      createResponder({ broker: options.broker, log: options.log }),
    );
    return responder;
  };
}

/** Loads what answers requests, though no port is bound yet. */
export async function loadWebParts(): Promise<void> {
  await import('./app.js');
}

/** One claim or release at a time, so that two calls in this process never meet each other's half-bound port. */
function createTurns(): <T>(turn: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (turn) => {
    const mine = last.then(turn);
    last = mine.catch(() => {});
    return mine;
  };
}

/** Proves to another broker process that this one serves the same vault, and tells a stranger nothing. */
import type { Broker } from '../broker/broker.js';
import { isChallenge, proofMessage } from './vault-peer.js';
import type { WebContext } from './web-context.js';

/** `{proof}` for a well-formed challenge, bound to the address and port that it arrived at; else 400. */
export async function answerHealth(c: WebContext, broker: Broker): Promise<Response> {
  const challenge = c.req.query('challenge');
  const { localAddress, localPort } = c.env.incoming.socket;
  if (!isChallenge(challenge) || localAddress === undefined || localPort === undefined)
    return c.text('Bad request\n', 400);
  return c.json({ proof: await broker.proveVault(proofMessage(challenge, localAddress, localPort)) });
}

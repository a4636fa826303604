/**
 * Messages that arrive in one piece, each handed on when the one before has been dealt with. The SDK deals with a
 * notification a turn after it came and with an answer at once, and would lose the progress right before a result.
 */
import type { Client } from '@modelcontextprotocol/client';

type Transport = NonNullable<Client['transport']>;

/** From now on `transport`, which is connected already, hands its messages on in turn. */
export function handOnInTurn(transport: Transport): void {
  const receive = transport.onmessage;
  if (receive === undefined) return;
  let last = Promise.resolve();
  transport.onmessage = (message, extra) => {
    last = last.then(() => receive(message, extra)).catch((error: unknown) => transport.onerror?.(error as Error));
  };
}

/** Results of a 2026-07-28 server that do not say of which type they are: each is complete (SEP-2322), where the SDK refuses it. */
import type { Client } from '@modelcontextprotocol/client';

type Transport = NonNullable<Client['transport']>;

/** From now on `transport`, which is connected already, hands such results on as complete ones. */
export function assumeComplete(transport: Transport): void {
  const receive = transport.onmessage;
  if (receive === undefined) return;
  transport.onmessage = (message, extra) => {
    const isUntyped = 'result' in message && message.result.resultType === undefined;
    receive(isUntyped ? { ...message, result: { ...message.result, resultType: 'complete' } } : message, extra);
  };
}

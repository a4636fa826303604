/**
 * Lists of a 2026-07-28 server past the SDK's check, which refuses a whole list for one entry that is not as the
 * schema says: whoever reads a list looks at its entries one by one.
 */
import type { Client } from '@modelcontextprotocol/client';
import type { JsonObject } from '../core/json-object.js';

type Transport = NonNullable<Client['transport']>;

const LISTS = ['tools', 'prompts', 'resources', 'resourceTemplates'] as const;
/** Where they lie meanwhile; no message can have such a member. */
const SET_ASIDE = Symbol('lists of a result');

/** From now on `transport`, which is connected already, hands results on without the entries of their lists. */
export function setListsAside(transport: Transport): void {
  const receive = transport.onmessage;
  if (receive === undefined) return;
  transport.onmessage = (message, extra) => {
    receive('result' in message ? { ...message, result: withoutEntries(message.result) } : message, extra);
  };
}

/** The result as it came. */
export function withLists(result: JsonObject): JsonObject {
  const { [SET_ASIDE]: lists, ...rest } = result as JsonObject & { readonly [SET_ASIDE]?: JsonObject };
  return lists === undefined ? result : { ...rest, ...lists };
}

function withoutEntries<T extends JsonObject>(result: T): T {
  const lists = LISTS.filter((name) => Array.isArray(result[name]));
  if (lists.length === 0) return result;
  return {
    ...result,
    ...Object.fromEntries(lists.map((name) => [name, []])),
    [SET_ASIDE]: Object.fromEntries(lists.map((name) => [name, result[name]])),
  };
}

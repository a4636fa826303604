/**
 * A host of either SDK line that answers what it is asked as a willing user does, over any transport: in front of the
 * product or of a server. Results are taken as they come off the wire, past what an SDK would add or leave out.
 */
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import * as z from 'zod';

type Json = Readonly<Record<string, unknown>>;

interface Asked {
  readonly method: string;
  readonly params: Json;
}

export interface WillingHost {
  readonly client: LegacyClient | ModernClient;
  /** What it was asked, in order. */
  readonly asked: readonly Asked[];
  /** Every notification that it was sent, in order. */
  readonly told: readonly Asked[];
  /** From now on it answers this instead, until the returned function is called. */
  answer(method: string, result: Json): () => void;
  /** Rejects with the SDK's error, which has the `code` and `data` of the JSON-RPC error. */
  request(method: string, params?: Json, signal?: AbortSignal): Promise<Json>;
  close(): Promise<void>;
}

const CAPABILITIES = { elicitation: { form: {}, url: {} }, sampling: {}, roots: { listChanged: true } };

const ANSWERS: Readonly<Record<string, Json>> = {
  'elicitation/create': { action: 'accept', content: { name: 'Ada', check: true, integer: 7, number: 2.5 } },
  'sampling/createMessage': {
    role: 'assistant',
    model: 'm',
    stopReason: 'endTurn',
    content: { type: 'text', text: 'hi' },
  },
  'roots/list': { roots: [{ uri: 'file:///home/ada', name: 'home' }] },
};

const SCHEMAS = [ElicitRequestSchema, CreateMessageRequestSchema, ListRootsRequestSchema];

/** Longer than any call lasts, on a machine that is busy. */
const PATIENCE_MS = 60_000;

export async function startWillingHost(sdk: 'v1' | 'v2', transport: object): Promise<WillingHost> {
  const asked: Asked[] = [];
  const told: Asked[] = [];
  const answers: Record<string, Json | undefined> = { ...ANSWERS };
  const handle = async ({ method, params }: { method: string; params?: unknown }): Promise<never> => {
    asked.push({ method, params: (params ?? {}) as Json });
    return answers[method] as never;
  };
  const client = sdk === 'v1' ? olderClient(handle) : newerClient(handle);
  await client.connect(transport as never);
  listenIn(client, told);
  return {
    client,
    asked,
    told,
    answer(method, result) {
      const before = answers[method];
      answers[method] = result;
      return () => {
        answers[method] = before;
      };
    },
    request: (method, params, signal) => {
      const { request } = client as { request(request: object, schema: object, options: object): Promise<unknown> };
      const options = { timeout: PATIENCE_MS, ...(signal && { signal }) };
      return request.call(client, { method, params }, z.looseObject({}), options) as Promise<Json>;
    },
    close: () => client.close(),
  };
}

type Handle = (request: { method: string; params?: unknown }) => Promise<never>;

const INFO = { name: 'willing-host', version: '1' };

function olderClient(handle: Handle): LegacyClient {
  const client = new LegacyClient(INFO, { capabilities: CAPABILITIES });
  for (const schema of SCHEMAS) client.setRequestHandler(schema, handle);
  return client;
}

function newerClient(handle: Handle): ModernClient {
  const client = new ModernClient(INFO, { capabilities: CAPABILITIES, versionNegotiation: { mode: 'auto' } });
  for (const method of Object.keys(ANSWERS)) client.setRequestHandler(method as 'roots/list', handle);
  return client;
}

/** The SDKs hand a notification on a turn later than the answer that follows it, when nobody waits for it any more. */
function listenIn(client: LegacyClient | ModernClient, told: Asked[]): void {
  const transport = client.transport as { onmessage?: (message: never, extra?: never) => void };
  const receive = transport.onmessage;
  transport.onmessage = (message: Asked & { readonly id?: unknown }, extra) => {
    if (message.method !== undefined && message.id === undefined)
      told.push({ method: message.method, params: message.params ?? {} });
    receive?.(message as never, extra);
  };
}

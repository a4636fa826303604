/** The SDK client of one session: who we say we are, and what we tell a server that we can answer. */
import { Client, type ClientCapabilities } from '@modelcontextprotocol/client';
import type { CallTraces } from './call-traces.js';
import { serveServerRequests } from './server-requests.js';
import type { ConnectOptions } from './types.js';

/** Declares what the host can answer. @param calls those that the session will make. */
export function createClient({ clientName, clientVersion, host }: ConnectOptions, calls: CallTraces): Client {
  const client = new Client(
    { name: clientName, version: clientVersion },
    {
      capabilities: host?.capabilities as ClientCapabilities,
      versionNegotiation: { mode: 'auto' },
      // What a server needs to know is asked for by `throughRounds`, or passed on.
      inputRequired: { autoFulfill: false },
      // Schemas are a server's words: they are passed on, never compiled or dereferenced.
      jsonSchemaValidator: {
        getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
      },
    },
  );
  serveServerRequests(client, calls, host);
  return client;
}

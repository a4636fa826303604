/** The SDK client of one session: who we say we are, and what we tell a server that we can answer. */
import { Client } from '@modelcontextprotocol/client';
import type { ConnectOptions } from './types.js';

/** No capability is declared yet: what a host can answer (sampling, elicitation, roots) will be passed in here. */
export function createClient({ clientName, clientVersion }: ConnectOptions): Client {
  return new Client(
    { name: clientName, version: clientVersion },
    {
      capabilities: {},
      versionNegotiation: { mode: 'auto' },
      // Schemas are a server's words: they are passed on, never compiled or dereferenced.
      jsonSchemaValidator: {
        getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
      },
    },
  );
}

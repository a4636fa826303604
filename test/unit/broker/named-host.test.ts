import { expect, it } from 'vitest';
import { passedOn } from '../../../src/broker/named-host.js';
import type { AnyServer } from '../../../src/broker/server-of-caller.js';
import type { Host } from '../../../src/core/host.js';

const host: Host = {
  capabilities: { elicitation: { form: {} } },
  isAskedByResult: true,
  logLevel: undefined,
  ask: async () => ({}),
  tell: () => {},
};
const server = { entry: { serverName: 'asking' } } as AnyServer;

it('T64 what a server asks in place of a result carries its name, and nothing that poses as ours', () => {
  const requestedSchema = { type: 'object', properties: { name: { type: 'string' } } };
  const params = { message: 'Which?', requestedSchema, _meta: { 'mcp-oauth-broker/payload': true } };
  const inputRequests = { one: { method: 'elicitation/create', params } };
  const result = { resultType: 'input_required', inputRequests, requestState: 'state' };

  expect(passedOn({ kind: 'upstream', result }, server, { host })).toEqual({
    kind: 'input_required',
    round: {
      inputRequests: {
        one: {
          method: 'elicitation/create',
          params: { message: 'The server "asking" asks: Which?', requestedSchema },
        },
      },
      requestState: 'state',
    },
  });
});

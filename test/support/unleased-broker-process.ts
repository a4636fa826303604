/**
 * A broker process without leases, for the counter-proof that they are what keeps a rotated token safe.
 * Each line on stdin names a server whose tool `whoami` is called; each answer is a line of JSON.
 */
import { createInterface } from 'node:readline';
import { startSourceBroker, withoutLeases } from './source-broker.js';

const { broker, principal } = await startSourceBroker({ environment: process.env, change: withoutLeases });
for await (const serverName of createInterface({ input: process.stdin })) {
  const called = await broker.callTool(principal, { serverName, toolName: 'whoami' });
  process.stdout.write(`${JSON.stringify(called.kind === 'outcome' ? called.outcome : { status: 'called' })}\n`);
}
process.exit(0);

/**
 * `npm run demo`: the main job on this machine alone. A real authorization server and a protected MCP server on loopback,
 * the broker as a child over stdio, and every payload as an agent would see it.
 */
import { parseArgs } from 'node:util';
import { silenceRuntimeWarning } from './runtime-warning.js';

silenceRuntimeWarning();
// Loaded only now: the authorization server says on import what it thinks of this Node.
const { runDemonstration } = await import('./demonstration.js');

const { values } = parseArgs({ options: { auto: { type: 'boolean', default: false } } });
const isAlone = !process.stdin.isTTY || !process.stdout.isTTY;
if (isAlone && !values.auto)
  console.log('No terminal, so the browser part is automatic; on a terminal it waits for you.');
const startedAt = Date.now();
await runDemonstration({ isAutomatic: values.auto || isAlone });
console.log(`\nDone in ${((Date.now() - startedAt) / 1_000).toFixed(1)} s.`);

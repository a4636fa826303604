/** A broker process for the take-over test: `serve` or `watch` a port of the vault with this key, until it is killed. */
import { systemClock } from '../../../src/core/clock.js';
import { silentLog } from '../../../src/core/log.js';
import { createLoopbackListener } from '../../../src/web/index.js';
import { createStandInBroker } from './stand-in-broker.js';

const [role, port = '0', serverName = ''] = process.argv.slice(2);
const standIn = createStandInBroker();
standIn.serverName = serverName;
const listener = createLoopbackListener({ broker: standIn.broker, clock: systemClock, log: silentLog });

if (role === 'alone') {
  // Nothing but the listener and its watch is left: the process ends by itself, or the test times out.
  const served = await listener.serve({ host: '127.0.0.1', port: 0 });
  if (served.kind === 'serving') standIn.openPorts = [{ host: '127.0.0.1', port: served.port }];
} else {
  // Lives as a broker does: for as long as its host keeps stdin open.
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
  const served = role === 'serve' ? await listener.serve({ host: '127.0.0.1', port: Number(port) }) : undefined;
  standIn.openPorts = [{ host: '127.0.0.1', port: served?.kind === 'serving' ? served.port : Number(port) }];
  listener.startTakeover();
  process.stdout.write(`${JSON.stringify(served ?? { kind: 'watching' })}\n`);
}

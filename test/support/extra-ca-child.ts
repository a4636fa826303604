/**
 * Asks one https URL through the product's network, as a process of its own: NODE_EXTRA_CA_CERTS is read
 * when Node starts. Prints the status, or the kind of failure, first direct and then through a proxy.
 */
import { silentLog } from '../../src/core/log.js';
import { createNetwork } from '../../src/core/network.js';
import { NetworkFailure } from '../../src/core/outbound.js';

const [url = '', proxy = ''] = process.argv.slice(2);
const outcomes: string[] = [];
for (const env of [{}, { HTTPS_PROXY: proxy }]) {
  const network = createNetwork({
    env,
    allowedPrivateHosts: async () => ['tls.example'],
    log: silentLog,
    resolve: async () => [{ address: '127.0.0.1', family: 4 }],
  });
  const root = new URL(url);
  const guarded = await network
    .guardedFetch(root)(root)
    .then(({ status }) => String(status), nameOf);
  const streamed = await network
    .upstreamFetch(root)(root)
    .then(({ status }) => String(status), nameOf);
  outcomes.push(guarded, streamed);
  await network.close();
}
process.stdout.write(JSON.stringify(outcomes));

function nameOf(error: unknown): string {
  return error instanceof NetworkFailure ? `${error.kind}, sent: ${error.requestSent}` : String(error);
}

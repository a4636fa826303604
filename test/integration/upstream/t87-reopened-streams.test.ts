/** T87: a server whose event stream ends as soon as it is opened, and that says how soon to open it again. */
import { afterEach, expect, it } from 'vitest';
import { STREAM_REOPEN_MIN_MS } from '../../../src/core/limits.js';
import { connectRemote } from '../../../src/upstream/index.js';
import { until } from '../../support/loopback-port.js';
import { createStage } from '../../support/stage.js';
import { startScriptedUpstream } from '../../support/upstream-scripted.js';
import { connectOptions, directNetwork, remoteTarget } from '../../support/upstream-target.js';

const stage = createStage();
afterEach(() => stage.close());

/** A timer that is asked for more than it holds fires at once. */
it.each(['0', '1', '99999999999'])('T87 is not asked over and over where it says "retry: %s"', async (retry) => {
  const openedAt: number[] = [];
  const upstream = stage.keep(
    await startScriptedUpstream({
      era: 'legacy',
      answers: { 'tools/list': () => ({ tools: [] }) },
      onGet: (_request, response) => {
        openedAt.push(performance.now());
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        // The first one ends as any may; what it said counts for the next.
        response.end(`retry: ${retry}\n\n`);
      },
    }),
  );
  const network = stage.keep(directNetwork());
  const connection = stage.keep(await connectRemote(remoteTarget(network, upstream.url), connectOptions));
  await until(() => openedAt.length > 0);
  if (Number(retry) < 1_000) await until(() => openedAt.length > 4);
  for (let turn = 0; turn < 5; turn += 1) await connection.listTools({ refresh: true });

  for (const [index, at] of openedAt.slice(1).entries())
    expect(at - (openedAt[index] ?? 0)).toBeGreaterThanOrEqual(STREAM_REOPEN_MIN_MS - 5);
});

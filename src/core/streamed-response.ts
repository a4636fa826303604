/** An HTTP answer as undici gives it, as the `Response` that web APIs ask for; its body streams, decoded. */
import type { Readable } from 'node:stream';
import { decodedBody } from './decoded-body.js';
import { NetworkFailure } from './outbound.js';

/** Status codes whose answers have no body (Fetch standard, "null body status"). */
const BODILESS_STATUSES = new Set([204, 205, 304]);
const RESET_CONTENT = 205;
const LAST_STATUS = 599;

/**
 * @throws {NetworkFailure} `truncated` for a status that HTTP does not have, or an encoding that was not asked for.
 */
export function streamedResponse(status: number, headers: Headers, body: Readable): Response {
  // Giving up on a body makes it fail once more, when nobody is left to hear it; unheard it would end the process.
  body.on('error', () => {});
  if (status > LAST_STATUS) {
    body.destroy();
    throw new NetworkFailure('truncated', true, 'the answer has a status that HTTP does not have');
  }
  if (BODILESS_STATUSES.has(status)) {
    // Read to its end, which is here already, so that the connection can be used again; a 205 may go on for ever.
    if (status === RESET_CONTENT) body.destroy();
    else body.resume();
    return new Response(null, { status, headers });
  }
  return new Response(webStreamOf(decodedBody(body, headers.get('content-encoding') ?? undefined)), {
    status,
    headers,
  });
}

export function responseHeaders(raw: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(raw)) {
    for (const value of [values ?? []].flat()) headers.append(name, value);
  }
  return headers;
}

/** By events, one chunk for each that is asked for; `Readable.toWeb` costs several times as much. */
function webStreamOf(body: Readable): ReadableStream<Uint8Array> {
  let isOver = false;
  const finish = (how: () => void): void => {
    if (!isOver) how();
    isOver = true;
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        body.on('data', (chunk: Uint8Array) => {
          body.pause();
          if (!isOver) controller.enqueue(chunk);
        });
        body.on('end', () => finish(() => controller.close()));
        body.on('error', (error) => finish(() => controller.error(error)));
        body.on('close', () => finish(() => controller.error(new Error('the body ended early'))));
        body.pause();
      },
      pull: () => void body.resume(),
      cancel: () => finish(() => body.destroy()),
    },
    { highWaterMark: 0 },
  );
}

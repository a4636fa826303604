/**
 * Bounds the messages in a response body while it streams: a JSON body as a whole, an event stream from
 * one blank line to the next, so that a stream without delimiters ends at the cap instead of in memory.
 */
import { UPSTREAM_MESSAGE_MAX_BYTES } from '../core/limits.js';
import { protocolError, unreachable } from './answers.js';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Called once when the body fails, with the error that its reader gets. */
export type OnBodyFault = (fault: Error) => void;

/**
 * `response` with its body bounded. Bodies that announce a fitting length are handed on as they are.
 * The body fails with `upstream_protocol_error` at the cap and with `upstream_unreachable` where the connection ends.
 * @param onEnd called when nothing more will come, whatever the reason.
 */
export function withBoundedBody(
  response: Response,
  onFault: OnBodyFault,
  onEnd: () => void = () => {},
  maxBytes = UPSTREAM_MESSAGE_MAX_BYTES,
): Response {
  if (response.body === null || response.status !== 200) return response;
  const isEventStream = (response.headers.get('content-type') ?? '').toLowerCase().startsWith('text/event-stream');
  const sizeOf = isEventStream ? undelimitedSize() : totalSize();
  const { status, statusText, headers } = response;
  return new Response(boundedStream(response.body, sizeOf, maxBytes, onFault, onEnd), { status, statusText, headers });
}

/** The size, after `chunk`, of what counts against the cap. */
type Measure = (chunk: Uint8Array) => number;

function totalSize(): Measure {
  let size = 0;
  return (chunk) => {
    size += chunk.byteLength;
    return size;
  };
}

/** Bytes since the last blank line (an event's end, in any of the three line endings); the largest within the chunk. */
function undelimitedSize(): Measure {
  let size = 0;
  let lineIsEmpty = true;
  let previous = 0;

  /** Takes one byte; returns the size of what it belongs to. */
  const take = (byte: number): number => {
    size += 1;
    const counted = size;
    const endsLine = byte === CARRIAGE_RETURN || (byte === LINE_FEED && previous !== CARRIAGE_RETURN);
    if (endsLine && lineIsEmpty) size = 0;
    // The second half of CR LF neither ends a line nor begins one.
    if (byte !== LINE_FEED || endsLine) lineIsEmpty = endsLine;
    previous = byte;
    return counted;
  };

  return (chunk) => {
    let largest = 0;
    for (const byte of chunk) largest = Math.max(largest, take(byte));
    return largest;
  };
}

function boundedStream(
  body: ReadableStream<Uint8Array>,
  sizeOf: Measure,
  maxBytes: number,
  onFault: OnBodyFault,
  onEnd: () => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const fail = (controller: ReadableStreamDefaultController<Uint8Array>, fault: Error): void => {
    onFault(fault);
    controller.error(fault);
    onEnd();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await reader.read().catch((error: unknown) => ({ failed: error }));
        if ('failed' in next) return fail(controller, unreachable(next.failed));
        if (next.done) {
          controller.close();
          return onEnd();
        }
        if (sizeOf(next.value) > maxBytes) {
          void reader.cancel().catch(() => {});
          return fail(controller, protocolError(`the server sent a message of more than ${maxBytes} bytes`));
        }
        controller.enqueue(next.value);
      },
      async cancel(reason) {
        onEnd();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

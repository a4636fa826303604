/** T87: what counts against the cap is one message, not the stream that carries many. */
import { describe, expect, it } from 'vitest';
import { withBoundedBody } from '../../../src/upstream/bounded-stream.js';

const MAX_BYTES = 64;

async function read(contentType: string, chunks: readonly string[]): Promise<string> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  const response = new Response(body, { headers: { 'content-type': contentType } });
  return withBoundedBody(
    response,
    () => {},
    () => {},
    MAX_BYTES,
  ).text();
}

describe('T87 an event stream', () => {
  it.each([
    ['LF', '\n'],
    ['CR', '\r'],
    ['CR LF', '\r\n'],
  ])('of any length passes where blank lines in %s end its events', async (_name, lineEnd) => {
    const events = new Array<string>(100).fill(`data: ${'x'.repeat(20)}${lineEnd}${lineEnd}`);
    expect(await read('text/event-stream', events)).toBe(events.join(''));
    expect(await read('text/event-stream; charset=utf-8', [events.join('')])).toBe(events.join(''));
    const bytewise = [...events.join('')];
    expect(await read('text/event-stream', bytewise)).toBe(events.join(''));
  });

  it.each([
    ['LF', '\n'],
    ['CR LF', '\r\n'],
  ])('fails at an event that is too large, though its lines in %s are short', async (_name, lineEnd) => {
    const lines = new Array<string>(20).fill(`data: x${lineEnd}`);
    await expect(read('text/event-stream', lines)).rejects.toMatchObject({ code: 'upstream_protocol_error' });
    await expect(read('text/event-stream', [lines.join('')])).rejects.toMatchObject({
      code: 'upstream_protocol_error',
    });
  });
});

it('T87 any other body fails at the cap as a whole', async () => {
  const fitting = 'x'.repeat(MAX_BYTES);
  expect(await read('application/json', [fitting])).toBe(fitting);
  await expect(read('application/json', [`${fitting}\n\n`])).rejects.toMatchObject({ code: 'upstream_protocol_error' });
});

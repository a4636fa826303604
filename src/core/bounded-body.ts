/**
 * Reads a whole response body, decoded and bounded: the cap counts decoded bytes, so a compression
 * bomb ends at the cap, and stacked encodings are refused outright.
 */
import type { Readable } from 'node:stream';
import { decodedBody } from './decoded-body.js';
import { NetworkFailure } from './outbound.js';

/**
 * @param contentEncoding the response's `Content-Encoding`, or undefined.
 * @param maxBytes decoded size that is still accepted.
 * @throws {NetworkFailure} `too_large`, or `truncated` for encodings that are stacked, unknown or broken; what `body` fails with otherwise.
 */
export async function readBoundedBody(
  body: Readable,
  contentEncoding: string | undefined,
  maxBytes: number,
): Promise<Uint8Array> {
  // Giving up on a body makes it fail once more, when nobody is left to hear it; unheard it would end the process.
  body.on('error', () => {});
  const decoded = decodedBody(body, contentEncoding);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of decoded as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      // Leaving the loop destroys the decoder; the source must not go on into nothing.
      body.destroy();
      throw new NetworkFailure('too_large', true, `the answer is larger than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

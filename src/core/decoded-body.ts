/**
 * Takes the content coding off a response body (RFC 9110 section 8.4). Codings that are stacked are refused: their
 * only use is to be a bomb.
 */
import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { NetworkFailure } from './outbound.js';

/** For `Accept-Encoding`. */
export const DECODABLE_ENCODINGS = 'gzip, deflate, br';

/**
 * `body` as it was before it was encoded; `body` itself where it was not.
 * @param contentEncoding the response's `Content-Encoding`, or undefined.
 * @throws {NetworkFailure} `truncated` for encodings that are stacked or unknown.
 */
export function decodedBody(body: Readable, contentEncoding: string | undefined): Readable {
  const encodings = (contentEncoding ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  const [encoding] = encodings;
  if (encoding === undefined) return body;
  const decoder = encodings.length === 1 ? decoderOf(encoding) : undefined;
  if (decoder === undefined) {
    body.destroy();
    throw new NetworkFailure('truncated', true, 'the answer has an encoding that was not asked for');
  }
  // The pipeline carries errors either way; the reader of `decoder` sees them.
  pipeline(body, decoder, () => {});
  return decoder;
}

function decoderOf(encoding: string): Transform | undefined {
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  return encoding === 'br' ? createBrotliDecompress() : undefined;
}

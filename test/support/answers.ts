/**
 * How a front answers: by hand, with the real answer as it is, or with what is left of it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './bend.js';

/** Answers by hand, where no real server is asked. */
export function sendAnswer(response: ServerResponse, { status, headers, body = '' }: Answer): void {
  const isText = typeof body === 'string';
  response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...headers });
  response.end(isText ? body : JSON.stringify(body));
}

export function streamThrough(real: IncomingMessage, response: ServerResponse): void {
  response.writeHead(real.statusCode ?? 502, real.headers);
  response.flushHeaders();
  real.on('error', () => response.destroy());
  real.pipe(response);
}

/** Sends a JSON answer with some fields replaced. */
export function sendPatched(
  real: IncomingMessage,
  body: Buffer,
  patch: Readonly<Record<string, unknown>>,
  response: ServerResponse,
): void {
  response.writeHead(real.statusCode ?? 502, withoutLength(real));
  response.end(JSON.stringify({ ...(JSON.parse(body.toString('utf8')) as object), ...patch }));
}

/** The head promises the whole body; half of it arrives. */
export function sendTruncated(real: IncomingMessage, body: Buffer, response: ServerResponse): void {
  response.writeHead(real.statusCode ?? 502, { ...withoutLength(real), 'content-length': body.length });
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
}

/** The client sees ECONNRESET. */
export function resetConnection(request: IncomingMessage): void {
  request.socket.resetAndDestroy();
}

function withoutLength(real: IncomingMessage): IncomingMessage['headers'] {
  const { 'content-length': _length, 'transfer-encoding': _encoding, ...headers } = real.headers;
  return headers;
}

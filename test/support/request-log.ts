/**
 * What a fixture remembers of the requests it received, and how a test asks for them.
 * Parameters are the query, the form fields, or of a JSON-RPC message its `method` and the `name` it calls.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

export interface RecordedRequest<Endpoint extends string = string> {
  readonly endpoint: Endpoint;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly parameters: Readonly<Record<string, string>>;
  readonly body: string;
  readonly receivedAt: number;
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Form fields win over the query of the same name. */
export function parametersOf(url: URL, contentType: string | undefined, body: string): Record<string, string> {
  const parameters = Object.fromEntries(url.searchParams);
  if (contentType?.startsWith('application/x-www-form-urlencoded')) {
    return { ...parameters, ...Object.fromEntries(new URLSearchParams(body)) };
  }
  if (contentType?.startsWith('application/json')) return { ...parameters, ...jsonRpcParameters(body) };
  return parameters;
}

/** True when every wanted parameter has the wanted value. */
export function hasParameters(request: RecordedRequest, wanted: Readonly<Record<string, string>> = {}): boolean {
  return Object.entries(wanted).every(([name, value]) => request.parameters[name] === value);
}

function jsonRpcParameters(body: string): Record<string, string> {
  const message = parseObject(body);
  const params = message.params as Record<string, unknown> | undefined;
  return {
    ...(typeof message.method === 'string' && { method: message.method }),
    ...(typeof params?.name === 'string' && { name: params.name }),
  };
}

function parseObject(body: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

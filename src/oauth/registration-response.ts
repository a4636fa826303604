/** The answer to a client registration (RFC 7591 section 3.2): rebuilt for the library, then checked by us. */
import * as oauth from 'oauth4webapi';
import { displayText } from '../core/display-text.js';
import { CLIENT_ID_MAX_LENGTH, CLIENT_SECRET_MAX_LENGTH } from '../core/limits.js';
import type { GuardedResponse } from '../core/outbound.js';
import { retryAfterSeconds } from '../core/retry-after.js';
import { type JsonObject, jsonObjectOf, strictJsonObjectOf, withoutNulls } from './json-answer.js';
import { jsonResponse } from './library-request.js';
import { discoveryUnavailable, type ErrorAnswer, errorAnswerOf, isTransientStatus } from './translate-error.js';
import type { ClientCredentials, TokenEndpointAuthMethod } from './types.js';

const CREATED = 201;
const NOT_IMPLEMENTED = 501;
const VISIBLE_ASCII = /^[\x20-\x7e]+$/u;

export interface Registered {
  readonly kind: 'registered';
  readonly client: ClientCredentials;
  readonly redirectUri: string;
  /** Where the registration can be deleted (RFC 7592); never fetched to read it. */
  readonly registrationClientUri?: string;
  readonly registrationAccessToken?: string;
  /** Milliseconds since the epoch; absent: does not expire. */
  readonly clientSecretExpiresAt?: number;
}

export type RegistrationAnswer = Registered | { readonly kind: 'rejected'; readonly message: string };

/** What of the request the answer is held against. */
export interface RegistrationRequest {
  readonly redirectUri: string;
  readonly registrationEndpoint: string;
}

type RegisteredClient = oauth.OmitSymbolProperties<oauth.Client>;

/**
 * Rebuilds what came back: 201 for 200, nulls dropped, `client_secret_expires_at` as the number that the library
 * insists on; of an error its name and description.
 */
export function rebuildRegistrationResponse(answer: GuardedResponse): Response {
  const retryAfter = answer.headers.get('retry-after');
  const headers: Record<string, string> = retryAfter === null ? {} : { 'retry-after': retryAfter };
  if (answer.status !== 200 && answer.status !== CREATED)
    return jsonResponse(answer.status, errorBody(answer), headers);
  const body = strictJsonObjectOf(answer.body);
  if (body === undefined) return jsonResponse(CREATED, undefined);
  const { client_secret: secret, client_secret_expires_at: expiresAt, ...members } = withoutNulls(body);
  const isPublic = secret === undefined || secret === '';
  return jsonResponse(
    CREATED,
    isPublic ? members : { ...members, client_secret: secret, client_secret_expires_at: secondsOf(expiresAt) },
  );
}

/**
 * Validates a rebuilt answer.
 *
 * @throws {BrokerError} `discovery_failed` (retryable) for 5xx, 429 and the like
 */
export async function validateRegistrationResponse(
  response: Response,
  asked: RegistrationRequest,
): Promise<RegistrationAnswer> {
  const { status } = response;
  if (isTransientStatus(status) && status !== NOT_IMPLEMENTED) {
    throw discoveryUnavailable(
      `The registration endpoint answered with status ${status}.`,
      retryAfterSeconds(response.headers.get('retry-after')),
    );
  }
  let client: RegisteredClient;
  try {
    client = await oauth.processDynamicClientRegistrationResponse(response);
  } catch (error) {
    const answer = errorAnswerOf(error);
    if (answer === undefined) throw error;
    return refusal(status, answer);
  }
  return validateClient(client, asked);
}

/**
 * An identifier that fits a URL, a method that we have, and our redirect URI among those registered (absent means
 * "as asked").
 *
 * @see RFC 7591 section 3.2.1
 */
function validateClient(client: RegisteredClient, asked: RegistrationRequest): RegistrationAnswer {
  if (client.client_id.length > CLIENT_ID_MAX_LENGTH || !VISIBLE_ASCII.test(client.client_id)) {
    return rejected('The authorization server registered a client whose identifier cannot be used.');
  }
  const secret = typeof client.client_secret === 'string' ? client.client_secret : undefined;
  if (secret !== undefined && (secret.length > CLIENT_SECRET_MAX_LENGTH || !VISIBLE_ASCII.test(secret))) {
    return rejected('The authorization server registered a client whose secret cannot be used.');
  }
  const redirectUris: unknown = client.redirect_uris;
  if (Array.isArray(redirectUris) && !redirectUris.some((uri) => isSameUri(uri, asked.redirectUri))) {
    return rejected('The authorization server registered the client with other redirect URIs than ours.');
  }
  const method = authMethodOf(client.token_endpoint_auth_method, secret);
  if (method === undefined)
    return rejected(
      'The authorization server registered the client with an authentication method that it was not asked for.',
    );
  const expiresAt = Number(client.client_secret_expires_at ?? 0) * 1_000;
  return {
    kind: 'registered',
    client: {
      clientId: client.client_id,
      ...(secret === undefined ? {} : { clientSecret: secret }),
      tokenEndpointAuthMethod: method,
    },
    redirectUri: asked.redirectUri,
    ...managementOf(client, asked.registrationEndpoint),
    ...(secret !== undefined && expiresAt > 0 ? { clientSecretExpiresAt: expiresAt } : {}),
  };
}

/** A refusal, in our words, with the server's own bounded and labelled as such. */
function refusal(status: number, answer: ErrorAnswer): RegistrationAnswer {
  if (status === CREATED) return rejected('The registration endpoint gave an answer that is no client registration.');
  const words = [answer.error, answer.description].filter((part) => part !== undefined).join(': ');
  const said = words === '' ? '' : ` In its own words: "${displayText(words)}"`;
  return rejected(`The authorization server refused to register a client (status ${status}).${said}`);
}

function errorBody(answer: GuardedResponse): JsonObject | undefined {
  const body = jsonObjectOf(answer.body);
  if (typeof body?.error !== 'string') return undefined;
  return {
    error: body.error,
    ...(typeof body.error_description === 'string' ? { error_description: body.error_description } : {}),
  };
}

/** The answer's word counts; without one a secret means the default of RFC 7591, and none means a public client. */
function authMethodOf(answered: unknown, secret: string | undefined): TokenEndpointAuthMethod | undefined {
  if (answered === undefined) return secret === undefined ? 'none' : 'client_secret_basic';
  if (answered === 'none') return 'none';
  if (answered !== 'client_secret_basic' && answered !== 'client_secret_post') return undefined;
  return secret === undefined ? 'none' : answered;
}

/** Kept only where it lies with the registration endpoint: its access token goes nowhere else (T13). */
function managementOf(
  client: RegisteredClient,
  registrationEndpoint: string,
): Pick<Registered, 'registrationClientUri' | 'registrationAccessToken'> {
  const { registration_client_uri: uri, registration_access_token: token } = client;
  if (typeof uri !== 'string' || typeof token !== 'string' || !URL.canParse(uri)) return {};
  if (new URL(uri).origin !== new URL(registrationEndpoint).origin || !VISIBLE_ASCII.test(token)) return {};
  return { registrationClientUri: uri, registrationAccessToken: token };
}

function isSameUri(answered: unknown, ours: string): boolean {
  if (answered === ours) return true;
  return typeof answered === 'string' && URL.canParse(answered) && new URL(answered).href === new URL(ours).href;
}

/** Seconds since the epoch; 0, "does not expire", for anything that is no such number. */
function secondsOf(value: unknown): number {
  const seconds = Number(value ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
}

function rejected(message: string): RegistrationAnswer {
  return { kind: 'rejected', message };
}

/**
 * The local forms: client configuration, a key, or both where nothing was discovered. A form's token opens it for
 * ten minutes, to the first browser that asks; what it takes is kept for the principal that it was made for.
 * What came of it is shown by another visit: a browser keeps what it sent beside the page that answered, on disk as well.
 */
import { BrokerError } from '../core/errors.js';
import { providerIdOf, shownName } from '../core/names.js';
import { rememberSecret } from '../core/redaction.js';
import type { ClientConfiguration, FormAnswer, TokenIndex, Versioned } from '../vault/index.js';
import { hasCookie, isSameSecret } from './browser-binding.js';
import type { FormResult, FormSubmission, FormView } from './browser-results.js';
import type { Connect } from './connect.js';
import type { Connections } from './connections.js';
import { ENDPOINT_FIELDS, keepEndpoints } from './form-endpoints.js';
import { formUse } from './form-tokens.js';
import { confirmConfiguration, keepConfiguration } from './kept-configuration.js';
import { type KnownServer, knownServer } from './known-server.js';
import { closePage } from './open-pages.js';
import type { RequiresOauthConfig } from './outcomes.js';
import type { Parts } from './parts.js';
import { provider } from './provider-entry.js';
import { randomToken } from './random-token.js';
import { chooseRedirect, suggestedRedirectUri } from './redirect-uri.js';
import { secretView, takeSecret } from './secret-form.js';
import { storeKey } from './store-key.js';

const COOKIE_PREFIX = 'mcp-oauth-broker-form-';

type Fields = Readonly<Record<string, string>>;
type FormKind = NonNullable<TokenIndex['form']>;

export interface Forms {
  open(token: string, cookies: Fields): Promise<FormResult>;
  submit(token: string, cookies: Fields, fields: Fields): Promise<FormSubmission>;
}

export function createForms(parts: Parts, connect: Connect, connections: Connections): Forms {
  async function open(token: string, cookies: Fields): Promise<FormResult> {
    const index = await liveForm(parts, token);
    if (index === undefined) return { kind: 'refused', status: 404 };
    if (index.value.browserBinding !== undefined) {
      const isBound = hasCookie(cookies, cookieName(token), index.value.browserBinding);
      if (!isBound) return { kind: 'refused', status: 401 };
      const { answer } = index.value;
      return answer?.kind === 'saved'
        ? done(index.value, token, answer)
        : { kind: 'show', view: { ...(await view(index.value)), ...problemOf(answer) } };
    }
    const bound: TokenIndex = { ...index.value, browserBinding: randomToken(), csrfToken: randomToken() };
    const generation = await (await parts.vault()).tokens.compareAndSwap(['form', token], bound, index.generation);
    if (generation === undefined) return { kind: 'refused', status: 401 };
    const maxAgeSeconds = Math.max(1, Math.ceil((bound.expiresAt - parts.clock.now()) / 1_000));
    return {
      kind: 'show',
      view: await view(bound),
      cookie: { name: cookieName(token), value: bound.browserBinding ?? '', maxAgeSeconds },
    };
  }

  async function submit(token: string, cookies: Fields, fields: Fields): Promise<FormSubmission> {
    const index = (await liveForm(parts, token))?.value;
    if (index === undefined) return { kind: 'refused', status: 404 };
    if (index.browserBinding === undefined || !hasCookie(cookies, cookieName(token), index.browserBinding))
      return { kind: 'refused', status: 401 };
    if (index.csrfToken === undefined || !isSameSecret(fields['csrf'] ?? '', index.csrfToken))
      return { kind: 'refused', status: 403 };
    // Sent twice, it was taken once.
    if (index.answer?.kind !== 'saved') {
      const answer = await answerTo(index, fields);
      await (await parts.vault()).tokens.update(['form', token], (current) => current && { ...current, answer });
    }
    return { kind: 'taken' };
  }

  async function answerTo(index: TokenIndex, fields: Fields): Promise<FormAnswer> {
    try {
      return await take(index, fields);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      // Throws where the form itself can be shown no more: nobody would see what is wrong.
      await view(index);
      return problem(fields, error.message, fieldOf(error, takesEndpoints(index, fields)));
    }
  }

  async function take(index: TokenIndex, fields: Fields): Promise<FormAnswer> {
    if (index.form === 'secret') {
      await takeSecret(parts, index, fields);
      return { kind: 'saved' };
    }
    const server = await serverOf(index);
    const givesEndpoints = takesEndpoints(index, fields);
    if (index.form === 'key' || (index.form === 'manual' && !givesEndpoints)) return takeKey(server, fields);
    const endpoints = givesEndpoints ? await keepEndpoints(parts, server, fields) : undefined;
    if (endpoints?.kind === 'refused') return problem(fields, endpoints.message, endpoints.field);
    return takeClient(index, server, fields);
  }

  async function takeKey(server: KnownServer, fields: Fields): Promise<FormAnswer> {
    const trial = await storeKey(parts, connections, server, fields['key'] ?? fields['token'] ?? '');
    if (trial.kind === 'stored') return { kind: 'saved' };
    throw new BrokerError('invalid_input', 'The server refused this key. Nothing was stored.');
  }

  /** Keeps what was typed, then goes on as far as it goes without the user: to the address where they sign in. */
  async function takeClient(index: TokenIndex, server: KnownServer, fields: Fields): Promise<FormAnswer> {
    await confirmConfiguration(parts, server);
    const shown = { redirectUri: (await view(index)).redirectUri, scope: index.suggestion?.scope };
    const payload = await connectWithFields(server, fields, shown);
    if (payload.status === 'requires_oauth_config') throw new BrokerError('invalid_input', whyAskedAgain(payload));
    const continueUrl = payload.status === 'requires_auth' ? (payload.launchUrl ?? payload.authUrl) : null;
    return { kind: 'saved', ...(continueUrl !== null && { continueUrl }) };
  }

  /**
   * What was left as it was shown is not the user's own: a redirect URI is still the default, which may have to move,
   * and a scope is still what the server asks for.
   */
  function connectWithFields(
    server: KnownServer,
    fields: Fields,
    shown: { readonly redirectUri: string; readonly scope: string | undefined },
  ): ReturnType<Connect['connect']> {
    const { clientId = '', clientSecret = '' } = fields;
    const redirectUri = (fields['redirectUri'] ?? '').trim();
    const scope = fields['scope']?.trim().replace(/\s+/gu, ' ');
    if (clientSecret !== '') rememberSecret(clientSecret);
    return connect.connect(server, {
      serverName: server.entry.serverName,
      ...(clientId.trim() !== '' && { clientId: clientId.trim() }),
      ...(clientSecret !== '' && { clientSecret }),
      ...(redirectUri !== '' && redirectUri !== shown.redirectUri && { redirectUri }),
      ...(scope !== undefined && scope !== shown.scope && { scope }),
    });
  }

  /** The last visit. */
  async function done(
    index: TokenIndex,
    token: string,
    { continueUrl }: Extract<FormAnswer, { readonly kind: 'saved' }>,
  ): Promise<FormResult> {
    await (await parts.vault()).tokens.delete(['form', token]);
    if (index.port !== undefined) await closePage(parts, index.port, formUse(token));
    return { kind: 'done', serverName: shownName(index.serverName), ...(continueUrl !== undefined && { continueUrl }) };
  }

  async function view(index: TokenIndex): Promise<FormView> {
    if (index.form === 'secret') return secretView(index);
    const server = await serverOf(index);
    const configuration = await keepConfiguration(parts, server, {});
    const redirect = await chooseRedirect(parts, server, configuration);
    const { consoleUrl, oauth, url, auth, header } = server.entry;
    const form: FormKind = index.form ?? 'client';
    const { suggestion } = index;
    const issuer = suggestion?.issuer ?? configuration?.issuer;
    const clientId = suggestion?.clientId ?? configuration?.clientId;
    return {
      serverName: shownName(index.serverName),
      serverUrl: url,
      form,
      ...(issuer !== undefined && { issuer }),
      ...(consoleUrl !== undefined && { consoleUrl }),
      redirectUri: await suggestedRedirectUri(parts, redirect),
      ...(clientId !== undefined && { suggestedClientId: clientId }),
      suggestedScope: suggestion?.scope ?? configuration?.scope ?? oauth.scope ?? '',
      needsClientSecret: suggestion?.needsClientSecret ?? false,
      ...(suggestion?.refusal !== undefined && { refusal: suggestion.refusal }),
      ...(form === 'manual' && endpointsOf(configuration)),
      ...(form === 'key' && auth === 'api_key' && { keyLabel: header }),
      csrfToken: index.csrfToken ?? '',
    };
  }

  async function serverOf(index: TokenIndex): Promise<KnownServer> {
    const { principal, owner, account, serverName } = index;
    const providerId = providerIdOf(serverName);
    if (providerId !== undefined)
      return provider(parts, { principal, owner, account }, providerId, shownName(serverName));
    return knownServer(parts, principal, { serverName, account });
  }

  return {
    open: (token, cookies) => orNotFound(open(token, cookies)),
    submit: (token, cookies, fields) => orNotFound(submit(token, cookies, fields)),
  };
}

/** A form whose server was removed, or cannot be configured any more, leads nowhere: what goes wrong outside its fields ends it. */
async function orNotFound<T>(result: Promise<T>): Promise<T | Extract<FormResult, { readonly kind: 'refused' }>> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof BrokerError && !error.retryable) return { kind: 'refused', status: 404 };
    throw error;
  }
}

/** It ends with the membership of whoever it was made for: what it takes may be the whole team's. */
async function liveForm(parts: Parts, token: string): Promise<Versioned<TokenIndex> | undefined> {
  if (!(await parts.vaultExists())) return undefined;
  const vault = await parts.vault();
  const index = await vault.tokens.get(['form', token]);
  if (index === undefined || index.value.expiresAt <= parts.clock.now()) return undefined;
  const { team, user } = index.value.principal;
  return (await vault.removedMembers.get([team, user])) === undefined ? index : undefined;
}

function takesEndpoints(index: TokenIndex, fields: Fields): boolean {
  return index.form === 'manual' && fields['choice'] === 'endpoints';
}

function problem(fields: Fields, message: string, problemField: string | undefined): FormAnswer {
  return {
    kind: 'problem',
    problem: message,
    ...(problemField !== undefined && { problemField }),
    entered: echoed(fields),
  };
}

function problemOf(answer: FormAnswer | undefined): Partial<FormView> {
  if (answer?.kind !== 'problem') return {};
  const { kind: _kind, ...shown } = answer;
  return shown;
}

function endpointsOf(configuration: ClientConfiguration | undefined): Partial<FormView> {
  const { authorizationEndpoint, tokenEndpoint } = configuration ?? {};
  return authorizationEndpoint === undefined || tokenEndpoint === undefined
    ? {}
    : { authorizationEndpoint, tokenEndpoint };
}

/** What is shown again after a problem: never a secret. */
const ECHOED_FIELDS = ['choice', ...ENDPOINT_FIELDS, 'clientId', 'scope', 'redirectUri'] as const;

function echoed(fields: Fields): Fields {
  return Object.fromEntries(
    ECHOED_FIELDS.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])),
  );
}

/** The field that a problem is about, where that is not the form's first one. */
function fieldOf(error: BrokerError, takesEndpoints: boolean): string | undefined {
  if (isAboutRedirect(error)) return 'redirectUri';
  return takesEndpoints ? 'clientId' : undefined;
}

function isAboutRedirect(error: BrokerError): boolean {
  return error.code === 'redirect_not_allowed' || error.code === 'callback_port_in_use';
}

function whyAskedAgain(payload: RequiresOauthConfig): string {
  return payload.reason === 'registration_unavailable'
    ? 'A client ID is needed: this provider does not register clients by itself.'
    : 'The authorization server did not accept that. Check the client ID, its secret and the redirect URI.';
}

function cookieName(token: string): string {
  return `${COOKIE_PREFIX}${token.slice(0, 8)}`;
}

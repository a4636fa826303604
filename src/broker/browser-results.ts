/**
 * What the browser is to be shown or sent to, for a callback, a launch, a form or the accounts page; `web` renders it,
 * nothing of the query is echoed.
 */
import type { Principal } from '../core/principal.js';

/** What binds a page or a sign-in to the browser that opened it first. */
export interface BindingCookie {
  readonly name: string;
  readonly value: string;
  readonly maxAgeSeconds: number;
}

export type CallbackResult =
  | { readonly kind: 'connected'; readonly serverName: string }
  | { readonly kind: 'failed'; readonly serverName: string; readonly message: string }
  /** Unknown, used, altered or expired state, a wrong path, a missing cookie: a 400 page, and any pending sign-in goes on. */
  | { readonly kind: 'refused' };

export type LaunchResult =
  | {
      readonly kind: 'redirect';
      readonly url: string;
      readonly cookie?: BindingCookie;
    }
  /** Relay: shown before leaving, with the cookie that binds this browser. */
  | {
      readonly kind: 'confirm';
      readonly serverName: string;
      readonly issuer: string;
      readonly scope: string;
      readonly redirectHost: string;
      readonly continueUrl: string;
      readonly cookie: BindingCookie;
    }
  /** The authorization server does not take the request now; `message` is text of ours. */
  | { readonly kind: 'failed'; readonly serverName: string; readonly message: string }
  | { readonly kind: 'unknown' };

/** The local form of a server: client configuration, or a token/key, or both where nothing was discovered. */
export interface FormView {
  readonly serverName: string;
  readonly serverUrl: string;
  /** `client`: client id, secret, scope, redirect URI. `key`: one secret field. `secret`: one of that name (`keyLabel`). `manual`: a bearer token, or endpoints and a client. */
  readonly form: 'client' | 'key' | 'manual' | 'secret';
  readonly issuer?: string;
  readonly consoleUrl?: string;
  readonly redirectUri: string;
  readonly suggestedClientId?: string;
  readonly suggestedScope?: string;
  readonly needsClientSecret: boolean;
  /** Client: why the authorization server would not register us; what it said is labelled as its words. */
  readonly refusal?: string;
  readonly keyLabel?: string;
  /** Manual: the addresses that were kept. */
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
  /** What was typed before `problem`, by field and without secrets: it stands there again. */
  readonly entered?: Readonly<Record<string, string>>;
  readonly csrfToken: string;
  /** Why it is shown again: text of ours. */
  readonly problem?: string;
  /** The field that `problem` is about (a key of `fields`), so that the page can link to it; absent: the first one. */
  readonly problemField?: string;
}

export type FormResult =
  | {
      readonly kind: 'show';
      readonly view: FormView;
      readonly cookie?: BindingCookie;
    }
  /** Saved; for OAuth, where to go on to sign in. */
  | { readonly kind: 'done'; readonly serverName: string; readonly continueUrl?: string }
  /** Another browser, or no valid launch token, cookie or CSRF token. */
  | { readonly kind: 'refused'; readonly status: 401 | 403 | 404 };

/** `taken`: what came of it, good or bad, is shown by the next visit of that browser. */
export type FormSubmission = { readonly kind: 'taken' } | Extract<FormResult, { readonly kind: 'refused' }>;

/** The accounts page waits at `url`, to be opened by `expiresAt` (ISO 8601) in the browser that shall keep it. */
export interface AccountsOpened {
  readonly status: 'success';
  readonly url: string;
  readonly expiresAt: string;
}

/** Who asks for the accounts page, and what its forms carry; or why this browser is not let in. */
export type AccountsEntrance =
  | {
      readonly kind: 'open';
      readonly principal: Principal;
      readonly csrfToken: string;
      readonly cookie?: BindingCookie;
    }
  | { readonly kind: 'refused'; readonly status: 401 | 403 | 404 };

/** For which account a key was typed on which accounts page (by its token). */
export interface TypedKey {
  readonly token: string;
  readonly serverName: string;
  readonly account: string;
}

/** `problem` is text of ours: nothing was stored. */
export type KeyAnswer =
  | { readonly kind: 'stored'; readonly toolCount: number }
  | { readonly kind: 'problem'; readonly problem: string };

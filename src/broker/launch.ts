/** The short address of a sign-in: leads the browser to the authorization server, and for a relay binds it first. */
import { shownName } from '../core/names.js';
import { ownerTuple } from '../core/principal.js';
import type { PendingAuthorization } from '../vault/index.js';
import type { LaunchResult } from './browser-results.js';
import { bindingCookie } from './complete-authorization.js';
import { isUnanswered } from './live-sign-in.js';
import type { Parts } from './parts.js';
import { urlForVisit } from './pushed-sign-in.js';

/** May be opened again and again while the sign-in is open; nothing is consumed. */
export async function launch(
  parts: Parts,
  token: string,
  cookies: Readonly<Record<string, string>>,
  confirmed: boolean,
): Promise<LaunchResult> {
  const pending = await openPending(parts, token);
  if (pending === undefined) return { kind: 'unknown' };
  const { browserBinding } = pending;
  if (browserBinding === undefined) return leaveFor(parts, pending);
  const name = bindingCookie(pending);
  const isBound = Object.hasOwn(cookies, name) && cookies[name] === browserBinding;
  if (confirmed && isBound) return leaveFor(parts, pending);
  return {
    kind: 'confirm',
    serverName: shownName(pending.serverName),
    issuer: pending.authorizationServer.issuer,
    scope: pending.scope ?? '',
    redirectHost: new URL(pending.redirectUri).host,
    continueUrl: `/go/${token}?continue=1`,
    cookie: {
      name,
      value: browserBinding,
      maxAgeSeconds: Math.max(1, Math.ceil((pending.expiresAt - parts.clock.now()) / 1_000)),
    },
  };
}

/** A request that is pushed is pushed anew for each visit. */
async function leaveFor(parts: Parts, pending: PendingAuthorization): Promise<LaunchResult> {
  const visit = await urlForVisit(parts, pending);
  if ('url' in visit) return { kind: 'redirect', url: visit.url };
  return { kind: 'failed', serverName: shownName(pending.serverName), message: visit.failure.message };
}

async function openPending(parts: Parts, token: string): Promise<PendingAuthorization | undefined> {
  if (!(await parts.vaultExists())) return undefined;
  const vault = await parts.vault();
  const index = (await vault.tokens.get(['launch', token]))?.value;
  if (index === undefined || index.expiresAt <= parts.clock.now()) return undefined;
  const pending = (await vault.pendings.get([...ownerTuple(index.owner), index.serverName, index.account]))?.value;
  return pending?.launchToken === token && isUnanswered(pending) ? pending : undefined;
}

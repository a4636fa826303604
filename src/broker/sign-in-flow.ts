/** How the answer of a sign-in comes back: to a port of this machine, pasted by the user, or to whoever holds a device code. */
import { type AuthorizationServer, offersDeviceFlow } from '../oauth/index.js';
import type { ClientConfiguration } from '../vault/index.js';
import type { KnownServer } from './known-server.js';
import type { SignInPurpose } from './open-sign-in.js';
import type { Parts } from './parts.js';
import { chooseRedirect } from './redirect-uri.js';

/**
 * What the user's file or a call names; else the browser. Over SSH the user's browser is on another machine and cannot
 * come back here: then a device code is asked for by itself, where the authorization server gives any.
 */
export async function chooseFlow(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  authorizationServer: AuthorizationServer,
): Promise<Pick<SignInPurpose, 'flow' | 'flowIsOurs'>> {
  const { grantType } = server.entry.oauth;
  if (grantType === 'device_code') return { flow: 'device' };
  const named = configuration?.flow;
  if (named !== undefined && !(named === 'device' && grantType !== undefined)) return { flow: named };
  const mayChoose =
    parts.settings.isOverSsh === true && grantType === undefined && offersDeviceFlow(authorizationServer);
  if (!mayChoose) return { flow: 'browser' };
  const redirect = await chooseRedirect(parts, server, configuration);
  return redirect.kind === 'default' ? { flow: 'device', flowIsOurs: true } : { flow: 'browser' };
}

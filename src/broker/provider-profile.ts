/** The provider profile of a server: what its entry names, else what is known of the issuer. */
import { type ProviderProfile, profileFor } from '../catalog/index.js';
import type { TokenEndpoints } from '../oauth/index.js';
import type { AuthorizationServerEndpoints } from '../vault/index.js';
import type { KnownServer } from './known-server.js';

/** @returns undefined for an authorization server that nothing special is known of. */
export function profileAt(server: KnownServer, issuer: string): ProviderProfile | undefined {
  return profileFor({ name: server.entry.oauth.profile, issuer });
}

/** Endpoints as they are asked for tokens: with what is known of the provider now, whenever they were stored. */
export function askedEndpoints(
  endpoints: TokenEndpoints & Pick<AuthorizationServerEndpoints, 'profile'>,
): TokenEndpoints {
  const { profile: name, issuer } = endpoints;
  return { ...endpoints, quirks: profileFor({ name, issuer }) };
}

/** The provider profile of a server: what its entry names, else what is known of the issuer. */
import { type ProviderProfile, profileFor } from '../catalog/index.js';
import type { AuthorizationRequestOptions, TokenEndpoints } from '../oauth/index.js';
import type { AuthorizationServerEndpoints } from '../vault/index.js';
import type { KnownServer } from './known-server.js';

/** @returns undefined for an authorization server that nothing special is known of. */
export function profileAt(server: KnownServer, issuer: string): ProviderProfile | undefined {
  return profileFor({ name: server.entry.oauth.profile, issuer });
}

/** What an authorization request has beside the standards' own parameters: the user's file comes before the profile. */
export function requestHabits(
  server: KnownServer,
  issuer: string,
): Pick<AuthorizationRequestOptions, 'scopeSeparator' | 'extraParameters'> {
  const profile = profileAt(server, issuer);
  return {
    scopeSeparator: profile?.scopeSeparator,
    extraParameters: { ...profile?.authorizationParams, ...server.entry.oauth.authorizationParams },
  };
}

/** Endpoints as they are asked for tokens: with what is known of the provider now, whenever they were stored. */
export function askedEndpoints(
  endpoints: TokenEndpoints & Pick<AuthorizationServerEndpoints, 'profile'>,
): TokenEndpoints {
  const { profile: name, issuer } = endpoints;
  return { ...endpoints, quirks: profileFor({ name, issuer }) };
}

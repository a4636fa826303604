/**
 * Which provider profile applies. A profile never weakens a check for anyone but the issuer or hosts that it names, or
 * for a server whose entry names the profile.
 */
import type { ProviderProfile } from './provider-profile.js';
import { providerProfiles } from './provider-profiles.js';

const profilesById = new Map(providerProfiles.map((profile) => [profile.id, profile]));

/** The ids that `oauth.profile` of an entry can name. */
export const profileIds: readonly string[] = [...profilesById.keys()];

/**
 * The profile that applies: by `name` (the entry's `oauth.profile`) where given, else by issuer, else by the issuer's
 * host; `host` counts only where there is no issuer, so that a server on a provider's host cannot lend it to another's.
 * @param about.host host name, without port, of a configured endpoint
 * @returns undefined for a provider that nothing special is known of.
 */
export function profileFor(about: {
  readonly issuer?: string | undefined;
  readonly host?: string | undefined;
  readonly name?: string | undefined;
}): ProviderProfile | undefined {
  const { issuer, host, name } = about;
  if (name !== undefined) return profilesById.get(name);
  if (issuer === undefined) return profileOfHost(host);
  return providerProfiles.find((profile) => profile.issuers.includes(issuer)) ?? profileOfHost(hostOf(issuer));
}

/**
 * Whether metadata asked for at `asked` may state `stated` as their issuer. They must be the same string (RFC 8414
 * section 3.3); a profile knows the providers that spell themselves otherwise, and only within their own hosts.
 * @param name the entry's `oauth.profile`
 */
export function mayStateIssuer(asked: string, stated: string, name?: string): boolean {
  if (asked === stated) return true;
  const profile = profileFor({ issuer: asked, name });
  if (profile?.issuerSlashOptional === true && withoutSlash(asked) === withoutSlash(stated)) return true;
  return profile?.statedIssuers?.some((alias) => alias.asked.test(asked) && alias.stated.test(stated)) ?? false;
}

function profileOfHost(host: string | undefined): ProviderProfile | undefined {
  if (host === undefined) return undefined;
  return providerProfiles.find((profile) => profile.hosts.some((pattern) => isHost(host.toLowerCase(), pattern)));
}

function isHost(host: string, pattern: string): boolean {
  const labels = host.split('.');
  const expected = pattern.split('.');
  return (
    labels.length === expected.length && expected.every((label, index) => label === '*' || label === labels[index])
  );
}

function hostOf(issuer: string): string | undefined {
  return URL.canParse(issuer) ? new URL(issuer).hostname : undefined;
}

function withoutSlash(issuer: string): string {
  return issuer.endsWith('/') ? issuer.slice(0, -1) : issuer;
}

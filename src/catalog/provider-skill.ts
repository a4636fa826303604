/** Which skill says how a client or key is made for a server: by its address, by its name, by its authorization server. */
import { builtInServers } from './built-in.js';
import { profileFor } from './find-profile.js';
import type { ProviderSkill } from './provider-profile.js';
import { providerProfiles } from './provider-profiles.js';

/** Nango takes keys alone, so it has no profile of an authorization server. */
const NANGO_SKILL: ProviderSkill = { id: 'connect-to-nango-mcp', name: 'Connect to Nango' };

const skillsByDomain: ReadonlyMap<string, ProviderSkill> = new Map([
  ...providerProfiles.flatMap(({ serverDomains = [], skill }) =>
    skill === undefined ? [] : serverDomains.map((domain) => [domain, skill] as const),
  ),
  ['nango.dev', NANGO_SKILL],
]);

/**
 * The skills of the provider that runs a server and of the one that runs its authorization server, each once.
 * @param about.url of the server, where it has one: a known address counts before the name
 * @param about.profile of the user's file (`oauth.profile`)
 */
export function providerSkills(about: {
  readonly serverName: string;
  readonly url?: string | undefined;
  readonly issuer?: string | undefined;
  readonly profile?: string | undefined;
}): readonly ProviderSkill[] {
  const { serverName, url, issuer, profile } = about;
  const ofServer = skillOfAddress(url) ?? skillOfName(serverName);
  const ofIssuer = profileFor({ name: profile, issuer })?.skill;
  if (ofServer === undefined) return ofIssuer === undefined ? [] : [ofIssuer];
  return ofIssuer === undefined || ofIssuer.id === ofServer.id ? [ofServer] : [ofServer, ofIssuer];
}

/** A server of the catalog under its own title, whatever it is called here; else by the domain that it is in. */
function skillOfAddress(url: string | undefined): ProviderSkill | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { host, hostname } = new URL(url);
  const known = builtInServers.find((entry) => entry.skillId !== undefined && new URL(entry.url).host === host);
  if (known !== undefined) return skillOfName(known.serverName);
  const labels = hostname.split('.');
  return labels
    .map((_, index) => skillsByDomain.get(labels.slice(index).join('.')))
    .find((skill) => skill !== undefined);
}

function skillOfName(serverName: string): ProviderSkill | undefined {
  const known = builtInServers.find((entry) => entry.serverName === serverName);
  return known?.skillId === undefined
    ? undefined
    : { id: known.skillId, name: `Connect to ${known.title ?? serverName}` };
}

/** A provider profile in plain words, for `doctor`: what is done otherwise there than the standards say. */
import type { ProviderProfile } from '../catalog/index.js';

/** One or two sentences of ours; the advice is apart. */
export function describeProfile(profile: ProviderProfile): string {
  const differences = differencesOf(profile);
  const said = differences.length === 0 ? 'nothing is done otherwise' : differences.join('; ');
  return `Provider profile "${profile.id}": ${said}. See ${profile.sources[0]}.`;
}

function differencesOf(profile: ProviderProfile): readonly string[] {
  const { authorizationParams = {}, offlineAccess, tokenEndpointAuthMethod, bearerTokenTypes, registration } = profile;
  const isOtherIssuer = profile.issuerSlashOptional === true || profile.statedIssuers !== undefined;
  return [
    ...(isOtherIssuer ? ['its issuer may be spelled as the provider does'] : []),
    ...(profile.assumePkce === true ? ['PKCE with S256 is taken for granted'] : []),
    ...(profile.omitResource === true ? ['no "resource" is sent'] : []),
    ...Object.entries(authorizationParams).map(([name, value]) =>
      value === '' ? `no "${name}" is sent` : `"${name}=${value}" is sent`,
    ),
    ...(offlineAccess === undefined ? [] : [`offline_access is ${offlineAccess ? 'always' : 'never'} asked for`]),
    ...(profile.scopeSeparator === undefined ? [] : ['scopes are parted by commas']),
    ...(profile.scopeOnRefresh === true ? ['the scope is sent again with each refresh'] : []),
    ...(tokenEndpointAuthMethod === undefined
      ? []
      : [`a secret goes by ${tokenEndpointAuthMethod} where no method for one is listed`]),
    ...(profile.tokenRequestFormat === undefined ? [] : ['token requests are JSON']),
    ...(bearerTokenTypes === undefined ? [] : [`token types ${bearerTokenTypes.join(', ')} are Bearer tokens`]),
    ...(profile.tokenErrors === undefined ? [] : ['its own names of errors are understood']),
    ...(registration === 'none' ? ['clients are made by hand'] : []),
    ...(registration === 'approved_clients' ? ['only approved clients are registered'] : []),
  ];
}

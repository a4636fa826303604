/** From where an entry takes what it needs: its sources, without plain strings. */
import type { OAuthSettings, ServerEntry, ValueSource } from '../catalog/index.js';
import { displayText } from '../core/display-text.js';
import { storingCommand } from './named-secrets.js';

export type NamedSource = Exclude<ValueSource, string>;

/** Of a program those of its variables, of a server with a URL those of its key, headers, client and assertion. */
export function sourcesOf(entry: ServerEntry): readonly NamedSource[] {
  const values =
    entry.kind === 'stdio'
      ? Object.values(entry.env)
      : [entry.value, ...Object.values(entry.headers), ...oauthValues(entry.oauth)];
  return values.filter((value) => typeof value === 'object');
}

function oauthValues({ clientSecret, assertion, idp }: OAuthSettings): readonly (ValueSource | undefined)[] {
  return [clientSecret, assertion, idp?.clientSecret];
}

/** The providers whose tokens a server takes, in the order of its entry. */
export function providersOf(entry: ServerEntry): readonly string[] {
  const ids = sourcesOf(entry).flatMap((source) => (source.source === 'oauth' ? [source.provider] : []));
  return [...new Set(ids)];
}

/** For a sentence to the user, such as "its key comes from …"; nothing secret. */
export function describeSource(source: ValueSource): string {
  if (typeof source === 'string') return 'its "value"';
  switch (source.source) {
    case 'env':
      return `the environment variable ${displayText(source.name)}`;
    case 'file':
      return `the file ${displayText(source.path)}`;
    case 'oauth':
      return `the OAuth provider "${displayText(source.provider)}"`;
    default:
      return `the secret "${displayText(source.name)}" (${storingCommand(source)})`;
  }
}

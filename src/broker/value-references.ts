/** From where an entry takes what it needs: its sources, without plain strings. */
import type { ServerEntry, ValueSource } from '../catalog/index.js';

export type NamedSource = Exclude<ValueSource, string>;

/** Of a program those of its variables, of a server with a URL those of its key, headers and client secret. */
export function sourcesOf(entry: ServerEntry): readonly NamedSource[] {
  const values =
    entry.kind === 'stdio'
      ? Object.values(entry.env)
      : [entry.value, ...Object.values(entry.headers), entry.oauth.clientSecret];
  return values.filter((value) => typeof value === 'object');
}

/** The providers whose tokens a server takes, in the order of its entry. */
export function providersOf(entry: ServerEntry): readonly string[] {
  const ids = sourcesOf(entry).flatMap((source) => (source.source === 'oauth' ? [source.provider] : []));
  return [...new Set(ids)];
}

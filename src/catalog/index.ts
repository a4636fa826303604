/** What the broker and the composing code may use of the catalog. */
export { builtInServers } from './built-in.js';
export { type CatalogOptions, createCatalog } from './catalog.js';
export { type ProviderProfile, profileFor, statedIssuers } from './provider-profiles.js';
export { createRemoteEntry } from './remote-entry.js';
export type * from './server-entry.js';
export { isServerName } from './server-name.js';

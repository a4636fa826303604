/** What the broker and the composing code may use of the catalog. */
export { builtInServers } from './built-in.js';
export { type CatalogOptions, createCatalog } from './catalog.js';
export { mayStateIssuer, profileFor } from './find-profile.js';
export { installInto, readHostServers } from './host-configuration.js';
export type { HostSurroundings } from './host-files.js';
export { importEntry } from './imported-entry.js';
export type * from './provider-profile.js';
export { providerSkills } from './provider-skill.js';
export { createRemoteEntry } from './remote-entry.js';
export type * from './server-entry.js';
export { isServerName } from './server-name.js';

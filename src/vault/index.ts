/** The vault: encrypted records and leases that every broker process of a user shares. */
export { type AdministrationOptions, migrateVault, rotateVaultKey } from './administration.js';
export type { AuditEntry, AuditedAct, AuditLog, AuditQuery, AuditTrail } from './audit-entry.js';
export type { KeyOptions } from './key-options.js';
export { takeKeyOptions } from './key-options.js';
export { type KeySource, keyGivenForNewVault } from './key-source.js';
export type * from './oauth-records.js';
export { vaultExists } from './open-store.js';
export { openVault, type VaultOptions } from './open-vault.js';
export type { OsKeyring } from './os-keyring.js';
export type * from './records.js';
export { describeStore, parseStoreLocation, type StoreLocation, storeSetting } from './store-location.js';
export type * from './team-records.js';
export type * from './tool-choice.js';
export type { Collection, Lease, OpenPage, Vault, Versioned } from './vault.js';

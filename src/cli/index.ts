/** What `main.ts` may use of the command line. */
export { type BrowserOpenerOptions, createBrowserOpener } from './browser.js';
export type { CliDependencies, ForeignServer, MigratedVault, NewServerEntry, RotatedKey } from './dependencies.js';
export { UsageError } from './exit-code.js';
export { ownCommand } from './own-command.js';
export { runCommand } from './run-command.js';

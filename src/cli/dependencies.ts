/** What the command line needs from its surroundings; `main.ts` passes it in, tests pass real streams and a small broker. */
import type { Readable, Writable } from 'node:stream';
import type { Broker, Finding } from '../broker/broker.js';
import type { Principal } from '../core/principal.js';

/** A readable stream that may be a terminal. */
export type TerminalInput = Readable & { readonly isTTY?: boolean | undefined };

/** A writable stream that may be a terminal. */
export type TerminalOutput = Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };

/** An entry of the user's file as `add` writes it. */
export type NewServerEntry = { readonly url: string } | { readonly command: string; readonly args: readonly string[] };

export interface CliDependencies {
  /** Opens the broker at the first call: `--help` and usage errors need none. The caller closes it. */
  readonly broker: () => Promise<Broker>;
  /** The principal of one command; `agent` is `--agent`, by default `cli`. */
  readonly principal: (agent?: string) => Principal;
  /** Writes the user's file. @throws {BrokerError} `invalid_input`. */
  readonly addEntry: (serverName: string, entry: NewServerEntry) => Promise<void>;
  /** Removes an entry of the user's file; false when there is none. @throws {BrokerError} `invalid_input`. */
  readonly removeEntry: (serverName: string) => Promise<boolean>;
  /** Where a client or key is made at a known provider (the built-in catalog's `consoleUrl`). */
  readonly consoleUrl: (serverName: string) => string | undefined;
  /** What `doctor` says of this installation: store, key, listener, catalog. Never throws for what is merely broken. */
  readonly diagnoseInstallation: () => Promise<readonly Finding[]>;
  /** The client ID metadata document to host at `clientId`. */
  /** @throws {UsageError} where its redirect URI has no port that could be named. */
  readonly clientMetadata: (clientId: string) => Promise<Readonly<Record<string, unknown>>>;
  /** Serves stdio until the host is gone; resolves to the exit code. */
  readonly serve: (agent?: string) => Promise<number>;
  /** Opens a checked http(s) URL; false where no browser can be had. See `createBrowserOpener`. */
  readonly openBrowser: (url: string) => Promise<boolean>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: TerminalInput;
  readonly stdout: TerminalOutput;
  readonly stderr: TerminalOutput;
  readonly version: string;
  /** What the user types to start this program: of `ownCommand`. */
  readonly command: string;
}

/** What the command line needs from its surroundings; `main.ts` passes it in, tests pass real streams and a small broker. */
import type { Readable, Writable } from 'node:stream';
import type { Broker, Finding } from '../broker/broker.js';
import type { HostName } from '../core/names.js';
import type { Principal } from '../core/principal.js';

/** A readable stream that may be a terminal. */
export type TerminalInput = Readable & { readonly isTTY?: boolean | undefined };

/** A writable stream that may be a terminal. */
export type TerminalOutput = Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };

/** An entry of the user's file as `add` and `import` write it. */
export type NewServerEntry = Readonly<Record<string, unknown>>;

/** A server of another host, as it would stand in the user's file. */
export interface ForeignServer {
  readonly serverName: string;
  /** The file that it stands in. */
  readonly path: string;
  /** The user's file has an entry of this name. */
  readonly isTaken: boolean;
  /** It stands in a file of the current folder, which whoever wrote the folder may have written. */
  readonly isOfFolder: boolean;
  readonly imported:
    | {
        readonly kind: 'entry';
        readonly entry: NewServerEntry;
        readonly secrets: readonly { readonly name: string; readonly value: string }[];
        readonly notes: readonly string[];
      }
    | { readonly kind: 'skipped'; readonly reason: string };
}

/** What `install` did to a host's file. */
export interface HostInstallation {
  readonly path: string;
  /** What the broker is called there. */
  readonly name: string;
  readonly change: 'added' | 'replaced' | 'none';
  readonly backup?: string;
  readonly entry: Readonly<Record<string, unknown>>;
  /** Variables of ours that hold secrets, and so are not written into a host's file. */
  readonly leftOut: readonly string[];
}

/** What `migrate` came to. */
export interface MigratedVault {
  /** Where the vault is now, without user and password. */
  readonly store: string;
  /** What MCP_OAUTH_STORE has to be, without user and password. */
  readonly setting: string;
  /** Where it was, and still is. */
  readonly from: string;
  readonly isShared: boolean;
  readonly rows: number;
  /** An earlier call has copied it, and nothing was done. */
  readonly wasThere: boolean;
  readonly keySource: 'environment' | 'key_file' | 'keyring' | 'home_file';
}

/** What `keys rotate` came to. */
export interface RotatedKey {
  readonly records: number;
  /** Records that no key of the vault opens. */
  readonly unreadable: number;
  readonly keySource: MigratedVault['keySource'];
  /** Absolute path of the file that was made for the key, where one was asked for. */
  readonly keyFile?: string;
}

export interface CliDependencies {
  /** What is wrong with the environment: no command but `doctor` goes on with it. */
  readonly problems: readonly Finding[];
  /** Opens the broker at the first call: `--help` and usage errors need none. The caller closes it. */
  readonly broker: () => Promise<Broker>;
  /** The principal of one command; `agent` is `--agent`, by default `cli`. */
  readonly principal: (agent?: string) => Principal;
  /** @throws {BrokerError} `url_not_allowed`, `insecure_url` for a URL that no server of the user's can have. */
  readonly checkServerUrl: (url: string) => Promise<void>;
  /** The URL of the built-in server of that name. */
  readonly builtInTarget: (serverName: string) => string | undefined;
  /** Writes the user's file. @throws {BrokerError} `invalid_input`. */
  readonly addEntry: (serverName: string, entry: NewServerEntry) => Promise<void>;
  /** Removes an entry of the user's file; false when there is none. @throws {BrokerError} `invalid_input`. */
  readonly removeEntry: (serverName: string) => Promise<boolean>;
  /** The servers of another host, and the files that they stand in. @throws {BrokerError} `invalid_input` for a broken file. */
  readonly foreignServers: (
    host: HostName,
  ) => Promise<{ readonly files: readonly string[]; readonly servers: readonly ForeignServer[] }>;
  /** Writes this broker into a host's file. @throws {BrokerError} `invalid_input`; nothing is written then. */
  readonly installInto: (host: HostName, scope: 'user' | 'project') => Promise<HostInstallation>;
  /** Where a client or key is made at a known provider (the built-in catalog's `consoleUrl`). */
  readonly consoleUrl: (serverName: string) => string | undefined;
  /** What `doctor` says of this installation: store, key, listener, catalog. Never throws for what is merely broken. */
  readonly diagnoseInstallation: () => Promise<readonly Finding[]>;
  /** The client ID metadata document to host at `clientId`. */
  /** @throws {UsageError} where its redirect URI has no port that could be named. */
  readonly clientMetadata: (clientId: string) => Promise<Readonly<Record<string, unknown>>>;
  /** Copies the vault into the store at that address. @throws {BrokerError} and leaves the vault as it is. */
  readonly migrateVault: (to: string) => Promise<MigratedVault>;
  /** Changes the vault's key. @throws {BrokerError} `invalid_input` where a file for the new key is needed. */
  readonly rotateKey: (who: Principal, keyOut: string | undefined) => Promise<RotatedKey>;
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

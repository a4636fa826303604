/** What a user chose of a server's tools, for one of their agents. */
import type { Owner } from '../core/principal.js';

/** An allow-list: a tool that is in neither list came after the choice, and is not allowed. */
export interface ToolChoice {
  /** Team, user and agent. */
  readonly owner: Owner;
  readonly serverName: string;
  /** Bound to the server that it was made for. */
  readonly serverUrl: string;
  readonly allowed: readonly string[];
  /** Shown to the user, and not allowed. */
  readonly refused: readonly string[];
  /** Milliseconds since the epoch. */
  readonly chosenAt: number;
}

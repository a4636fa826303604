/** What is said of a server's tools where the user chooses from them for one agent. */

/** A tool as the accounts page shows it; title and description are the server's words, on one line, bounded. */
export interface ToolToChoose {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly isAllowed: boolean;
  /** It came after the choice, and so is not allowed. */
  readonly isNew: boolean;
}

export interface AgentTools {
  readonly status: 'success';
  readonly serverName: string;
  readonly agent: string;
  /** In the server's order. */
  readonly tools: readonly ToolToChoose[];
  /** The user has chosen; otherwise every tool is allowed, later ones as well. */
  readonly isChosen: boolean;
  /** Why the server could not be asked: a code of the contract, or `requires_auth`. */
  readonly reason?: string;
}

/** `all` and `none` of what there is now; `anything` takes the choice back; or what was ticked of those that were shown. */
export type NewToolChoice =
  | 'all'
  | 'none'
  | 'anything'
  | { readonly allowed: readonly string[]; readonly refused: readonly string[] };

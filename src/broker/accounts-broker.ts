/** What the broker is to the accounts page, beside what it is to everybody. (Interfaces only.) */
import type { Principal } from '../core/principal.js';
import type { AgentTools, NewToolChoice } from './agent-tools.js';
import type { AccountsEntrance, AccountsOpened, KeyAnswer, TypedKey } from './browser-results.js';
import type { Failure, Outcome } from './outcomes.js';
import type { ProviderStatus } from './provider-status.js';

export interface AccountsBroker {
  /** Makes an accounts page for this principal and sees to it that it is served. */
  openAccounts(principal: Principal): Promise<AccountsOpened | Failure>;
  /** Opens the page for the browser that comes first, and for that one only. */
  visitAccounts(token: string, cookies: Readonly<Record<string, string>>): Promise<AccountsEntrance>;
  /** The same for a form that was sent from it. */
  submitAccounts(
    token: string,
    cookies: Readonly<Record<string, string>>,
    csrfToken: string,
  ): Promise<AccountsEntrance>;
  /** Keeps with the page what `storeKey` said of a key that was typed there, until the next one is. */
  keepKeyAnswer(principal: Principal, typed: TypedKey, outcome: Outcome): Promise<void>;
  /** What came of the last key, where it was for this account of the agent's; undefined where not. */
  keyAnswer(principal: Principal, typed: TypedKey): Promise<KeyAnswer | Failure | undefined>;
  /** The user's agents that are known, in order of name: the caller's own at least. */
  agents(principal: Principal): Promise<readonly string[]>;
  /** A server's tools, to choose from for the principal's agent; connects on demand, at most 10 s. */
  toolsToChoose(principal: Principal, serverName: string): Promise<AgentTools | Failure>;
  /** What the principal's agent may see and call from its next call on, in every process. */
  chooseTools(
    principal: Principal,
    args: { readonly serverName: string; readonly choice: NewToolChoice },
  ): Promise<{ readonly status: 'success'; readonly serverName: string } | Failure>;
  /** The OAuth providers that the user's servers can take tokens from, and where the user is signed in. Asks nobody. */
  providers(principal: Principal): Promise<{ readonly providers: readonly ProviderStatus[] } | Failure>;
  /** Forgets what was chosen of a server that is there no more, for every agent of the user's. */
  forgetToolChoices(principal: Principal, serverName: string): Promise<void>;
}

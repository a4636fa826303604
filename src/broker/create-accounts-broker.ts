/** Builds what the accounts page asks of the broker; what fails outside is said as a payload. */
import { displayText } from '../core/display-text.js';
import { SERVER_NAME_MAX_LENGTH } from '../core/limits.js';
import type { AccountsBroker } from './accounts-broker.js';
import { keepKeyAnswer, keptKeyAnswer, openAccounts, submitAccounts, visitAccounts } from './accounts-page.js';
import { agentsOf } from './agents.js';
import { providerStatuses } from './list-providers.js';
import type { Parts } from './parts.js';
import { asOutcome } from './payloads.js';
import type { ToolChanges } from './tool-changes.js';
import { forgetToolChoices } from './tool-choice.js';
import type { ToolChoosing } from './tool-choosing.js';

export function createAccountsBroker(
  parts: Parts,
  toolChoosing: ToolChoosing,
  toolChanges: ToolChanges,
): AccountsBroker {
  const shown = (serverName: string): string => displayText(serverName, SERVER_NAME_MAX_LENGTH);
  return {
    openAccounts: (principal) => asOutcome(parts.log, '', () => openAccounts(parts, principal)),
    visitAccounts: (token, cookies) => visitAccounts(parts, token, cookies),
    submitAccounts: (token, cookies, csrfToken) => submitAccounts(parts, token, cookies, csrfToken),
    keepKeyAnswer: (principal, typed, outcome) => keepKeyAnswer(parts, principal, typed, outcome),
    keyAnswer: (principal, typed) => keptKeyAnswer(parts, principal, typed),
    agents: (principal) => agentsOf(parts, principal),
    toolsToChoose: (principal, serverName) =>
      asOutcome(parts.log, shown(serverName), () => toolChoosing.toolsOf(principal, serverName)),
    chooseTools: (principal, { serverName, choice }) =>
      asOutcome(parts.log, shown(serverName), async () => {
        await toolChoosing.choose(principal, serverName, choice);
        return { status: 'success' as const, serverName };
      }).finally(toolChanges.announce),
    providers: (principal) =>
      asOutcome(parts.log, '', async () => ({ providers: await providerStatuses(parts, principal) })),
    forgetToolChoices: async (principal, serverName) => {
      if (await parts.vaultExists()) await forgetToolChoices(await parts.vault(), principal, serverName);
    },
  };
}

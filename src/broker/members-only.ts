/** The broker as it answers members: somebody who was removed is told so, whatever they ask. */
import { displayText } from '../core/display-text.js';
import { SERVER_NAME_MAX_LENGTH } from '../core/limits.js';
import type { Principal } from '../core/principal.js';
import type { Broker } from './broker.js';
import { createMembership } from './members.js';
import type { Failure } from './outcomes.js';
import type { Parts } from './parts.js';
import { asOutcome } from './payloads.js';

export function membersOnly(parts: Parts, broker: Broker): Broker {
  const membership = createMembership(parts);

  async function refusal(principal: Principal, serverName = ''): Promise<Failure | undefined> {
    const checked = await asOutcome(parts.log, displayText(serverName, SERVER_NAME_MAX_LENGTH), async () => {
      await membership.check(principal);
      return { isMember: true };
    });
    return 'isMember' in checked ? undefined : checked;
  }

  async function refusedCall(principal: Principal, serverName: string) {
    const outcome = await refusal(principal, serverName);
    return outcome && ({ kind: 'outcome', outcome } as const);
  }

  return {
    ...broker,
    connect: async (principal, args, context) =>
      (await refusal(principal, args.serverName)) ?? broker.connect(principal, args, context),
    clearAuth: async (principal, args, options) =>
      (await refusal(principal, args.serverName)) ?? broker.clearAuth(principal, args, options),
    listServers: async (principal, serverName) =>
      (await refusal(principal, serverName)) ?? broker.listServers(principal, serverName),
    searchTools: async (principal, args, context) =>
      (await refusal(principal, args.serverName)) ?? broker.searchTools(principal, args, context),
    callTool: async (principal, args, context) =>
      (await refusedCall(principal, args.serverName)) ?? broker.callTool(principal, args, context),
    readResource: async (principal, args, context) =>
      (await refusedCall(principal, args.serverName)) ?? broker.readResource(principal, args, context),
    getPrompt: async (principal, args, context) =>
      (await refusedCall(principal, args.serverName)) ?? broker.getPrompt(principal, args, context),
    complete: async (principal, args, context) =>
      (await refusedCall(principal, args.serverName)) ?? broker.complete(principal, args, context),
    usableServers: async (principal) => ((await refusal(principal)) ? [] : broker.usableServers(principal)),
    listOfEach: async (principal, kind, serverNames) =>
      (await refusal(principal)) ? [] : broker.listOfEach(principal, kind, serverNames),
    storeKey: async (principal, args, context) =>
      (await refusal(principal, args.serverName)) ?? broker.storeKey(principal, args, context),
    storeSecret: async (principal, args) => (await refusal(principal)) ?? broker.storeSecret(principal, args),
    listSecrets: async (principal) => (await refusal(principal)) ?? broker.listSecrets(principal),
    removeSecret: async (principal, args) => (await refusal(principal)) ?? broker.removeSecret(principal, args),
    diagnose: async (principal, serverName) => {
      const refused = await refusal(principal, serverName);
      return refused
        ? [{ step: 'entry', ok: false, message: refused.error, code: refused.code }]
        : broker.diagnose(principal, serverName);
    },
    agents: async (principal) => ((await refusal(principal)) ? [principal.agent] : broker.agents(principal)),
    keyAnswer: async (principal, typed) =>
      (await refusal(principal, typed.serverName)) ?? broker.keyAnswer(principal, typed),
    toolsToChoose: async (principal, serverName) =>
      (await refusal(principal, serverName)) ?? broker.toolsToChoose(principal, serverName),
    chooseTools: async (principal, args) =>
      (await refusal(principal, args.serverName)) ?? broker.chooseTools(principal, args),
    auditTrail: async (principal, options) => (await refusal(principal)) ?? broker.auditTrail(principal, options),
    providers: async (principal) => (await refusal(principal)) ?? broker.providers(principal),
    openAccounts: async (principal) => (await refusal(principal)) ?? broker.openAccounts(principal),
    removeAddedServer: async (principal, serverName) =>
      !(await refusal(principal, serverName)) && broker.removeAddedServer(principal, serverName),
  };
}

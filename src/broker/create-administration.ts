/** Builds what administrators do out of its parts; what fails outside is said as a payload. */
import { displayText } from '../core/display-text.js';
import { SERVER_NAME_MAX_LENGTH } from '../core/limits.js';
import type { Administration } from './administration.js';
import { addMember, removeMember, resetServer } from './clear-team.js';
import { checkServerName } from './known-server.js';
import { listMembers } from './list-members.js';
import type { Parts } from './parts.js';
import { asOutcome } from './payloads.js';
import { addProvider, listProviders, removeProvider } from './team-providers.js';
import { addTeamServer, removeTeamServer } from './team-servers.js';

export function createAdministration(parts: Parts): Administration {
  const shown = (serverName: string): string => displayText(serverName, SERVER_NAME_MAX_LENGTH);
  return {
    addProvider: (principal, given) =>
      asOutcome(parts.log, '', async () => ({
        status: 'success',
        provider: await addProvider(parts, principal, given),
      })),
    listProviders: (principal) =>
      asOutcome(parts.log, '', async () => ({ providers: await listProviders(parts, principal) })),
    removeProvider: (principal, id) => removeProvider(parts, principal, id),
    addTeamServer: (principal, { serverName, url }) =>
      asOutcome(parts.log, shown(serverName), async () => {
        checkServerName(serverName);
        await addTeamServer(parts, principal, { serverName, url });
        return { status: 'success', serverName };
      }),
    removeTeamServer: (principal, serverName) => removeTeamServer(parts, principal, serverName),
    removeMember: (principal, { user, team = principal.team }) =>
      asOutcome(parts.log, '', async () => ({
        status: 'success',
        user,
        team,
        ...(await removeMember(parts, principal, team, user)),
      })),
    listMembers: (principal, team = principal.team) =>
      asOutcome(parts.log, '', async () => ({ team, members: await listMembers(parts, team) })),
    addMember: (principal, { user, team = principal.team }) => addMember(parts, principal, team, user),
    resetServer: (principal, serverName) =>
      asOutcome(parts.log, shown(serverName), async () => ({
        status: 'success',
        serverName,
        ...(await resetServer(parts, principal, serverName)),
      })),
  };
}

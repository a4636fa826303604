/** Builds the payloads of the contract from what happened. */
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { PAYLOAD_TOOLS_MAX } from '../core/limits.js';
import type { Log } from '../core/log.js';
import type { ToolList, UpstreamConnection } from '../upstream/index.js';
import type { Grant, PendingAuthorization } from '../vault/index.js';
import { failurePayload } from './failure.js';
import { helpfulSkills, providerHelps, type SkillsAbout, skillsForError } from './helpful-skills.js';
import type { AnyServer } from './known-server.js';
import { REASON_SENTENCES, STEP_DEVICE, STEP_OPEN_AUTH_URL, STEP_PASTE_BACK, stepOfError } from './next-steps.js';
import type { AuthReason, AuthType, Failure, RequiresAuth, Success } from './outcomes.js';
import { isToolAllowed } from './tool-filter.js';

const TOOL_DESCRIPTION_MAX_LENGTH = 300;
const INSTRUCTIONS_MAX_LENGTH = 2_000;
const CAUSES_MAX = 5;

/** `success`: a handshake and `tools/list` have just succeeded. */
export function success(
  server: AnyServer,
  connection: UpstreamConnection,
  list: ToolList,
  authType: AuthType,
  grant?: Grant,
): Success {
  const visible = list.tools.filter((tool) => isToolAllowed(server, tool.name));
  const tools = visible.slice(0, PAYLOAD_TOOLS_MAX).map((tool) => ({
    name: tool.name,
    ...(tool.description !== undefined && { description: displayText(tool.description, TOOL_DESCRIPTION_MAX_LENGTH) }),
  }));
  return {
    status: 'success',
    serverName: server.entry.serverName,
    account: server.account,
    tools,
    ...(visible.length > PAYLOAD_TOOLS_MAX && { toolsTruncated: true as const }),
    toolCount: visible.length,
    ...(list.truncated && { toolsTruncated: true as const, toolsDropped: true as const }),
    transport: connection.transport,
    protocolVersion: connection.protocolVersion,
    authType,
    ...(grant?.scope !== undefined && { scope: grant.scope }),
    ...(grant?.expiresAt !== undefined && { expiresAt: isoInstant(grant.expiresAt) }),
    ...(connection.instructions !== undefined && {
      instructions: displayText(connection.instructions, INSTRUCTIONS_MAX_LENGTH),
    }),
  };
}

const COMPLETION_OF_FLOW = {
  browser: { completion: 'callback', step: STEP_OPEN_AUTH_URL },
  paste_back: { completion: 'paste_back', step: STEP_PASTE_BACK },
  device: { completion: 'device', step: STEP_DEVICE },
} as const;

/** `requires_auth` for a sign-in that waits in the vault; the same for every call until it ends. */
export function signInRequired(pending: PendingAuthorization, launchOrigin: string | undefined): RequiresAuth {
  const launchUrl = launchOrigin === undefined ? undefined : `${launchOrigin}/go/${pending.launchToken}`;
  const throughLaunchPage = pending.browserBinding !== undefined && launchUrl !== undefined;
  const reason = pending.reason as AuthReason | undefined;
  const { completion, step } = COMPLETION_OF_FLOW[pending.flow];
  return {
    status: 'requires_auth',
    serverName: pending.serverName,
    authType: 'oauth2',
    authUrl: throughLaunchPage ? launchUrl : pending.authorizationUrl,
    ...(launchUrl !== undefined && { launchUrl }),
    completion,
    ...(reason !== undefined && { reason }),
    ...(pending.scope !== undefined && { scope: pending.scope }),
    ...(pending.addedScope !== undefined && { addedScope: pending.addedScope }),
    ...(pending.device === undefined ? { redirectUri: pending.redirectUri } : { userCode: pending.device.userCode }),
    expiresAt: isoInstant(pending.expiresAt),
    helpfulSkills: helpfulSkills({
      serverName: pending.serverName,
      url: pending.serverUrl,
      issuer: pending.authorizationServer.issuer,
      profile: pending.authorizationServer.profile,
    }),
    nextStep: reason === undefined ? step : `${REASON_SENTENCES[reason]} ${step}`,
  };
}

/** `error`: the outside failed, said in text of ours. */
function failure(about: SkillsAbout, error: BrokerError): Failure {
  return failurePayload(about.serverName, error, skillsForError(error.code, about), stepOfError(error.code));
}

/**
 * Turns a thrown BrokerError into its payload, its cause into the log; anything else is a mistake of ours and goes on up.
 * @param know what is known of the server, for the skills that help: asked where a provider's could
 */
export async function asOutcome<T>(
  log: Log,
  serverName: string,
  work: () => Promise<T>,
  know: () => Promise<Partial<SkillsAbout>> = async () => ({}),
): Promise<T | Failure> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    log.debug({ serverName, code: error.code, cause: causes(error.cause) }, error.message);
    const known = providerHelps(error.code) ? await know() : {};
    return failure({ ...known, serverName, ...(error.issuer !== undefined && { issuer: error.issuer }) }, error);
  }
}

/** The messages of a chain of causes: for the log, which redacts them. */
function causes(cause: unknown): readonly string[] {
  const messages: string[] = [];
  for (let error = cause; error instanceof Error && messages.length < CAUSES_MAX; error = error.cause)
    messages.push(`${error.name}: ${error.message}`);
  return messages;
}

export function isoInstant(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

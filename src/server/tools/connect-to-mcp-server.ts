/** The tool that signs in: connects to a server, or says what the user has to do first. */
import * as z from 'zod';
import {
  CALLBACK_URL_MAX_LENGTH,
  CLIENT_ID_MAX_LENGTH,
  CLIENT_SECRET_MAX_LENGTH,
  SCOPE_ARGUMENT_MAX_LENGTH,
  URL_ARGUMENT_MAX_LENGTH,
  WAIT_MAX_SECONDS,
} from '../../core/limits.js';
import { payloadResult } from '../payload.js';
import { account, defineTool, serverName } from '../tool.js';

export const connectToMcpServer = defineTool({
  name: 'connect_to_mcp_server',
  title: 'Connect to MCP server',
  description:
    'Connect to an MCP server, signing in where it asks for it. Returns status success with its tools; requires_auth: ' +
    'show authUrl to the user, wait until they say they signed in, then call again; requires_oauth_config: have the user ' +
    'open configUrl, or pass clientId; or error.',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  answersWithPayload: true,
  input: z.strictObject({
    serverName: serverName.describe('Known name, or a new one together with url'),
    url: z.string().max(URL_ARGUMENT_MAX_LENGTH).optional().describe('MCP endpoint of a new server'),
    clientId: z.string().min(1).max(CLIENT_ID_MAX_LENGTH).optional(),
    redirectUri: z.string().max(URL_ARGUMENT_MAX_LENGTH).optional(),
    scope: z.string().max(SCOPE_ARGUMENT_MAX_LENGTH).optional().describe('Space-separated; "" asks for none'),
    clientSecret: z.string().min(1).max(CLIENT_SECRET_MAX_LENGTH).optional().describe('Prefer configUrl'),
    authType: z.enum(['auto', 'none', 'oauth2', 'bearer', 'api_key']).optional(),
    account: account.describe('One of several accounts'),
    flow: z.enum(['browser', 'paste_back', 'device']).optional(),
    callbackUrl: z
      .string()
      .max(CALLBACK_URL_MAX_LENGTH)
      .optional()
      .describe("Where the user's browser ended, pasted by them"),
    waitSeconds: z.int().min(0).max(WAIT_MAX_SECONDS).optional().describe('Wait for the sign-in'),
  }),
  async call(args, { broker, principal, context }) {
    return payloadResult(await (await broker()).connect(principal, args, context));
  },
});

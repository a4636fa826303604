/** `client-metadata`: prints the client ID metadata document to host, so that servers know us without registration. */
import type { Register } from '../command.js';
import { EXIT_SUCCESS, UsageError } from '../exit-code.js';
import { jsonLine } from '../terminal.js';
import { webAddress } from '../web-address.js';

const PLACEHOLDER = 'https://example.com/mcp-oauth-broker/client.json';

export const registerClientMetadata: Register = (program, run) => {
  program
    .command('client-metadata')
    .description('print the client ID metadata document to host')
    .action(() =>
      run(async ({ dependencies, terminal }) => {
        const configured = dependencies.env['MCP_OAUTH_CLIENT_METADATA_URL'];
        if (configured !== undefined && webAddress(configured) === undefined)
          throw new UsageError('MCP_OAUTH_CLIENT_METADATA_URL is not a URL.');
        const document = await dependencies.clientMetadata(configured ?? PLACEHOLDER);
        terminal.raw(terminal.json ? `${jsonLine(document)}\n` : `${JSON.stringify(document, null, 2)}\n`);
        terminal.note(
          configured === undefined
            ? `Host it as application/json, put its address in place of ${PLACEHOLDER}, and set MCP_OAUTH_CLIENT_METADATA_URL to it.`
            : `Host it as application/json at ${configured}.`,
        );
        return EXIT_SUCCESS;
      }),
    );
};

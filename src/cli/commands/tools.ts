/** `tools NAME`: the tools of one server, in the server's words, which are nobody's instructions. */
import type { FoundTool } from '../../broker/broker.js';
import { displayText } from '../../core/display-text.js';
import { SEARCH_LIMIT_MAX, TOOLS_MAX } from '../../core/limits.js';
import type { CommandContext, Register } from '../command.js';
import { EXIT_SUCCESS } from '../exit-code.js';
import { serverNameArgument } from '../name-arguments.js';
import { reportOutcome } from '../outcome-report.js';

const PAGES_MAX = TOOLS_MAX / SEARCH_LIMIT_MAX;
const ARGUMENTS_MAX_LENGTH = 300;

export const registerTools: Register = (program, run) => {
  program
    .command('tools')
    .description('list the tools of a server')
    .argument('<name>', 'the server', serverNameArgument)
    .action((serverName: string) => run((context) => listTools(context, serverName)));
};

async function listTools(context: CommandContext, serverName: string): Promise<number> {
  const { dependencies, terminal, principal } = context;
  const broker = await dependencies.broker();
  const tools: FoundTool[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const found = await broker.searchTools(principal, { serverName, limit: SEARCH_LIMIT_MAX, cursor });
    if ('status' in found) return reportOutcome(context, found);
    tools.push(...found.tools);
    cursor = found.nextCursor;
    if (cursor === undefined) break;
  }
  terminal.payload({ tools, total: tools.length });
  for (const tool of tools) {
    terminal.line(terminal.style.bold(displayText(tool.name)));
    const description = displayText(tool.description ?? '', Math.max(40, terminal.columns - 2));
    if (description !== '') terminal.line(`  ${description}`);
    const names = argumentNames(tool);
    if (names !== '') terminal.line(terminal.style.dim(`  ${names}`));
  }
  if (tools.length === 0) terminal.line(`${serverName} offers no tools.`);
  return EXIT_SUCCESS;
}

/** The arguments by their names, those that may be left out with a question mark; `tools NAME --json` has the whole schema. */
function argumentNames({ inputSchema }: FoundTool): string {
  const { properties, required } = inputSchema;
  if (typeof properties !== 'object' || properties === null) return '';
  const needed = Array.isArray(required) ? required : [];
  const names = Object.keys(properties).map((name) => (needed.includes(name) ? name : `${name}?`));
  return names.length === 0 ? '' : displayText(`Arguments: ${names.join(', ')}`, ARGUMENTS_MAX_LENGTH);
}

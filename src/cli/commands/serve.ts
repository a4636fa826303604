/** `serve`: the MCP server on stdio; also what a bare call does when a host starts it. */
import type { Register } from '../command.js';

export const registerServe: Register = (program, run) => {
  program
    .command('serve')
    .description('serve MCP on stdio (what a host starts; also without any argument)')
    .action(() => run(({ dependencies, agent }) => dependencies.serve(agent)));
};

/** `call NAME TOOL [JSON]`: one call, with the server's result as it came. */
import type { Register } from '../command.js';
import { EXIT_FAILED, EXIT_SUCCESS, UsageError } from '../exit-code.js';
import { accountArgument, serverNameArgument } from '../name-arguments.js';
import { reportOutcome } from '../outcome-report.js';
import { printableText, type Terminal } from '../terminal.js';

type UpstreamResult = Readonly<Record<string, unknown>>;

export const registerCall: Register = (program, run) => {
  program
    .command('call')
    .description('call one tool')
    .argument('<name>', 'the server', serverNameArgument)
    .argument('<tool>', 'the tool')
    .argument('[json]', 'its arguments, a JSON object')
    .option('--account <name>', 'which of your accounts', accountArgument)
    .action((serverName: string, toolName: string, json: string | undefined, options: { readonly account?: string }) =>
      run(async (context) => {
        const call = { serverName, toolName, arguments: toolArguments(json), account: options.account };
        const called = await (await context.dependencies.broker()).callTool(context.principal, call);
        if (called.kind === 'outcome') return reportOutcome(context, called.outcome);
        if (called.kind === 'input_required') throw new TypeError('only a host of its own gives a call rounds');
        context.terminal.payload(called.result);
        printResult(context.terminal, called.result);
        return called.result['isError'] === true ? EXIT_FAILED : EXIT_SUCCESS;
      }),
    );
};

function toolArguments(json: string | undefined): Readonly<Record<string, unknown>> {
  if (json === undefined) return {};
  const value = parseJson(json);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError('The arguments must be a JSON object, such as \'{"query":"x"}\'.');
  return value as Readonly<Record<string, unknown>>;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new UsageError('The arguments are not JSON. Quote them for your shell, such as \'{"query":"x"}\'.');
  }
}

/** Text is shown as text, anything else as JSON. */
function printResult(terminal: Terminal, result: UpstreamResult): void {
  const content = Array.isArray(result['content']) ? (result['content'] as readonly unknown[]) : [];
  for (const block of content) terminal.line(printableText(textOf(block) ?? JSON.stringify(block)));
  if (content.length === 0) terminal.line(printableText(JSON.stringify(result['structuredContent'] ?? result)));
}

function textOf(block: unknown): string | undefined {
  if (typeof block !== 'object' || block === null || !('text' in block)) return undefined;
  return typeof block.text === 'string' ? block.text : undefined;
}

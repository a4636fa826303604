/** `doctor [NAME]`: what is wrong with the installation, or with one server, and what to do. */
import type { Finding } from '../../broker/broker.js';
import { displayText } from '../../core/display-text.js';
import type { CommandContext, Register } from '../command.js';
import { EXIT_AUTHORIZATION_NEEDED, EXIT_FAILED, EXIT_SUCCESS } from '../exit-code.js';
import { serverNameArgument } from '../name-arguments.js';
import { adviceOn, withCommand } from '../next-step.js';
import { processFindings } from '../process-findings.js';
import type { Terminal } from '../terminal.js';

const TEXT_MAX_LENGTH = 1_000;
/** Findings that signing in or configuring a client mends, where it is not the file that is wrong. */
const MENDED_BY_CONNECTING: readonly string[] = ['client', 'grant'];

export const registerDoctor: Register = (program, run) => {
  program
    .command('doctor')
    .description('find out what is wrong, with the installation or with one server')
    .argument('[name]', 'the server', serverNameArgument)
    .action((serverName: string | undefined) =>
      run((context) => diagnose(context, serverName), { inAnyEnvironment: true }),
    );
};

async function diagnose(context: CommandContext, serverName: string | undefined): Promise<number> {
  const { dependencies, terminal, principal } = context;
  const found =
    serverName === undefined
      ? [
          ...(await processFindings(dependencies.env, dependencies.version)),
          ...dependencies.problems,
          ...(await dependencies.diagnoseInstallation()),
        ]
      : [...dependencies.problems, ...(await (await dependencies.broker()).diagnose(principal, serverName))];
  const findings = found.map((finding) => advised(context, finding, serverName ?? ''));
  terminal.payload({ findings });
  for (const finding of findings) print(terminal, finding);
  return exitCodeOf(findings);
}

/** The broker words its advice with the product's name and for an agent; what the user types is ours to know. */
function advised(context: CommandContext, { nextStep, ...found }: Finding, serverName: string): Finding {
  const { advice, code } = found;
  const said = advice ?? (code === undefined ? undefined : adviceOn(context, { code, serverName }, nextStep));
  return said === undefined ? found : { ...found, advice: withCommand(said, context.dependencies.command) };
}

function print({ line, style }: Terminal, { step, ok, message, advice }: Finding): void {
  const mark = ok === null ? style.dim('–') : ok ? style.good('✓') : style.bad('✗');
  line(`${mark} ${step}: ${displayText(message, TEXT_MAX_LENGTH)}`);
  if (advice !== undefined) line(`    ${displayText(advice, TEXT_MAX_LENGTH)}`);
}

/** 3 where all that is wrong is that the user has to sign in, 1 for anything else. */
function exitCodeOf(findings: readonly Finding[]): number {
  const wrong = findings.filter((finding) => finding.ok === false);
  if (wrong.length === 0) return EXIT_SUCCESS;
  return wrong.every(({ step, code }) => MENDED_BY_CONNECTING.includes(step) && code !== 'invalid_input')
    ? EXIT_AUTHORIZATION_NEEDED
    : EXIT_FAILED;
}

/** `doctor [NAME]`: what is wrong with the installation, or with one server, and what to do. */
import type { Finding } from '../../broker/broker.js';
import { displayText } from '../../core/display-text.js';
import { PRODUCT_NAME } from '../../core/names.js';
import { remedyFor } from '../advice.js';
import type { Register } from '../command.js';
import { EXIT_AUTHORIZATION_NEEDED, EXIT_FAILED, EXIT_SUCCESS } from '../exit-code.js';
import { processFindings } from '../process-findings.js';
import type { Terminal } from '../terminal.js';

const TEXT_MAX_LENGTH = 1_000;
/** Findings that signing in or configuring a client mends. */
const MENDED_BY_CONNECTING: readonly string[] = ['client', 'grant'];

export const registerDoctor: Register = (program, run) => {
  program
    .command('doctor')
    .description('find out what is wrong, with the installation or with one server')
    .argument('[name]')
    .action((serverName: string | undefined) =>
      run(async ({ dependencies, terminal, principal }) => {
        const findings =
          serverName === undefined
            ? [
                ...(await processFindings(dependencies.env, dependencies.version)),
                ...(await dependencies.diagnoseInstallation()),
              ]
            : await (await dependencies.broker()).diagnose(principal, serverName);
        terminal.payload({ findings });
        for (const finding of findings)
          print(terminal, finding, adviceOf(finding, serverName ?? '', dependencies.command));
        return exitCodeOf(findings);
      }),
    );
};

/** The broker words its advice with the product's name; what the user types is ours to know. */
function adviceOf({ advice, code }: Finding, serverName: string, command: string): string | undefined {
  if (advice !== undefined) return advice.replaceAll(`${PRODUCT_NAME} `, `${command} `);
  return code === undefined ? undefined : remedyFor({ code, serverName }, command);
}

function print({ line, style }: Terminal, { step, ok, message }: Finding, advice: string | undefined): void {
  const mark = ok === null ? style.dim('–') : ok ? style.good('✓') : style.bad('✗');
  line(`${mark} ${step}: ${displayText(message, TEXT_MAX_LENGTH)}`);
  if (advice !== undefined) line(`    ${displayText(advice, TEXT_MAX_LENGTH)}`);
}

/** 3 where all that is wrong is that the user has to sign in, 1 for anything else. */
function exitCodeOf(findings: readonly Finding[]): number {
  const wrong = findings.filter((finding) => finding.ok === false);
  if (wrong.length === 0) return EXIT_SUCCESS;
  return wrong.every((finding) => MENDED_BY_CONNECTING.includes(finding.step))
    ? EXIT_AUTHORIZATION_NEEDED
    : EXIT_FAILED;
}

/** `audit`: who did what to which server and account, in the caller's team, and whether anything of it was changed or cut off. */
import type { AuditEntry, AuditTrail } from '../../broker/broker.js';
import { displayText } from '../../core/display-text.js';
import type { CommandContext, Register } from '../command.js';
import { EXIT_FAILED, EXIT_SUCCESS } from '../exit-code.js';
import { reportOutcome } from '../outcome-report.js';
import { instantOf } from '../since.js';
import { table } from '../table.js';
import { jsonLine } from '../terminal.js';

interface AuditOptions {
  readonly since?: string;
  readonly jsonl?: true;
}

export const registerAudit: Register = (program, run) => {
  program
    .command('audit')
    .description('who did what to which server and account, in your team')
    .option('--since <time>', 'from then on: 2026-11-20, 2026-11-20T18:00Z, or so long ago: 7d, 12h, 30m')
    .option('--jsonl', 'one line of JSON for each entry, and nothing else')
    .action((options: AuditOptions) => run((context) => audit(context, options)));
};

async function audit(context: CommandContext, { since, jsonl }: AuditOptions): Promise<number> {
  const { dependencies, terminal, principal } = context;
  const from = since === undefined ? undefined : instantOf(since, Date.now());
  const trail = await (await dependencies.broker()).auditTrail(principal, { since: from });
  if ('status' in trail) return reportOutcome(context, trail);
  if (jsonl === true) for (const entry of trail.entries) terminal.raw(`${jsonLine(entry)}\n`);
  else {
    terminal.payload(trail);
    for (const line of table(trail.entries.map(row))) terminal.line(line);
    if (trail.entries.length === 0) terminal.line('Nothing has been written down.');
  }
  return verdict(context, trail);
}

function row({ at, user, agent, event, serverName, account, provider, ...entry }: AuditEntry): readonly string[] {
  const what = serverName ?? (provider === undefined ? '' : `provider ${provider}`);
  const whose = account === undefined || account === 'default' ? what : `${what} (${account})`;
  const note = [entry.code, entry.detail].filter((part) => part !== undefined).join(', ');
  return [at, `${user}/${agent}`, event, whose, note].map((cell) => displayText(cell));
}

function verdict({ terminal }: CommandContext, { chain }: AuditTrail): number {
  if (chain.state === 'unbroken') return EXIT_SUCCESS;
  terminal.problem(`The audit log is broken at entry ${chain.sequence}: ${PROBLEMS[chain.problem]}`);
  return EXIT_FAILED;
}

const PROBLEMS = {
  missing: 'it, and perhaps others, has been deleted.',
  changed: 'it is not what was written.',
  unlinked: 'it does not follow on the one before it.',
} as const;

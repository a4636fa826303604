/**
 * A server that is a program, for `doctor NAME`: whether it is there, whether all that its entry names is there, and
 * then whether it starts and lists its tools. It is started beside those that are in use, and ended again.
 */
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { findProgram } from '../core/find-program.js';
import { connectSubprocess, createStartLimit } from '../upstream/index.js';
import type { Finding } from './broker.js';
import { connectOptions } from './connect-options.js';
import { walkToValue } from './diagnose-value.js';
import type { Diagnosis } from './diagnosis.js';
import type { StartedServer } from './known-server.js';
import type { Parts } from './parts.js';
import { processEnvironment, startedAuthType } from './process-environment.js';

const STEP_PROGRAM =
  'Install it, or name its absolute path under command in servers.json; the PATH that counts is that of whatever starts the broker.';

export async function diagnoseProgram(parts: Parts, walk: Diagnosis, server: StartedServer): Promise<void> {
  const { findings, step } = walk;
  findings.push(await programFinding(server));
  for (const [name, source] of Object.entries(server.entry.env))
    if (typeof source !== 'string')
      await walkToValue(parts, walk, server, { name, purpose: `The variable ${name}`, source });
  if (findings.some(({ step: done, ok }) => ok === false || (done === 'grant' && ok !== true))) {
    findings.push({ step: 'server', ok: null, message: 'It was not started: what is missing comes first.' });
    return;
  }
  await step(
    'server',
    () => toolCount(parts, server).catch(whereItSaysWhy),
    (count) => ({ ok: true, message: `It starts, and lists ${count} ${count === 1 ? 'tool' : 'tools'}.` }),
  );
}

async function programFinding({ entry: { command, cwd } }: StartedServer): Promise<Finding> {
  const shown = displayText(command);
  const found = await findProgram(command, process.env);
  if (found === undefined)
    return { step: 'program', ok: false, message: `There is no program ${shown} here.`, advice: STEP_PROGRAM };
  const isFolder =
    cwd === undefined ||
    (isAbsolute(cwd) &&
      (await stat(cwd).then(
        (it) => it.isDirectory(),
        () => false,
      )));
  if (!isFolder)
    return {
      step: 'program',
      ok: false,
      message: `There is no folder ${displayText(cwd)} to start it in.`,
      advice: 'Correct cwd of its entry in servers.json: an absolute path.',
    };
  return { step: 'program', ok: true, message: `${shown} is ${found}.` };
}

/** @throws {BrokerError} the same, with where more can be seen */
function whereItSaysWhy(error: unknown): never {
  if (!(error instanceof BrokerError) || error.nextStep !== undefined) throw error;
  throw new BrokerError(error.code, error.message, {
    cause: error,
    nextStep:
      'Ask the user to start the command of its entry in a terminal, where it says why; with MCP_OAUTH_LOG=debug its words are in our log.',
  });
}

async function toolCount(parts: Parts, server: StartedServer): Promise<number> {
  const { command, args, cwd } = server.entry;
  await parts.audit.used(server, 'tools/list', { needsCredential: startedAuthType(server.entry) !== 'none' });
  const { variables } = await processEnvironment(parts, server);
  const connection = await connectSubprocess(
    {
      command,
      args,
      ...(cwd !== undefined && { cwd }),
      environment: async () => variables,
      starts: createStartLimit(parts.clock),
    },
    await connectOptions(parts, server, {}),
  );
  try {
    return (await connection.listTools({ refresh: true })).tools.length;
  } finally {
    await connection.close();
  }
}

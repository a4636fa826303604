/**
 * A server that is a program, for `doctor NAME`: whether it is there, whether all that its entry names is there, and
 * then whether it starts and lists its tools. It is started beside those that are in use, and ended again.
 */
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { ValueSource } from '../catalog/index.js';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { findProgram } from '../core/find-program.js';
import { PRODUCT_NAME } from '../core/names.js';
import { connectSubprocess, createStartLimit } from '../upstream/index.js';
import type { Finding } from './broker.js';
import { connectOptions } from './connect-options.js';
import type { Diagnosis } from './diagnosis.js';
import type { StartedServer } from './known-server.js';
import { MissingValueError } from './missing-value.js';
import { storingCommand } from './named-secrets.js';
import type { Parts } from './parts.js';
import { processEnvironment, startedAuthType } from './process-environment.js';
import { resolveSource } from './value-sources.js';

const STEP_PROGRAM =
  'Install it, or name its absolute path under command in servers.json; the PATH that counts is that of whatever starts the broker.';

export async function diagnoseProgram(parts: Parts, walk: Diagnosis, server: StartedServer): Promise<void> {
  const { findings, step } = walk;
  findings.push(await programFinding(server));
  for (const [name, source] of Object.entries(server.entry.env))
    if (typeof source !== 'string') await walkToValue(parts, walk, server, name, source);
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

/** One variable of the entry: from where it comes, and whether that has it. */
async function walkToValue(
  parts: Parts,
  { step }: Diagnosis,
  server: StartedServer,
  name: string,
  source: Exclude<ValueSource, string>,
): Promise<void> {
  const isGiven = source.source === 'env' || source.source === 'file';
  await step(
    isGiven ? 'value' : 'grant',
    async () => {
      try {
        await resolveSource(parts, server, source, `The variable ${name}`);
        return true;
      } catch (error) {
        if (error instanceof MissingValueError) return false;
        throw isGiven ? withAdvice(error, source) : error;
      }
    },
    (isThere) =>
      isThere
        ? { ok: true, message: `${name}: ${WHERE[source.source]} is there.` }
        : { ok: null, ...sayMissing(server, name, source) },
  );
}

const WHERE: Readonly<Record<Exclude<ValueSource, string>['source'], string>> = {
  env: 'its variable of the environment',
  file: 'its file',
  user_secret: 'your secret',
  team_secret: "the team's secret",
  org_secret: 'the secret for everybody',
  oauth: "the provider's token",
};

function sayMissing(
  { entry: { serverName } }: StartedServer,
  name: string,
  source: Exclude<ValueSource, string>,
): Pick<Finding, 'message' | 'advice'> {
  switch (source.source) {
    case 'oauth':
      return {
        message: `${name}: nobody is signed in to the OAuth provider "${displayText(source.provider)}", or no longer.`,
        advice: `${PRODUCT_NAME} connect ${serverName}`,
      };
    case 'user_secret':
      return {
        message: `${name}: you have not stored the secret "${displayText(source.name)}".`,
        advice: storingCommand(source),
      };
    case 'team_secret':
    case 'org_secret':
      return {
        message: `${name}: nobody has stored the secret "${displayText(source.name)}".`,
        advice: `An administrator runs: ${storingCommand(source)}`,
      };
    default:
      return { message: `${name}: it is missing.` };
  }
}

/** The variables of a host are not those of a terminal: which of them count is worth a word. */
function withAdvice(error: unknown, source: Exclude<ValueSource, string>): unknown {
  if (!(error instanceof BrokerError)) return error;
  const nextStep =
    source.source === 'env'
      ? `Ask the user to set ${source.name} where the broker is started: in the host's entry for it, and in this terminal to try it here.`
      : 'Ask the user to correct the path in servers.json, or to make the file readable.';
  return new BrokerError(error.code, error.message, { cause: error, nextStep });
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

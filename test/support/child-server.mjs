/**
 * An MCP server of 2025-11-25 on standard input and output, by hand, so that it can misbehave as no SDK lets one.
 * Each argument is a habit; each start is written to the file that STARTS_FILE names, as `pid` or `pid of-its-child`.
 */
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const habits = new Set(process.argv.slice(2));
const has = (habit) => habits.has(habit);

if (has('behind-a-wrapper')) {
  // As npx does it: the server is a child of what was started.
  const others = process.argv.slice(2).filter((habit) => habit !== 'behind-a-wrapper');
  const child = spawn(process.execPath, [process.argv[1], ...others], { stdio: 'inherit' });
  child.on('exit', (code) => process.exit(code ?? 1));
} else serve();

function serve() {
  if (has('ignores-signals')) process.on('SIGTERM', () => {});
  if (process.env.STARTS_FILE !== undefined) appendFileSync(process.env.STARTS_FILE, `${process.pid}\n`);
  if (has('ends-at-once')) process.exit(3);
  if (has('greets')) process.stdout.write('Server is running on stdio!\n{"level":"info"}\n[1,2\n\n');
  if (process.env.TOKEN !== undefined) process.stderr.write(`started with ${process.env.TOKEN}\n`);
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    if (!has('keeps-silent')) answer(JSON.parse(line));
  });
  if (has('ignores-the-end') || has('keeps-silent')) setInterval(() => {}, 1_000);
  else lines.on('close', () => process.exit(0));
}

let isInitialized = false;

function answer({ id, method, params }) {
  if (method === 'initialize') isInitialized = true;
  else if (!isInitialized && has('ends-before-initialize')) process.exit(1);
  else if (!isInitialized && has('silent-before-initialize')) return;
  if (id === undefined) return;
  const result = resultOf(method, params);
  const error = result === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result };
  const before = params?.name === 'report' ? lastProgress(params) : '';
  if (result !== null) process.stdout.write(`${before}${JSON.stringify({ jsonrpc: '2.0', id, ...error })}\n`);
}

/** In one piece with the result. */
function lastProgress({ _meta: { progressToken } }) {
  const params = { progressToken, progress: 1, total: 1 };
  return `${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params })}\n`;
}

/** Undefined: not known. Null: no answer. */
function resultOf(method, params) {
  if (method === 'initialize') {
    const { protocolVersion } = params;
    const serverInfo = { name: 'child-server', version: '1.0.0' };
    return { protocolVersion, capabilities: { tools: {} }, serverInfo, instructions: 'Be kind.' };
  }
  const names = ['environment', 'process', 'echo', 'end', 'flood', 'hang', 'answer-and-end', 'report'];
  if (method === 'tools/list') return { tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })) };
  if (method === 'tools/call') return resultOfTool(params.name, params.arguments);
  return undefined;
}

function resultOfTool(name, args) {
  switch (name) {
    case 'environment':
      return content(process.env);
    case 'process':
      return content({ pid: process.pid, cwd: process.cwd(), argv: process.argv.slice(2) });
    case 'echo':
    case 'report':
      return content(args);
    case 'end':
      return process.exit(4);
    case 'answer-and-end':
      setImmediate(() => process.exit(0));
      return content({ said: 'goodbye' });
    case 'flood':
      return flood();
    default:
      return null;
  }
}

/** A line that never ends; as fast as it is read. */
function flood() {
  const part = 'x'.repeat(1024 * 1024);
  const more = () => {
    while (process.stdout.write(part));
    process.stdout.once('drain', more);
  };
  more();
  return null;
}

function content(value) {
  return { content: [{ type: 'text', text: JSON.stringify(value) }] };
}

/** The MCP server of the broker on standard input and output. */
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Broker } from '../broker/index.js';
import { SHUTDOWN_GRACE_MS } from '../core/limits.js';
import type { Log } from '../core/log.js';
import type { Principal } from '../core/principal.js';
import { type EndReason, watchForEnd } from './lifecycle.js';
import { createMcpServer } from './mcp-server.js';
import { openSkillLibrary } from './skills.js';
import { takeStdout } from './stdout-guard.js';

export type { EndReason } from './lifecycle.js';

export interface ServeOptions {
  /** The broker, built when it is first asked for: `initialize` is answered without it. */
  readonly broker: () => Promise<Broker>;
  /** Closes what was built; a commit in flight ends first. */
  readonly close: () => Promise<void>;
  /** The principal of a host that calls itself `clientName`; asked once, at the first call. */
  readonly principalFor: (clientName: string | undefined) => Principal;
  readonly version: string;
  readonly log: Log;
  /** `MCP_OAUTH_TOOLS`: whether the connected servers' tools are listed beside the seven. */
  readonly tools: 'fixed' | 'mirror';
  /** The folder of the skills; it need not exist. */
  readonly skillsDirectory: string;
  /** Called once, at most SHUTDOWN_GRACE_MS after the end was noticed: leaves the process. */
  readonly onEnd: (reason: EndReason) => void;
}

/** Serves both eras of MCP until the host is gone. Takes standard output over: nothing else reaches it. */
export function serve(options: ServeOptions): void {
  const { log } = options;
  const stdout = takeStdout();
  const skills = openSkillLibrary(options.skillsDirectory);
  const connection = serveStdio(({ era }) => createMcpServer({ ...options, skills, era }), {
    transport: new StdioServerTransport(process.stdin, stdout),
    onerror: (error) => log.debug({ err: error }, 'the connection to the host reported an error'),
  });

  watchForEnd((reason) => {
    log.info({ reason }, 'the host is gone');
    const closed = Promise.all([connection.close(), options.close()]);
    const tooLate = new Promise((resolve) => setTimeout(resolve, SHUTDOWN_GRACE_MS));
    Promise.race([closed, tooLate])
      .catch((error: unknown) => log.error({ err: error }, 'closing failed'))
      .finally(() => options.onEnd(reason));
  }, log);
}

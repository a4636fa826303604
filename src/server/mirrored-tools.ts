/** The tools of the connected servers as tools of ours (`MCP_OAUTH_TOOLS=mirror`), beside the seven. */
import type { Tool } from '@modelcontextprotocol/server';
import type { Broker } from '../broker/index.js';
import { isObject } from '../core/json-object.js';
import type { Log } from '../core/log.js';
import type { Principal } from '../core/principal.js';
import { findOwner } from './find-owner.js';
import { mirroredTool } from './foreign-definition.js';
import { createJoinedList } from './joined-list.js';
import { createListChanges, type ListChanges } from './list-changes.js';
import { createMirroredNames, type Owned } from './mirrored-name.js';
import type { ProtocolEra } from './protocol-era.js';
import { callMcpTool } from './tools/call-mcp-tool.js';
import { unlessUnreadable } from './unless-unreadable.js';

export interface MirroredToolsOptions {
  readonly broker: () => Promise<Broker>;
  readonly era: ProtocolEra;
  /** The names of our own tools. */
  readonly reserved: readonly string[];
  /** Sends `notifications/tools/list_changed`; used towards a `legacy` host only. */
  readonly notify: () => Promise<void>;
  readonly log: Log;
}

export interface MirroredTools {
  /** What `tools/list` adds to our own; nothing where the vault or the user's file cannot be read. */
  definitions(principal: Principal): Promise<readonly Tool[]>;
  /** The parameters of a call of a mirrored tool as those of the `call_mcp_tool` that it is; any others as they were. */
  asProxiedCall(params: unknown, principal: Principal): Promise<unknown>;
  /** The output schema that the host was given with the mirrored tool that a call names. */
  outputSchemaOf(params: unknown): Tool['outputSchema'];
}

export function createMirroredTools({ broker, era, reserved, notify, log }: MirroredToolsOptions): MirroredTools {
  const list = createJoinedList(broker, 'tools', era);
  const names = createMirroredNames(reserved);
  let given: ReadonlyMap<string, Tool> = new Map();
  let changes: ListChanges | undefined;

  async function read(principal: Principal): Promise<readonly Tool[]> {
    const tools = new Map<string, Tool>();
    for (const listed of await list.read(principal)) {
      const { serverName, definition } = listed;
      const name = names.nameOf({ serverName, name: definition.name });
      const tool = mirroredTool(listed, name, era);
      if (tool === undefined)
        log.debug({ serverName, tool: definition.name }, 'a tool is not mirrored: hosts would refuse its schema');
      else if (!tools.has(name)) tools.set(name, tool);
    }
    return [...tools.values()];
  }

  /** The list of a `modern` host stays as it is. */
  async function watch(principal: Principal): Promise<void> {
    if (era === 'modern' || changes !== undefined) return;
    changes = createListChanges({
      read: () => read(principal),
      notify,
      onError: (error) => log.debug({ err: error }, 'whether the mirrored tools changed is not known'),
    });
    (await broker()).onToolsChanged(changes.stir);
  }

  /** Our own tools work, or say what is wrong, whatever mirroring comes to. */
  const orWithoutThem = <T>(work: () => Promise<T>, otherwise: T): Promise<T> =>
    unlessUnreadable(log, 'the tools of the connected servers', work, otherwise);

  /** Before the first call does anything: the servers that are connected now are those "connected at start". */
  async function begin(principal: Principal): Promise<void> {
    await list.settle(principal);
    await watch(principal);
  }

  return {
    definitions: (principal) =>
      orWithoutThem(async () => {
        await begin(principal);
        const tools = await read(principal);
        changes?.given(tools);
        given = new Map(tools.map((tool) => [tool.name, tool]));
        return tools;
      }, []),
    asProxiedCall: (params, principal) =>
      orWithoutThem(async () => {
        await begin(principal);
        const name = nameIn(params);
        if (name === undefined || reserved.includes(name)) return params;
        const owner = await findOwner(name, principal, { names, broker, read: () => read(principal) });
        return owner === undefined ? params : proxiedCall(owner, params);
      }, params),
    outputSchemaOf: (params) => given.get(nameIn(params) ?? '')?.outputSchema,
  };
}

function nameIn(params: unknown): string | undefined {
  const name = isObject(params) ? params['name'] : undefined;
  return typeof name === 'string' ? name : undefined;
}

function proxiedCall({ serverName, name }: Owned, params: unknown): Readonly<Record<string, unknown>> {
  const { arguments: args, ...others } = isObject(params) ? params : {};
  const proxied = { serverName, toolName: name, ...(args !== undefined && { arguments: args }) };
  return { ...others, name: callMcpTool.name, arguments: proxied };
}

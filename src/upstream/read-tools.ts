/** Reads a server's whole `tools/list`, bounded in pages and tools, its definitions left as they are. */
import { displayText, isShowable } from '../core/display-text.js';
import { isObject } from '../core/json-object.js';
import { LIST_MAX_PAGES, TOOL_NAME_MAX_LENGTH, TOOLS_MAX } from '../core/limits.js';
import type { Log } from '../core/log.js';
import { protocolError } from './answers.js';
import { headerDeclarations } from './parameter-headers.js';
import type { Session } from './session.js';
import type { ToolList, UpstreamTool } from './types.js';

export interface ReadToolList extends ToolList {
  /** How long the server says that the list lasts (2026-07-28 `ttlMs`), in milliseconds; undefined where it does not say. */
  readonly ttlMs: number | undefined;
}

/**
 * Asks for page after page. `""` is a cursor as good as any; one that was seen before, the last allowed page, or a tool too
 * many end the walk. Entries that are no tools, tools with a name that cannot be shown or called, and tools with an invalid `x-mcp-header` (2026-07-28), are left out.
 */
export async function readTools(session: Session, log: Log): Promise<ReadToolList> {
  if (!session.hasTools) return { tools: [], truncated: false, ttlMs: undefined };
  const tools: UpstreamTool[] = [];
  const seen = new Set<string>();
  let ttlMs: number | undefined;
  let cursor: string | undefined;
  for (let page = 1; page <= LIST_MAX_PAGES; page += 1) {
    const read = await readPage(session, cursor);
    if (page === 1) ttlMs = read.ttlMs;
    for (const tool of read.tools) if (isUsableTool(tool, session, log)) tools.push(withoutMistyped(tool));
    if (tools.length > TOOLS_MAX) return { tools: tools.slice(0, TOOLS_MAX), truncated: true, ttlMs };
    if (read.nextCursor === undefined) return { tools, truncated: false, ttlMs };
    if (seen.has(read.nextCursor)) break;
    seen.add(read.nextCursor);
    cursor = read.nextCursor;
  }
  return { tools, truncated: true, ttlMs };
}

const NO_TOOL = 'a tool is left out: it has no name, or no input schema that is an object';

interface Page {
  readonly tools: readonly unknown[];
  readonly nextCursor: string | undefined;
  readonly ttlMs: number | undefined;
}

async function readPage(session: Session, cursor: string | undefined): Promise<Page> {
  const { tools, nextCursor, ttlMs } = await session.request(
    'tools/list',
    cursor === undefined ? undefined : { cursor },
  );
  if (!Array.isArray(tools)) throw protocolError('the server answered tools/list without tools');
  return {
    tools,
    nextCursor: typeof nextCursor === 'string' ? nextCursor : undefined,
    ttlMs: typeof ttlMs === 'number' ? ttlMs : undefined,
  };
}

function isUsableTool(tool: unknown, session: Session, log: Log): tool is UpstreamTool {
  const { name, inputSchema } = isObject(tool) ? tool : {};
  if (typeof name !== 'string' || name === '' || !isObject(inputSchema)) {
    log.warn({ tool: typeof name === 'string' ? displayText(name) : '' }, NO_TOOL);
    return false;
  }
  if (!isShowable(name, TOOL_NAME_MAX_LENGTH)) {
    log.warn({ tool: displayText(name) }, 'a tool is left out: its name is too long, or has characters that mislead');
    return false;
  }
  if (session.era === 'legacy' || headerDeclarations(inputSchema) !== undefined) return true;
  log.warn({ tool: name.slice(0, 128) }, 'a tool is left out: its x-mcp-header declarations are invalid');
  return false;
}

const TEXT_MEMBERS = ['title', 'description'] as const;
const OBJECT_MEMBERS = ['outputSchema', 'annotations'] as const;

/** Without the optional members that are not what MCP says they are: whoever shows or searches tools relies on it. */
function withoutMistyped(tool: UpstreamTool): UpstreamTool {
  const mistyped = new Set<string>([
    ...TEXT_MEMBERS.filter((name) => tool[name] !== undefined && typeof tool[name] !== 'string'),
    ...OBJECT_MEMBERS.filter((name) => tool[name] !== undefined && !isObject(tool[name])),
  ]);
  if (mistyped.size === 0) return tool;
  return Object.fromEntries(Object.entries(tool).filter(([name]) => !mistyped.has(name))) as UpstreamTool;
}

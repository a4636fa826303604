/**
 * Remembers a connection's tool list until it is out of date: told so by the server, past the age that
 * the server gave it, or of unknown age. However often it changes, it is read at most once a second by itself.
 */
import type { Clock } from '../core/clock.js';
import { TOOL_LIST_MAX_AGE_MS, TOOL_LIST_MIN_INTERVAL_MS } from '../core/limits.js';
import type { ReadToolList } from './read-tools.js';
import type { ToolList, UpstreamTool } from './types.js';

export interface ToolCache {
  /** The list, read anew where it is out of date, and always where `refresh` is set; readers at the same time share one reading. */
  list(refresh: boolean): Promise<ToolList>;
  /** A tool of the list in hand, however old. */
  find(name: string): UpstreamTool | undefined;
  /** The server said that its tools changed, or is another than before. */
  markChanged(): void;
  /** Whether the server tells of changes: a list read while it does lasts until it tells. */
  markWatched(isWatched: boolean): void;
}

interface Held {
  readonly list: ReadToolList;
  readonly byName: ReadonlyMap<string, UpstreamTool>;
  readonly readAt: number;
  readonly watched: boolean;
}

/** @param read reads the list from the server. */
export function createToolCache(read: () => Promise<ReadToolList>, clock: Clock): ToolCache {
  let held: Held | undefined;
  let reading: Promise<Held> | undefined;
  let changed = false;
  let watched = false;

  const isCurrent = ({ list, readAt, watched: readWhileWatched }: Held): boolean => {
    if (changed) return false;
    if (watched && readWhileWatched) return true;
    return clock.now() - readAt < (list.ttlMs ?? TOOL_LIST_MAX_AGE_MS);
  };

  const isJustRead = ({ readAt }: Held): boolean => clock.now() - readAt < TOOL_LIST_MIN_INTERVAL_MS;

  const readNow = async (): Promise<Held> => {
    // A change that is told of during the reading counts against its result.
    changed = false;
    const watchedBefore = watched;
    const latest = await read().catch((error: unknown) => {
      changed = true;
      throw error;
    });
    // The same list stays the same array: whoever has made something of it need not do so again.
    const list = { ...latest, tools: sameTools(held?.list.tools, latest.tools) };
    held = {
      list,
      byName: new Map(list.tools.map((tool) => [tool.name, tool])),
      readAt: clock.now(),
      watched: watchedBefore,
    };
    return held;
  };

  return {
    async list(refresh) {
      if (held !== undefined && !refresh && (isJustRead(held) || isCurrent(held))) return shown(held);
      reading ??= readNow().finally(() => {
        reading = undefined;
      });
      return shown(await reading);
    },
    find: (name) => held?.byName.get(name),
    markChanged() {
      changed = true;
    },
    markWatched(isWatched) {
      watched = isWatched;
    },
  };
}

function shown({ list }: Held): ToolList {
  return { tools: list.tools, truncated: list.truncated };
}

/** By their JSON, which takes a quarter of the time that comparing member by member does. */
function sameTools(before: ToolList['tools'] | undefined, now: ToolList['tools']): ToolList['tools'] {
  return before?.length === now.length && JSON.stringify(before) === JSON.stringify(now) ? before : now;
}

/** Reads a server's whole `prompts/list`, bounded in pages and prompts, its definitions left as they are. */
import { isShowable } from '../core/display-text.js';
import { LIST_MAX_PAGES, PROMPT_NAME_MAX_LENGTH, PROMPTS_MAX } from '../core/limits.js';
import { protocolError } from './answers.js';
import type { Session } from './session.js';
import type { CallOptions, UpstreamPrompt } from './types.js';

/**
 * Asks for page after page, as `readTools` does. Entries that are no prompts, and prompts with a name that cannot be
 * shown, are left out; so is what is beyond PROMPTS_MAX prompts or LIST_MAX_PAGES pages.
 */
export async function readPrompts(session: Session, options: CallOptions): Promise<readonly UpstreamPrompt[]> {
  if (!session.hasPrompts) return [];
  const prompts: UpstreamPrompt[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  for (let page = 1; page <= LIST_MAX_PAGES && prompts.length < PROMPTS_MAX; page += 1) {
    const read = await session.request('prompts/list', cursor === undefined ? undefined : { cursor }, options);
    if (!Array.isArray(read['prompts'])) throw protocolError('the server answered prompts/list without prompts');
    prompts.push(...read['prompts'].filter(isUsablePrompt));
    const { nextCursor } = read;
    if (typeof nextCursor !== 'string' || seen.has(nextCursor)) break;
    seen.add(nextCursor);
    cursor = nextCursor;
  }
  return prompts.slice(0, PROMPTS_MAX);
}

function isUsablePrompt(prompt: unknown): prompt is UpstreamPrompt {
  if (prompt === null || typeof prompt !== 'object') return false;
  const { name } = prompt as Readonly<Record<string, unknown>>;
  return typeof name === 'string' && name !== '' && isShowable(name, PROMPT_NAME_MAX_LENGTH);
}

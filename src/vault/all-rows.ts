/** Every record of a store, page by page in key order: what is sealed, not what belongs to the store itself. */
import { STORE_PAGE_ROWS } from '../core/limits.js';
import { HEADER_KEY } from './header-record.js';
import type { Store, WholeRow } from './store.js';
import { UNFINISHED_COPY_KEY } from './unfinished-copy.js';

/** Expired rows, too. What is written behind the reader's back may be met or not. */
export async function* allRows(store: Store): AsyncGenerator<WholeRow, undefined> {
  let after: string | undefined;
  for (;;) {
    const page = await store.page(after, STORE_PAGE_ROWS);
    yield* page.filter(({ key }) => key !== HEADER_KEY && key !== UNFINISHED_COPY_KEY);
    after = page.at(-1)?.key;
    if (page.length < STORE_PAGE_ROWS) return undefined;
  }
}

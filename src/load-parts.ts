/**
 * Loads what is otherwise loaded when it is first used. An update may replace the program's files while it runs, and
 * the parts of the new one fit no old process. One after the other, so that calls come in between.
 */
import { loadSearchParts } from './broker/index.js';
import { loadHttpClient } from './core/dispatchers.js';
import { loadUpstreamParts } from './upstream/index.js';
import { loadWebParts } from './web/index.js';

export async function loadParts(): Promise<void> {
  for (const load of [loadHttpClient, loadUpstreamParts, loadSearchParts, loadWebParts]) await load();
}

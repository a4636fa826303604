/**
 * The tools of several servers in one full-text index (BM25), so that their scores can be compared.
 * A list of tools is indexed once, and anew only where the server's list has become another.
 */
import MiniSearch from 'minisearch';
import { SEARCHED_PARAMETERS_MAX, SEARCHED_TEXT_MAX_LENGTH } from '../core/limits.js';
import type { UpstreamTool } from '../upstream/index.js';
import { searchWords, wholeName } from './search-words.js';

export interface ServerTools {
  /** Of the server, its owner and the account. */
  readonly id: string;
  readonly serverName: string;
  /** The same array for as long as the list is the same. */
  readonly tools: readonly UpstreamTool[];
}

export interface IndexedTool {
  readonly listId: string;
  /** In its list. */
  readonly position: number;
}

/** As MiniSearch gives it: there can be thousands, of which a page is shown. */
export interface Hit {
  readonly id: number;
  /** BM25, over all words that fit. */
  readonly score: number;
  /** The words of the query that fit. */
  readonly queryTerms: readonly string[];
  /** What they were found as. */
  readonly terms: readonly string[];
}

export interface ToolIndex {
  /** Tools that are indexed now. */
  readonly size: number;
  /** Indexes these lists; those of other servers are forgotten where `isComplete`. Returns whether that changed anything. */
  update(lists: readonly ServerTools[], isComplete: boolean): boolean;
  /**
   * Tools that any of the words fits, by their score: it occurs as it is (as `wholeName`: it is the name), or the
   * beginning of another does, or one that differs by a letter.
   */
  search(words: readonly string[]): readonly Hit[];
  /** The tool of a hit of the last search. */
  toolOf(hit: Hit): IndexedTool | undefined;
  /** In how many tools a word occurs as it is. */
  count(word: string): number;
}

interface Document {
  readonly id: number;
  readonly tool: UpstreamTool;
  readonly serverName: string;
}

interface IndexedList {
  readonly tools: readonly UpstreamTool[];
  readonly documents: readonly Document[];
}

type Field = 'name' | 'title' | 'description' | 'parameters' | 'server';

/** What a tool is called says most about it. */
const BOOST: Readonly<Record<Field, number>> = { name: 4, title: 3, description: 1, parameters: 0.5, server: 0.5 };
const FITS_LESS = { prefix: 0.4, fuzzy: 0.2 };
const MAY_BE_BEGUN = /^[^=]{3,}$/u;
/** Long enough that one letter less, more or another does not make it a different word; a number it always does. */
const MAY_BE_MISSPELT = /^\p{L}{5,}$/u;

export function createToolIndex(): ToolIndex {
  const lists = new Map<string, IndexedList>();
  const indexed = new Map<number, IndexedTool>();
  let lastId = 0;
  const index = new MiniSearch<Document>({
    fields: Object.keys(BOOST),
    extractField: (document, field) => (field === 'id' ? document.id : searchedText(document, field as Field)),
    tokenize: (text, field) => indexedWords(text, field === 'name'),
    processTerm: (word) => word,
    searchOptions: { tokenize: (query) => query.split(' '), boost: BOOST, weights: FITS_LESS },
  });

  function add({ id, serverName, tools }: ServerTools): void {
    const documents = tools.map((tool) => {
      lastId += 1;
      return { id: lastId, tool, serverName };
    });
    index.addAll(documents);
    for (const [position, document] of documents.entries()) indexed.set(document.id, { listId: id, position });
    lists.set(id, { tools, documents });
  }

  function forget(id: string): void {
    const { documents } = lists.get(id) ?? {};
    if (documents === undefined) return;
    lists.delete(id);
    for (const document of documents) indexed.delete(document.id);
    // Not `discardAll`, which leaves words behind for a while: they would make the same search come out otherwise.
    index.removeAll([...documents]);
  }

  return {
    get size() {
      return indexed.size;
    },
    update(wanted, isComplete) {
      const ids = new Set(wanted.map(({ id }) => id));
      const gone = isComplete ? [...lists.keys()].filter((id) => !ids.has(id)) : [];
      const changed = wanted.filter(({ id, tools }) => lists.get(id)?.tools !== tools);
      for (const id of [...gone, ...changed.map((list) => list.id)]) forget(id);
      for (const list of changed) add(list);
      return gone.length + changed.length > 0;
    },
    search: (words) =>
      index.search(words.join(' '), {
        prefix: (word) => MAY_BE_BEGUN.test(word),
        fuzzy: (word) => (MAY_BE_MISSPELT.test(word) ? 1 : false),
      }),
    toolOf: ({ id }) => indexed.get(id),
    count(word) {
      const tools = new Set<unknown>();
      const seen = (id: unknown): 0 => {
        tools.add(id);
        // Leaves the tool out: no result has to be made of it.
        return 0;
      };
      index.search(word, { boostDocument: seen });
      return tools.size;
    },
  };
}

function indexedWords(text: string, isName: boolean): string[] {
  const words = searchWords(text).flat();
  return isName ? [...words, wholeName(words)] : words;
}

function searchedText({ tool, serverName }: Document, field: Field): string {
  switch (field) {
    case 'name':
      return tool.name;
    case 'title':
      return bounded(tool.title);
    case 'description':
      return bounded(tool.description);
    case 'parameters':
      return bounded(Object.keys(properties(tool)).slice(0, SEARCHED_PARAMETERS_MAX).join(' '));
    case 'server':
      return serverName;
  }
}

/** A server may send anything in place of a text. */
function bounded(text: unknown): string {
  return typeof text === 'string' ? text.slice(0, SEARCHED_TEXT_MAX_LENGTH) : '';
}

function properties(tool: UpstreamTool): object {
  const { properties: declared } = tool.inputSchema;
  return typeof declared === 'object' && declared !== null ? declared : {};
}

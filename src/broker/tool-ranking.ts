/**
 * Which tools a query finds, best first. How much of the query a tool answers comes first, a rare word counting for
 * more than a frequent one, and one that occurs as it is for more than one that is only begun or misspelt;
 * among those that answer the same, BM25 decides, and then the order in which their servers list them.
 */
import type { UpstreamTool } from '../upstream/index.js';
import { searchWords, wholeName } from './search-words.js';
import { createToolIndex, type Hit, type ServerTools } from './tool-index.js';

export interface Candidate {
  readonly serverName: string;
  readonly tool: UpstreamTool;
}

export interface ToolRanking {
  /**
   * The tools of `lists` that answer at least half of the query; all of them where it has no words.
   * @param isComplete the lists are all that there are: others are forgotten.
   */
  rank(lists: readonly ServerTools[], query: string, isComplete: boolean): readonly Candidate[];
}

interface WeighedWord {
  readonly word: string;
  readonly weight: number;
  /** Good where it fits, and no loss where it does not. */
  readonly isWholeName: boolean;
}

const MIN_ANSWERED_SHARE = 0.5;
const PREFIX_VALUE = 0.5;
const FUZZY_VALUE = 0.25;
/** Below this many tools every word is looked for. */
const MANY_TOOLS = 500;
const RANKINGS_KEPT_MAX = 16;

export function createToolRanking(): ToolRanking {
  const index = createToolIndex();
  /** Of the last queries, since an agent that turns pages asks again and again. */
  const rankings = new Map<string, readonly Candidate[]>();

  /** Of many tools, a word that most of them have tells none apart, and takes the longest to look for. */
  function tellingWords(words: readonly string[]): readonly string[] {
    if (words.length === 1 || index.size < MANY_TOOLS) return words;
    const counted = words.map((word) => ({ word, count: index.count(word) }));
    const most = Math.max(index.size / 2, Math.min(...counted.map(({ count }) => count)));
    return counted.filter(({ count }) => count <= most).map(({ word }) => word);
  }

  return {
    rank(lists, query, isComplete) {
      const runs = searchWords(query);
      if (runs.length === 0) return lists.flatMap(candidatesOf);
      if (index.update(lists, isComplete) || rankings.size >= RANKINGS_KEPT_MAX) rankings.clear();
      const key = JSON.stringify([query, ...lists.map(({ id }) => id)]);
      const ranking = rankings.get(key) ?? candidatesFor(runs, lists);
      rankings.set(key, ranking);
      return ranking;
    },
  };

  function candidatesFor(runs: readonly (readonly string[])[], lists: readonly ServerTools[]): readonly Candidate[] {
    const words = tellingWords([...new Set(runs.flat())]);
    const names = [...new Set(runs.filter((parts) => parts.length > 1 || runs.length === 1).map(wholeName))];
    const hits = index.search([...words, ...names]);
    const answers = answersAmong(hits, weighed(words, names, hits, index.size), lists);
    return answers.sort(byRank).flatMap(({ list: { serverName, tools }, position }) => {
      const tool = tools[position];
      return tool === undefined ? [] : [{ serverName, tool }];
    });
  }

  function answersAmong(hits: readonly Hit[], words: readonly WeighedWord[], lists: readonly ServerTools[]): Answer[] {
    const asked = words.reduce((sum, { weight, isWholeName }) => (isWholeName ? sum : sum + weight), 0);
    const orders = new Map(lists.map((list, order) => [list.id, { list, order }]));
    const answers: Answer[] = [];
    for (const hit of hits) {
      const indexed = index.toolOf(hit);
      const listed = indexed === undefined ? undefined : orders.get(indexed.listId);
      if (indexed === undefined || listed === undefined) continue;
      const { share, answered } = answerOf(hit, words);
      if (share < asked * MIN_ANSWERED_SHARE) continue;
      const { list, order } = listed;
      answers.push({ list, order, position: indexed.position, answered, score: hit.score });
    }
    return answers;
  }
}

function candidatesOf({ serverName, tools }: ServerTools): readonly Candidate[] {
  return tools.map((tool) => ({ serverName, tool }));
}

/** The fewer tools have a word, the more it tells (inverse document frequency); one that none has counts as the rarest. */
function weighed(
  words: readonly string[],
  names: readonly string[],
  hits: readonly Hit[],
  toolCount: number,
): readonly WeighedWord[] {
  const counts = new Map<string, number>();
  for (const hit of hits) for (const word of hit.queryTerms) counts.set(word, (counts.get(word) ?? 0) + 1);
  const weightOf = (count: number): number => Math.log(1 + (toolCount - count + 0.5) / (count + 0.5));
  const rarest = Math.min(...words.map((word) => counts.get(word) ?? toolCount));
  return [
    ...words.map((word) => ({ word, weight: weightOf(counts.get(word) ?? rarest), isWholeName: false })),
    ...names.map((word) => ({ word, weight: weightOf(counts.get(word) ?? toolCount), isWholeName: true })),
  ];
}

interface Answer {
  readonly list: ServerTools;
  /** Of the list among the lists. */
  readonly order: number;
  /** Of the tool in its list. */
  readonly position: number;
  /** Of the query, by the weight of its words. */
  readonly answered: number;
  readonly score: number;
}

/** Always in the order of the words, so that equal answers are equal to the last bit. */
function answerOf(hit: Hit, words: readonly WeighedWord[]): { readonly share: number; readonly answered: number } {
  let share = 0;
  let answered = 0;
  for (const { word, weight, isWholeName } of words) {
    if (!hit.queryTerms.includes(word)) continue;
    if (!isWholeName) share += weight;
    answered += weight * fitOf(word, hit.terms);
  }
  return { share, answered };
}

function fitOf(word: string, foundAs: readonly string[]): number {
  if (foundAs.includes(word)) return 1;
  return foundAs.some((found) => found.startsWith(word)) ? PREFIX_VALUE : FUZZY_VALUE;
}

function byRank(a: Answer, b: Answer): number {
  return b.answered - a.answered || b.score - a.score || a.order - b.order || a.position - b.position;
}

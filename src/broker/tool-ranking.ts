/**
 * Which tools hold the words of a query, best first. What of a tool is looked through is worked out once, and kept
 * for as long as its definition is.
 */
import type { UpstreamTool } from '../upstream/index.js';

export interface Candidate {
  readonly serverName: string;
  readonly tool: UpstreamTool;
}

/** In lower case. */
interface SearchedText {
  readonly name: string;
  /** Description and names of parameters. */
  readonly rest: string;
}

const IN_NAME_SCORE = 2;
const ELSEWHERE_SCORE = 1;

const searchedTexts = new WeakMap<UpstreamTool, SearchedText>();

/** Tools in which every word occurs (or of whose server's name it is part), those with more of them in the name first; all where there are no words. */
export function rankedTools(candidates: readonly Candidate[], query: string): readonly Candidate[] {
  const words = query
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
  if (words.length === 0) return candidates;
  const ranked: { readonly candidate: Candidate; readonly rank: number }[] = [];
  for (const candidate of candidates) {
    const rank = rankOf(candidate, words);
    if (rank > 0) ranked.push({ candidate, rank });
  }
  return ranked.sort((a, b) => b.rank - a.rank).map(({ candidate }) => candidate);
}

/** 0 where a word is missing. */
function rankOf({ serverName, tool }: Candidate, words: readonly string[]): number {
  const text = searchedText(tool);
  let rank = 0;
  for (const word of words) {
    if (text.name.includes(word)) rank += IN_NAME_SCORE;
    else if (text.rest.includes(word) || serverName.toLowerCase().includes(word)) rank += ELSEWHERE_SCORE;
    else return 0;
  }
  return rank;
}

function searchedText(tool: UpstreamTool): SearchedText {
  const known = searchedTexts.get(tool);
  if (known !== undefined) return known;
  const text = {
    name: `${tool.name} ${tool.title ?? ''}`.toLowerCase(),
    rest: `${tool.description ?? ''} ${Object.keys(parameters(tool)).join(' ')}`.toLowerCase(),
  };
  searchedTexts.set(tool, text);
  return text;
}

function parameters(tool: UpstreamTool): object {
  const properties = tool.inputSchema['properties'];
  return typeof properties === 'object' && properties !== null ? properties : {};
}

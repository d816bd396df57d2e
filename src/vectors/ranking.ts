import type { Arena } from './arena.js';
import type { Wanted } from './engine.js';
import type { Match } from './vectors.js';

/** Rows with their scores, best first where nothing else is said. */
export interface Hits {
  ordinals: Uint32Array;
  scores: Float32Array;
}

/** Highest cosine first, of equal ones the lower key first: the same on every machine and in every run. */
export const byRank = (a: Match, b: Match): number =>
  b.cosine - a.cosine || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

/** Names and orders hits by the arena's keys as they are now; free rows are left out. */
export function rank(arena: Arena, { ordinals, scores }: Hits): Match[] {
  const matches: Match[] = [];
  for (const [i, ordinal] of ordinals.entries()) {
    const key = arena.keyAt(ordinal);
    if (key !== undefined) matches.push({ key, cosine: scores[i]! });
  }
  return matches.toSorted(byRank);
}

/** Scores the proposed rows as the arena holds them now; every ordinal at most once. */
export function score(
  arena: Arena,
  { query, minCosine }: Wanted,
  proposed: Iterable<number>,
): Match[] {
  const ordinals = Uint32Array.from(
    [...proposed].filter((ordinal) => arena.keyAt(ordinal) !== undefined),
  );
  const scores = arena.scores(query, ordinals);
  return rank(arena, { ordinals, scores }).filter(({ cosine }) => cosine >= minCosine);
}

/** Merges two lists of hits, both best first, into the best `limit`. Of equal scores `a`'s come first. */
export function merge(a: Hits, b: Hits, limit: number): Hits {
  const size = Math.min(limit, a.scores.length + b.scores.length);
  const merged = { ordinals: new Uint32Array(size), scores: new Float32Array(size) };
  for (let at = 0, i = 0, j = 0; at < size; at++) {
    const takeA = j === b.scores.length || (i < a.scores.length && a.scores[i]! >= b.scores[j]!);
    merged.ordinals[at] = takeA ? a.ordinals[i]! : b.ordinals[j]!;
    merged.scores[at] = takeA ? a.scores[i++]! : b.scores[j++]!;
  }
  return merged;
}

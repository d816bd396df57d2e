import type { Arena } from './arena.js';
import type { Allowed, Engine, Hits } from './engine.js';
import type { Match } from './vectors.js';

/** Who is wanted. */
export interface Wanted {
  /** Unit length, the arena's dimension. */
  query: Float32Array;
  /** At most this many matches; at least 1. */
  limit: number;
  /** Matches below this cosine are left out. */
  minCosine: number;
  /** A key that must not be found. */
  exclude?: string;
  /** Only these keys may be found; undefined: all. */
  only?: ReadonlySet<string>;
}

/**
 * The best matches, highest cosine first, of equal ones the lower key first: the same on every machine and
 * in every run, and as of the end of the search. Rows are named from the arena after the last wait; those
 * written meanwhile are scored then, those removed are left out.
 */
export async function search(arena: Arena, engine: Engine, wanted: Wanted): Promise<Match[]> {
  const { query, limit, minCosine, exclude, only } = wanted;
  const wants = (key: string): boolean => key !== exclude && (only?.has(key) ?? true);
  // One more than wanted shows whether the last place is shared: then a lower key may stand beyond the cut.
  for (let size = limit + (exclude === undefined ? 1 : 2); ; size *= 4) {
    const watch = arena.watch();
    try {
      const allowed = only && allowedOf(arena, only);
      const probe = { query, limit: size, floor: minCosine, ...(allowed && { allowed }) };
      const found = engine.find(probe);
      const hits = found instanceof Promise ? await found : found;
      const matches = named(arena, hits, wants);
      const fresh = freshHits(arena, wanted, hits, watch.written());
      if (fresh) matches.push(...named(arena, fresh, wants));
      matches.sort(byRank);
      // Rows that were not found score this at most; undefined: there are none.
      const beyond = hits.scores.length === size ? hits.scores[size - 1]! : undefined;
      const last = matches[limit - 1];
      if (beyond === undefined || (last && last.cosine > beyond)) return matches.slice(0, limit);
    } finally {
      watch.end();
    }
  }
}

/** Rows that were written since the search began, where there are any. */
function freshHits(
  arena: Arena,
  { query, minCosine }: Wanted,
  { ordinals }: Hits,
  written: readonly number[],
): Hits | undefined {
  if (written.length === 0) return undefined;
  const found = new Set(ordinals);
  const fresh = Uint32Array.from(new Set(written.filter((ordinal) => !found.has(ordinal))));
  const scores = arena.table.score(query, fresh);
  const reaches = (_: number, at: number): boolean => scores[at]! >= minCosine;
  return { ordinals: fresh.filter(reaches), scores: scores.filter(reaches) };
}

function named(arena: Arena, { ordinals, scores }: Hits, wants: (key: string) => boolean): Match[] {
  const matches: Match[] = [];
  for (let i = 0; i < ordinals.length; i++) {
    const key = arena.keyAt(ordinals[i]!);
    if (key !== undefined && wants(key)) matches.push({ key, cosine: scores[i]! });
  }
  return matches;
}

const byRank = (a: Match, b: Match): number =>
  b.cosine - a.cosine || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

function allowedOf(arena: Arena, keys: ReadonlySet<string>): Allowed {
  const bits = new Uint8Array(Math.ceil(arena.end / 8));
  let count = 0;
  for (const key of keys) {
    const ordinal = arena.ordinalOf(key);
    if (ordinal === undefined) continue;
    bits[ordinal >> 3]! |= 1 << (ordinal & 7);
    count++;
  }
  return { bits, count };
}

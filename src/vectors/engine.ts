import type { Match } from './vectors.js';

/** What to look for in one arena. */
export interface Wanted {
  /** Unit length, the arena's dimension. */
  query: Float32Array;
  /** At most this many matches; at least 1. */
  limit: number;
  /** Matches below this cosine are left out. */
  minCosine: number;
}

/**
 * A way to search one arena. The arena is the truth: an engine that keeps anything beside it is told of
 * every change, and whatever it proposes is scored and named from the arena after the last wait, so that
 * a match is always a key that is there with the cosine it has then.
 */
export interface Engine {
  /** As in the configuration: `exact`, `hnsw`, `hnswlib`. */
  readonly name: string;
  /** The best matches, highest cosine first, of equal ones the lower key first. */
  search(wanted: Wanted): Promise<Match[]>;
  /** A row was written: a new key, or another vector for the key at this ordinal. */
  written(ordinal: number): void;
  /** A row was freed. */
  freed(ordinal: number): void;
  /** Lets go of everything kept beside the arena. Searches under way still answer. */
  close(): void;
}

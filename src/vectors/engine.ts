import type { EngineName } from '../domain/search-settings.js';

/** What to look for in one arena. */
export interface Probe {
  /** Unit length, the arena's dimension. */
  query: Float32Array;
  /** At most this many rows; at least 1. */
  limit: number;
  /** Rows below this score are left out. */
  floor: number;
  /** Where not all rows may be found. */
  allowed?: Allowed;
}

export interface Allowed {
  /** Bit o % 8 of byte o / 8 is 1 where ordinal o may be found. */
  bits: Uint8Array;
  /** How many may. */
  count: number;
}

/** Rows with their exact scores, best first. */
export interface Hits {
  ordinals: Uint32Array;
  scores: Float32Array;
}

/**
 * A way to search one arena, which is the truth: an engine that keeps anything beside it is told of every
 * change. The ordinals it returns are to be named after the last wait (see searching.ts).
 */
export interface Engine {
  readonly name: Exclude<EngineName, 'auto'>;
  /** Rows it has yet to take in; searches take them into account all the same. */
  readonly pending: number;
  /**
   * The best rows by their exact scores. Of rows written or freed while it runs each may be found or not.
   * Rejects with a ThrottlingException where too much is asked at once.
   */
  find(probe: Probe): Hits | Promise<Hits>;
  /** A row was written. */
  written(ordinal: number): void;
  /**
   * A row was removed. True when the engine still has to do with its place; then the engine releases it
   * later, else the caller does.
   */
  freed(ordinal: number): boolean;
  /** Lets go of everything kept beside the arena. Searches under way still answer. */
  close(): void;
}

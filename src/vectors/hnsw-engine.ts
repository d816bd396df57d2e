import { ApiError } from '../errors.js';
import type { Arena } from './arena.js';
import type { Engine, Wanted } from './engine.js';
import { score } from './ranking.js';
import type { Log, Match } from './vectors.js';

/** How a graph is built and searched. */
export interface GraphSettings {
  /** Links a row and level, by how many rows there are when it is built. */
  m: (rows: number) => number;
  /** Candidates looked at for an insert. */
  efConstruction: number;
  /** Candidates a search asks for at least, by how many rows there are. */
  candidates: (rows: number) => number;
  /** A search that needs more than this share of all rows as candidates is scanned: that is cheaper. */
  maxShare: number;
  /** With more rows than this waiting to be inserted, searches are scanned. */
  maxPending: number;
}

export interface Proposal {
  /**
   * Ordinals of rows that have been the same since before the search, nearest first; those that cannot be
   * among the matches may be left out.
   */
  near: number[];
  /** Ordinals that may be anything: rows pending when the graph was asked, written again or freed since. */
  others: number[];
  /** True when rows were left out of `near`: whatever is farther away is no match either. */
  beyond: boolean;
}

/** A graph over an arena, told of every change of its rows. */
export interface ProposingGraph {
  /** Links a row and level. */
  readonly m: number;
  /** Rows not in the graph yet. */
  readonly pending: number;
  /** Vectors taken in so far, those that are gone included, and the share of these. */
  readonly size: number;
  readonly deletedShare: number;
  written(ordinal: number): void;
  freed(ordinal: number): void;
  /**
   * About the `count` nearest rows of the graph, and everything it cannot speak for. Rejects where it has
   * failed, with an ApiError where too much is asked of it.
   */
  propose(wanted: Wanted, count: number): Promise<Proposal>;
  close(): void;
}

/** Beyond this share of dead labels a new graph is built beside the old one. */
const MAX_DELETED_SHARE = 0.25;
/** Below this many labels dead ones cost nothing worth a new graph. */
const MIN_COMPACTED = 1000;

/**
 * Searches with a larger limit are nearly always bounded by their lowest cosine: they start with as many
 * candidates as this limit needs and ask for more only while all of them are matches.
 */
const USUAL_LIMIT = 256;

/**
 * A search follows at least this many candidates for each match it returns. With 3 it missed 7 % of the
 * matches of strangers where 100,000 rows held 200 matches for a query.
 */
const CANDIDATES_PER_MATCH = 8;

/** Waits before a graph that failed is built anew; after the last one the collection is scanned. */
const RETRY_MS = [1_000, 10_000, 60_000, 600_000] as const;

/** Makes the graphs of one engine; each is told when nothing is pending any more, or why it is unusable. */
export interface GraphMaker {
  /** As in the configuration: `hnsw`, `hnswlib`. */
  readonly name: string;
  readonly settings: GraphSettings;
  newGraph(
    arena: Arena,
    settings: GraphSettings,
    onIdle: (error?: unknown) => void,
  ): ProposingGraph;
}

/**
 * Searches a graph and scores what it proposes against the arena. While the graph cannot answer (being
 * built, behind by too many rows, failed) the exact engine does.
 */
export class GraphEngine implements Engine {
  readonly name: string;
  readonly #arena: Arena;
  readonly #exact: Engine;
  readonly #maker: GraphMaker;
  readonly #settings: GraphSettings;
  readonly #log: Log;
  #serving: ProposingGraph | undefined;
  /** The graph that replaces #serving once it is complete. */
  #next: ProposingGraph | undefined;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    arena: Arena,
    tools: { exact: Engine; maker: GraphMaker; settings?: GraphSettings; log: Log },
  ) {
    this.name = tools.maker.name;
    this.#arena = arena;
    this.#exact = tools.exact;
    this.#maker = tools.maker;
    this.#settings = tools.settings ?? tools.maker.settings;
    this.#log = tools.log;
    this.#rebuild();
  }

  get pending(): number {
    return (this.#next ?? this.#serving)?.pending ?? 0;
  }

  async search(wanted: Wanted): Promise<Match[]> {
    return (await this.#searchGraph(wanted)) ?? this.#exact.search(wanted);
  }

  written(ordinal: number): void {
    this.#serving?.written(ordinal);
    this.#next?.written(ordinal);
  }

  freed(ordinal: number): void {
    this.#serving?.freed(ordinal);
    this.#next?.freed(ordinal);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#serving?.close();
    this.#next?.close();
    this.#serving = this.#next = undefined;
  }

  /** Undefined when a scan is needed or cheaper. */
  async #searchGraph(wanted: Wanted): Promise<Match[] | undefined> {
    const { candidates, maxShare, maxPending } = this.#settings;
    const rows = this.#arena.count;
    let count = Math.max(2 * Math.min(wanted.limit, USUAL_LIMIT) + 64, candidates(rows));
    while (count <= rows * maxShare) {
      const graph = this.#serving;
      if (!graph || graph.pending > maxPending) return undefined;
      const proposed = await graph.propose(wanted, count).catch(overloaded);
      if (!proposed) return undefined;
      const matches = score(this.#arena, wanted, new Set([...proposed.near, ...proposed.others]));
      const needed = CANDIDATES_PER_MATCH * Math.min(wanted.limit, matches.length);
      if (count >= needed && this.#isEnough(wanted, proposed, matches))
        return matches.slice(0, wanted.limit);
      count = Math.max(count * 2, needed);
    }
    return undefined;
  }

  /**
   * Whether candidates farther away could not be among the matches: more were found than asked for, the
   * last place not shared with the farthest, or the graph has gone below the lowest cosine wanted.
   */
  #isEnough(
    { limit, query, minCosine }: Wanted,
    { near, beyond }: Proposal,
    matches: Match[],
  ): boolean {
    if (beyond) return true;
    const last = matches[limit - 1];
    if (last && matches.length > limit && last.cosine > matches.at(-1)!.cosine) return true;
    const farthest = near.at(-1);
    if (farthest === undefined) return false;
    return this.#arena.scores(query, Uint32Array.of(farthest))[0]! < minCosine;
  }

  #rebuild(): void {
    try {
      const graph: ProposingGraph = this.#maker.newGraph(this.#arena, this.#settings, (error) =>
        error === undefined ? this.#idle(graph) : this.#failed(graph, error),
      );
      if (this.#serving) this.#next = graph;
      else this.#serving = graph;
    } catch (error) {
      this.#failed(undefined, error);
    }
  }

  #idle(graph: ProposingGraph): void {
    this.#failures = 0;
    if (graph === this.#next) {
      this.#serving?.close();
      this.#serving = graph;
      this.#next = undefined;
    }
    const worn = graph.deletedShare > MAX_DELETED_SHARE && graph.size > MIN_COMPACTED;
    // A collection that has outgrown the links of its graph is given one with more.
    const outgrown = graph.m < this.#settings.m(this.#arena.count);
    if ((worn || outgrown) && !this.#next) this.#rebuild();
  }

  #failed(graph: ProposingGraph | undefined, error: unknown): void {
    if (this.#closed) return;
    if (graph !== this.#next) this.#serving = this.#next;
    this.#next = undefined;
    const retryMs = RETRY_MS[this.#failures++];
    this.#log('a search graph failed; searches scan instead', { error, retryMs });
    if (retryMs === undefined) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      if (!this.#serving) this.#rebuild();
    }, retryMs).unref();
  }
}

/** A caller is told when too much is asked of the graph; any other failure is answered by a scan. */
function overloaded(error: unknown): undefined {
  if (error instanceof ApiError) throw error;
  return undefined;
}

import type { Arena } from './arena.js';
import type { Engine, Wanted } from './engine.js';
import { Graph, type GraphSettings } from './hnswlib-graph.js';
import type { HnswlibHost } from './hnswlib-host.js';
import { score } from './ranking.js';
import type { Log, Match } from './vectors.js';

/**
 * Chosen for recall on synthetic face-like vectors: of 100,000 rows at 128 dimensions, 160 candidates
 * missed none of 2,500 faces of the same person.
 */
export const GRAPH_SETTINGS: GraphSettings = {
  m: 16,
  efConstruction: 200,
  candidates: (rows) =>
    rows <= 100_000 ? 160 : rows <= 300_000 ? 256 : rows <= 1_000_000 ? 400 : 640,
  maxShare: 1 / 64,
  maxPending: 4096,
};

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

/**
 * Searches a hnswlib graph in the worker thread and scores what it proposes against the arena. While
 * the graph cannot answer (being built, behind by too many rows, failed) the exact engine does.
 */
export class HnswlibEngine implements Engine {
  readonly name = 'hnswlib';
  readonly #arena: Arena;
  readonly #exact: Engine;
  readonly #host: HnswlibHost;
  readonly #settings: GraphSettings;
  readonly #log: Log;
  #serving: Graph | undefined;
  /** The graph that replaces #serving once it is complete. */
  #next: Graph | undefined;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    arena: Arena,
    tools: { exact: Engine; host: HnswlibHost; settings?: GraphSettings; log: Log },
  ) {
    this.#arena = arena;
    this.#exact = tools.exact;
    this.#host = tools.host;
    this.#settings = tools.settings ?? GRAPH_SETTINGS;
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
      const proposed = await graph.propose(wanted.query, count).catch(() => undefined);
      if (!proposed) return undefined;
      const matches = score(this.#arena, wanted, new Set([...proposed.near, ...proposed.others]));
      const needed = CANDIDATES_PER_MATCH * Math.min(wanted.limit, matches.length);
      if (count >= needed && this.#isEnough(wanted, proposed.near, matches))
        return matches.slice(0, wanted.limit);
      count = Math.max(count * 2, needed);
    }
    return undefined;
  }

  /**
   * Whether candidates farther away could not be among the matches: more were found than asked for, the
   * last place not shared with the farthest, or the graph has gone below the lowest cosine wanted.
   */
  #isEnough({ limit, query, minCosine }: Wanted, near: number[], matches: Match[]): boolean {
    const last = matches[limit - 1];
    if (last && matches.length > limit && last.cosine > matches.at(-1)!.cosine) return true;
    const farthest = near.at(-1);
    if (farthest === undefined) return false;
    return this.#arena.scores(query, Uint32Array.of(farthest))[0]! < minCosine;
  }

  #rebuild(): void {
    try {
      const graph: Graph = new Graph(this.#arena, this.#host, this.#settings, (error) =>
        error === undefined ? this.#idle(graph) : this.#failed(graph, error),
      );
      if (this.#serving) this.#next = graph;
      else this.#serving = graph;
    } catch (error) {
      this.#failed(undefined, error);
    }
  }

  #idle(graph: Graph): void {
    this.#failures = 0;
    if (graph === this.#next) {
      this.#serving?.close();
      this.#serving = graph;
      this.#next = undefined;
    }
    const worn = graph.deletedShare > MAX_DELETED_SHARE && graph.size > MIN_COMPACTED;
    if (worn && !this.#next) this.#rebuild();
  }

  #failed(graph: Graph | undefined, error: unknown): void {
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

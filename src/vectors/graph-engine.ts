import { ApiError } from '../errors.js';
import type { Arena } from './arena.js';
import type { Engine, Hits, Probe } from './engine.js';
import type { GraphParts } from './snapshot-state.js';
import type { NativeGraph } from './table.js';
import type { Log } from './vectors.js';

/** How a graph is built and searched. */
export interface GraphSettings {
  /** Links a row and level, by how many rows of which dimension there are when it is built. */
  m: (rows: number, dimension: number) => number;
  /** Candidates looked at for an insert. */
  efConstruction: number;
  /** Candidates a search asks for at least, by how many rows there are. */
  candidates: (rows: number) => number;
  /**
   * A search that needs more than this share of all rows as candidates is scanned: that is cheaper.
   * `measured`: as the searches so far have shown.
   */
  maxShare: number | 'measured';
  /** With more rows than this waiting to be inserted, searches are scanned. */
  maxPending: number;
}

/** A search that a graph is to lead. */
export interface Led extends Probe {
  /** Candidates it begins with; it goes on with more while farther ones could be among the hits. */
  ef: number;
  /** With more than this it gives up. */
  most: number;
}

/** A graph over an arena, told of every change of its rows. */
export interface GrowingGraph {
  /** Links a row and level. */
  readonly m: number;
  /** What a snapshot can keep of it. */
  readonly native?: NativeGraph;
  /** Rows not in the graph yet. */
  readonly pending: number;
  /** Rows taken in so far, removed ones among them, and how many these are. */
  readonly size: number;
  readonly dead: number;
  /** The share of all rows that costs as much as a scan to look at as candidates. */
  readonly worthwhileShare: number;
  /**
   * The best rows, of the graph or pending, with their exact scores; undefined when that takes more than
   * `most` candidates, or when rows could be among them that are near by chance alone. Rejects where it has failed, with an ApiError where too much is asked of it.
   */
  find(led: Led): Hits | undefined | Promise<Hits | undefined>;
  written(ordinal: number): void;
  freed(ordinal: number): void;
  /** Those of these places, in this order, that the graph has nothing to do with. */
  without(ordinals: Uint32Array): Uint32Array;
  close(): void;
}

/** Beyond this share of removed rows a new graph is built beside the old one. */
const MAX_DEAD_SHARE = 0.25;
/** Below this many rows removed ones cost nothing worth a new graph. */
const MIN_COMPACTED = 1000;

/**
 * Searches with a larger limit are nearly always bounded by their lowest cosine: they start with as many
 * candidates as this limit needs and ask for more only while all of them are matches.
 */
const USUAL_LIMIT = 256;

/**
 * A search follows at least this many candidates for each match it returns, so that most of them are near by
 * chance alone and tell how far chance reaches.
 */
export const CANDIDATES_PER_MATCH = 8;

/**
 * The score up to which rows may be that are near by chance alone, as native/graph/graph_search.cc says it:
 * five decades beyond the farthest candidate, as the scores of the last three quarters fall off.
 */
export const reachOfChance = (farthest: number, quarter: number): number =>
  farthest + (5 * (quarter - farthest)) / Math.log10(4);

/** The most candidates a graph can be asked for. */
const MAX_CANDIDATES = 65_536;

/** Where few rows may be found, looking at just these is cheaper than looking for them. */
const FEW_ALLOWED = 32_768;
const FEW_ALLOWED_SHARE = 1 / 8;

/** Waits before a graph that failed is built anew; after the last one the collection is scanned. */
const RETRY_MS = [1_000, 10_000, 60_000, 600_000] as const;

/** Where graphs hardly ever answer, because the matches that are asked for are near by chance, one search in so many tries. */
const TRIAL = 16;
/** The share of searches answered below which that is so, and the weight of the newest. */
const HARDLY_EVER = 0.1;
const NEWEST = 0.1;

/** Makes the graphs of one engine; each is told when nothing is pending any more, or why it is unusable. */
export interface GraphMaker {
  readonly name: 'hnsw' | 'hnswlib';
  readonly settings: GraphSettings;
  newGraph(arena: Arena, settings: GraphSettings, onIdle: (error?: unknown) => void): GrowingGraph;
  /** Takes over a graph read from a snapshot. */
  adopt?(arena: Arena, parts: GraphParts, onIdle: (error?: unknown) => void): GrowingGraph;
}

/**
 * Searches a graph. While the graph cannot answer (being built, behind by too many rows, failed) or is no
 * cheaper, the flat engine does. A graph with too many removed rows, or too few links for what it has grown
 * to, is replaced by a new one, built beside it.
 */
export class GraphEngine implements Engine {
  readonly name: GraphMaker['name'];
  readonly #arena: Arena;
  readonly #flat: Engine;
  readonly #maker: GraphMaker;
  readonly #settings: GraphSettings;
  readonly #log: Log;
  #serving: GrowingGraph | undefined;
  /** The graph that replaces #serving once it is complete. */
  #next: GrowingGraph | undefined;
  /** Places of removed rows that #serving or #next still has to do with. */
  #held: number[] = [];
  #failures = 0;
  /** The share of searches that graphs have answered of late. */
  #answered = 1;
  #untried = 0;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    arena: Arena,
    tools: {
      flat: Engine;
      maker: GraphMaker;
      settings?: GraphSettings;
      log: Log;
      restored?: GraphParts | undefined;
    },
  ) {
    this.name = tools.maker.name;
    this.#arena = arena;
    this.#flat = tools.flat;
    this.#maker = tools.maker;
    this.#settings = tools.settings ?? tools.maker.settings;
    this.#log = tools.log;
    if (tools.restored) this.#held = tools.restored.held;
    this.#rebuild(tools.restored);
  }

  get pending(): number {
    return (this.#next ?? this.#serving)?.pending ?? 0;
  }

  /** What a snapshot can keep of the graph that searches use. */
  get native(): NativeGraph | undefined {
    return this.#serving?.native;
  }

  find(probe: Probe): Hits | Promise<Hits> {
    const { candidates, maxShare, maxPending } = this.#settings;
    const rows = this.#arena.count;
    const graph = this.#serving;
    const ef = Math.max(2 * Math.min(probe.limit, USUAL_LIMIT) + 64, candidates(rows));
    const share = maxShare === 'measured' ? (graph?.worthwhileShare ?? 0) : maxShare;
    const most = Math.min(MAX_CANDIDATES, Math.floor(rows * share));
    const few = Math.max(FEW_ALLOWED, rows * FEW_ALLOWED_SHARE);
    if (!graph || graph.pending > maxPending || ef > most) return this.#flat.find(probe);
    if (probe.allowed && probe.allowed.count < few) return this.#flat.find(probe);
    if (this.#answered < HARDLY_EVER && ++this.#untried % TRIAL !== 0)
      return this.#flat.find(probe);
    return this.#lead(graph, { ...probe, ef, most });
  }

  written(ordinal: number): void {
    this.#serving?.written(ordinal);
    this.#next?.written(ordinal);
    this.#startAnew();
  }

  freed(ordinal: number): boolean {
    this.#serving?.freed(ordinal);
    this.#next?.freed(ordinal);
    if (!this.#serving && !this.#next) return false;
    this.#held.push(ordinal);
    return true;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#serving?.close();
    this.#next?.close();
    this.#serving = this.#next = undefined;
    this.#letGo();
  }

  async #lead(graph: GrowingGraph, led: Led): Promise<Hits> {
    const { query, limit, floor, allowed } = led;
    let hits: Hits | undefined;
    try {
      hits = await graph.find(led);
      this.#answered += NEWEST * (Number(hits !== undefined) - this.#answered);
    } catch (error) {
      // A caller is told when too much is asked; any other failure is answered by a scan.
      if (error instanceof ApiError) throw error;
    }
    return hits ?? this.#flat.find({ query, limit, floor, ...(allowed && { allowed }) });
  }

  /** Builds a graph, or takes over one that was built. */
  #rebuild(restored?: GraphParts): void {
    const onIdle = (error?: unknown): void =>
      error === undefined ? this.#idle(graph) : this.#failed(graph, error);
    let graph: GrowingGraph;
    try {
      const adopted = restored && this.#maker.adopt?.(this.#arena, restored, onIdle);
      graph = adopted ?? this.#maker.newGraph(this.#arena, this.#settings, onIdle);
      if (this.#serving) this.#next = graph;
      else this.#serving = graph;
    } catch (error) {
      this.#failed(undefined, error);
    }
  }

  #idle(graph: GrowingGraph): void {
    this.#failures = 0;
    if (graph === this.#next) {
      this.#serving?.close();
      this.#serving = graph;
      this.#next = undefined;
      this.#letGo();
    }
    const worn = graph.dead > graph.size * MAX_DEAD_SHARE && graph.size > MIN_COMPACTED;
    if ((worn || this.#outgrown(graph)) && !this.#next) this.#rebuild();
  }

  /** A collection that has outgrown the links of its graph is given one with more. */
  #outgrown({ m }: GrowingGraph): boolean {
    return m < this.#settings.m(this.#arena.count, this.#arena.dimension);
  }

  /** While a collection is loaded it outgrows a graph that has hardly begun: that one is not finished first. */
  #startAnew(): void {
    const graph = this.#next ?? this.#serving;
    if (!graph || !this.#outgrown(graph)) return;
    if (graph.size - graph.pending > this.#arena.count / 2) return;
    if (graph === this.#next) this.#next = undefined;
    else this.#serving = undefined;
    graph.close();
    this.#letGo();
    this.#rebuild();
  }

  #failed(graph: GrowingGraph | undefined, error: unknown): void {
    if (this.#closed) return;
    if (graph !== this.#next) this.#serving = this.#next;
    this.#next = undefined;
    this.#letGo();
    const retryMs = RETRY_MS[this.#failures++];
    this.#log('a search graph failed; searches scan instead', { error, retryMs });
    if (retryMs === undefined) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      if (!this.#serving) this.#rebuild();
    }, retryMs).unref();
  }

  /** Releases the places that no graph has to do with any more. */
  #letGo(): void {
    let free: Uint32Array = Uint32Array.from(this.#held);
    for (const graph of [this.#serving, this.#next]) if (graph) free = graph.without(free);
    if (free.length === 0) return;
    // `without` keeps the order.
    let next = 0;
    const kept: number[] = [];
    for (const ordinal of this.#held)
      if (ordinal === free[next]) next++;
      else kept.push(ordinal);
    this.#held = kept;
    this.#arena.release(free);
  }
}

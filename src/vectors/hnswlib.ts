import type { Arena } from './arena.js';
import type { Engine } from './engine.js';
import { GraphEngine, type GraphMaker, type GraphSettings } from './hnsw-engine.js';
import { Graph } from './hnswlib-graph.js';
import type { HnswlibHost } from './hnswlib-host.js';
import type { Log } from './vectors.js';

/**
 * Chosen for recall on synthetic face-like vectors: of 100,000 rows at 128 dimensions, 160 candidates
 * missed none of 2,500 faces of the same person.
 */
export const GRAPH_SETTINGS: GraphSettings = {
  m: () => 16,
  efConstruction: 200,
  candidates: (rows) =>
    rows <= 100_000 ? 160 : rows <= 300_000 ? 256 : rows <= 1_000_000 ? 400 : 640,
  maxShare: 1 / 64,
  maxPending: 4096,
};

/** Graphs in the worker thread of `host`. */
export const hnswlibGraphs = (host: HnswlibHost): GraphMaker => ({
  name: 'hnswlib',
  settings: GRAPH_SETTINGS,
  newGraph: (arena, settings, onIdle) => new Graph(arena, host, settings, onIdle),
});

/** Searches a hnswlib graph in the worker thread. */
export class HnswlibEngine extends GraphEngine {
  constructor(
    arena: Arena,
    { host, ...tools }: { exact: Engine; host: HnswlibHost; settings?: GraphSettings; log: Log },
  ) {
    super(arena, { ...tools, maker: hnswlibGraphs(host) });
  }
}

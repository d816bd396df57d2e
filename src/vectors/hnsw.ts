import type { GraphMaker, GraphSettings } from './hnsw-engine.js';
import { HnswGraph } from './hnsw-graph.js';
import type { NativeGraphClass } from './hnsw-native.js';

/**
 * Chosen for recall on synthetic face-like vectors: of 100,000 rows at 128 dimensions, built in batches,
 * 160 candidates missed none of 15,000 faces of the same person. Above 200,000 rows a projection.
 */
export const HNSW_SETTINGS: GraphSettings = {
  m: (rows) => (rows <= 200_000 ? 16 : 32),
  efConstruction: 200,
  candidates: (rows) =>
    rows <= 30_000 ? 160 : rows <= 300_000 ? 240 : rows <= 1_000_000 ? 400 : 640,
  // A candidate costs about a microsecond, a row of a scan about 5 ns at 128 dimensions, 20 at 512.
  maxShare: 1 / 256,
  maxPending: 4096,
};

/** Graphs in native memory, built and searched by the threads of the addon. */
export const hnswGraphs = (Graph: NativeGraphClass): GraphMaker => ({
  name: 'hnsw',
  settings: HNSW_SETTINGS,
  newGraph: (arena, settings, onIdle) => new HnswGraph(arena, Graph, settings, onIdle),
});

import hnswlib from 'hnswlib-node';
import { serveWorker } from '../worker-rpc.js';

/**
 * The worker thread that holds every hnswlib graph. hnswlib-node aborts the process on some bad
 * arguments, so everything is checked before it is called: plain arrays of finite numbers, never more
 * neighbours than there are, no label added or marked deleted twice.
 */
export interface HnswlibMethods {
  /** `m` links a row and level; `efConstruction` candidates looked at for an insert; `capacity` is a hint. */
  create(graph: {
    graph: number;
    dimension: number;
    m: number;
    efConstruction: number;
    capacity: number;
  }): void;
  /** Inserts rows, end to end, each under a label that was not there before. */
  add(rows: { graph: number; labels: readonly number[]; rows: Float32Array }): void;
  /** Unknown labels are ignored. */
  remove(rows: { graph: number; labels: Uint32Array }): void;
  /** Labels of about the `count` nearest rows, nearest first; fewer where the graph holds fewer. */
  search(query: { graph: number; query: Float32Array; count: number }): Uint32Array;
  /** Frees a graph; unknown ones are ignored. */
  drop(graph: { graph: number }): void;
}

interface Graph {
  index: hnswlib.HierarchicalNSW;
  dimension: number;
  present: Set<number>;
  removed: Set<number>;
}

/** Rows of room a graph is made with at least, and the factor by which it grows. */
const MIN_CAPACITY = 1024;
const GROWTH = 1.5;

/** Levels are drawn at random; a fixed seed makes a graph depend on its inserts alone. */
const LEVEL_SEED = 100;

const graphs = new Map<number, Graph>();

const methods: HnswlibMethods = {
  create({ graph, dimension, m, efConstruction, capacity }) {
    const index = new hnswlib.HierarchicalNSW('ip', dimension);
    index.initIndex(Math.max(MIN_CAPACITY, Math.ceil(capacity)), m, efConstruction, LEVEL_SEED);
    graphs.set(graph, { index, dimension, present: new Set(), removed: new Set() });
  },

  add({ graph, labels, rows }) {
    const { index, dimension, present } = required(graph);
    if (rows.length !== labels.length * dimension || !labels.every(isLabel))
      throw new RangeError(
        `${rows.length} floats are not a row for each of ${labels.length} labels`,
      );
    if (!rows.every((value) => Number.isFinite(value)))
      throw new RangeError('a row holds a number that is not finite');
    const size = index.getCurrentCount() + labels.length;
    if (size > index.getMaxElements())
      index.resizeIndex(Math.max(size, Math.ceil(index.getMaxElements() * GROWTH)));
    for (const [i, label] of labels.entries()) {
      if (present.has(label)) throw new RangeError(`the graph has label ${label}`);
      present.add(label);
      index.addPoint(plain(rows.subarray(i * dimension, (i + 1) * dimension)), label);
    }
  },

  remove({ graph, labels }) {
    const { index, present, removed } = required(graph);
    for (const label of labels) {
      if (!present.has(label) || removed.has(label)) continue;
      index.markDelete(label);
      removed.add(label);
    }
  },

  search({ graph, query, count }) {
    const { index, dimension, removed } = required(graph);
    if (query.length !== dimension || !query.every((value) => Number.isFinite(value)))
      throw new RangeError(`the query is not ${dimension} finite numbers`);
    const neighbours = Math.min(count, index.getCurrentCount() - removed.size);
    if (neighbours < 1) return new Uint32Array(0);
    index.setEf(neighbours);
    return Uint32Array.from(index.searchKnn(plain(query), neighbours).neighbors);
  },

  drop({ graph }) {
    // An empty graph in its place frees the memory now instead of at some garbage collection.
    graphs.get(graph)?.index.initIndex(1);
    graphs.delete(graph);
  },
};

function required(graph: number): Graph {
  const found = graphs.get(graph);
  if (!found) throw new Error(`there is no graph ${graph}`);
  return found;
}

const isLabel = (label: number): boolean => label === label >>> 0;

/** hnswlib-node takes nothing but plain arrays. */
const plain = (vector: Float32Array): number[] => Array.from(vector);

serveWorker({ ...methods });

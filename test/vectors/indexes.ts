import type { GraphMaker, GraphSettings } from '../../src/vectors/graph-engine.js';
import { kernels } from '../../src/vectors/kernels.js';
import { Pacer } from '../../src/vectors/pacer.js';
import { PortableTable } from '../../src/vectors/portable-table.js';
import type { Wanted } from '../../src/vectors/searching.js';
import { loadNativeIndex } from '../../src/vectors/table.js';
import { type IndexTools, VectorIndex } from '../../src/vectors/vector-index.js';
import { Random } from './data.js';

export const native = loadNativeIndex();
export const pacer = new Pacer();

/** What an index needs; `tools` replace some of it. */
export function toolsOf(tools: Partial<IndexTools> = {}): IndexTools {
  const [kernel] = kernels();
  return {
    kernel,
    newTable: (shape) =>
      native ? new native.Table(shape) : new PortableTable(kernel, pacer, shape),
    pacer,
    log: () => undefined,
    ...tools,
  };
}

/** An index of random rows k0, k1, … under a graph that is asked from the first row on, beside one that scans. */
export function enrolled(
  rows: number,
  {
    dimension,
    graphs,
    settings,
  }: {
    dimension: number;
    graphs: GraphMaker;
    settings?: Partial<GraphSettings>;
  },
) {
  const random = new Random(rows);
  const complaints: string[] = [];
  /** Links of the graphs made so far. */
  const made: number[] = [];
  const maker: GraphMaker = {
    ...graphs,
    newGraph(...args) {
      const graph = graphs.newGraph(...args);
      made.push(graph.m);
      return graph;
    },
  };
  const graphSettings = { ...graphs.settings, maxShare: 1, ...settings };
  const tools = toolsOf({ log: (message) => complaints.push(message) });
  const index = new VectorIndex(dimension, tools, { graphs: maker, graphSettings, flatLimit: 0 });
  const scan = new VectorIndex(dimension, toolsOf(), { graphs: undefined, flatLimit: 0 });
  const set = (key: string, vector: Float32Array | undefined) => {
    index.set(key, vector);
    scan.set(key, vector);
  };
  for (let i = 0; i < rows; i++) set(`k${i}`, random.direction(dimension));
  const wanted: Wanted = { query: random.direction(dimension), limit: 10, minCosine: -1 };
  return { random, index, scan, set, complaints, made, wanted };
}

/** Waits until its graph has taken in every row, and has been replaced where that was due. */
export async function settled(index: VectorIndex): Promise<void> {
  do await new Promise((done) => setTimeout(done, 2));
  while (index.pending > 0);
}

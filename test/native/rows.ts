import { kernels } from '../../src/vectors/kernels.js';
import { segmentBase, segmentRows } from '../../src/vectors/segments.js';
import {
  type GraphShape,
  loadNativeIndex,
  type NativeGraph,
  type Table,
} from '../../src/vectors/table.js';
import { Random } from '../vectors/data.js';

export const native = loadNativeIndex();

export const SHAPE = { m: 8, efConstruction: 60 };

export function rowsOf(vectors: readonly Float32Array[]): Float32Array {
  const rows = new Float32Array(vectors.length * vectors[0]!.length);
  for (const [i, vector] of vectors.entries()) rows.set(vector, i * vector.length);
  return rows;
}

export function directions(count: number, dimension: number, seed: number): Float32Array[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => random.direction(dimension));
}

/** The ordinals of the best `limit` rows by a scan. */
export function scanned(query: Float32Array, rows: Float32Array, limit: number): Uint32Array {
  const ordinals = new Uint32Array(limit);
  const live = new Uint8Array(rows.length / query.length).fill(1);
  kernels()[0].topK(query, rows, live, -2, ordinals, new Float32Array(limit));
  return ordinals;
}

type Shape = Partial<GraphShape> & { kernel?: string };

/** A graph over its own table. */
export class Rows {
  readonly table: Table;
  readonly graph: NativeGraph;
  count = 0;
  readonly #dimension: number;
  #segments = 0;

  constructor(dimension: number, { kernel, ...shape }: Shape = {}) {
    this.#dimension = dimension;
    this.table = new native!.Table({ dimension, ...(kernel !== undefined && { kernel }) });
    this.graph = new native!.Graph(this.table, { ...SHAPE, ...shape });
  }

  /** Puts a row that the graph knows nothing of. */
  put(vector: Float32Array): void {
    while (this.count === segmentBase(this.#segments)) this.#grow();
    this.table.put(this.count++, vector);
  }

  /** Puts and gives rows, which are linked by the next `linked`. */
  add(vectors: readonly Float32Array[]): void {
    const first = this.count;
    for (const vector of vectors) this.put(vector);
    this.graph.give(Uint32Array.from(vectors, (_, i) => first + i));
  }

  async linked(): Promise<void> {
    while (this.graph.pending > 0) await this.graph.link(65_536);
  }

  remove(ordinal: number): void {
    if (this.table.remove(ordinal)) this.graph.retire(ordinal);
  }

  /** With exactly `ef` candidates. */
  async search(query: Float32Array, limit: number, ef: number, allowed?: Uint8Array) {
    return this.ask(query, limit, ef, allowed);
  }

  ask(query: Float32Array, limit: number, ef: number, allowed?: Uint8Array) {
    const limits = Uint32Array.of(limit);
    const floors = Float64Array.of(-2);
    return this.graph.search(query, limits, floors, allowed, Uint32Array.of(ef), ef, 1);
  }

  #grow(): void {
    const floats = segmentRows(this.#segments++) * this.#dimension;
    this.table.addSegment(new Float32Array(new SharedArrayBuffer(floats * 4)));
  }
}

export async function filled(vectors: readonly Float32Array[], shape: Shape = {}): Promise<Rows> {
  const rows = new Rows(vectors[0]!.length, shape);
  rows.add(vectors);
  await rows.linked();
  return rows;
}

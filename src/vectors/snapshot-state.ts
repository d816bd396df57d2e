import { availableParallelism } from 'node:os';
import type { Pacer } from './pacer.js';
import { segmentBase, segmentRows } from './segments.js';
import {
  bytesOf,
  type NativeSnapshots,
  SnapshotFault,
  type SnapshotReader,
  type SnapshotWriter,
} from './snapshot-file.js';
import { type Keys, readKeys, writeKeys } from './snapshot-keys.js';
import type { GraphShape, NativeGraph, NativeIndex, Table } from './table.js';
import type { VectorKind } from './vectors.js';

/** An index as it stands at one moment, held so that none of its rows is written over until `release`. */
export interface IndexImage {
  table: Table;
  /** Undefined where there is none to be saved. */
  graph: NativeGraph | undefined;
  keyAt: (ordinal: number) => string | undefined;
  release(): void;
}

/** An index read from a snapshot. */
export interface IndexParts extends Keys {
  table: Table;
  segments: Float32Array[];
  /** Ordinals that nothing stands at. */
  free: number[];
  graph: GraphParts | undefined;
}

/** A graph read from a snapshot. */
export interface GraphParts {
  native: NativeGraph;
  m: number;
  /** Rows that it must be given. */
  missing: Uint32Array;
  /** Removed rows that it passes through. */
  held: number[];
}

/** What a snapshot is of. */
export interface SnapshotSubject {
  collectionId: string;
  createdAtMs: number | undefined;
  modelId: string | undefined;
  dimension: number;
}

/** One change of the log: by it a log is known again. */
export interface LastChange {
  kind: VectorKind;
  key: string;
}

/** What a snapshot says of itself, in its section `about`. */
export interface SnapshotAbout extends SnapshotSubject {
  /** The change number that everything in it stands at, and the change of this number. */
  sequence: number;
  lastChange: LastChange;
  /** Which kinds have a graph. */
  graphs: VectorKind[];
}

export const KINDS = ['face', 'user'] as const satisfies VectorKind[];

const MAX_ABOUT_BYTES = 65_536;

/** Writes an index, whose marks were taken when its image was. */
export async function writeIndex(
  writer: SnapshotWriter,
  prefix: VectorKind,
  { table, graph, keyAt }: IndexImage,
  tools: { native: NativeSnapshots; marks: Uint8Array },
): Promise<void> {
  const { native, marks } = tools;
  await writeKeys(writer, prefix, marks, keyAt);
  await native.saveTable(writer, prefix, table, marks, graph);
  if (graph) await native.saveGraph(writer, prefix, graph, marks.length);
}

export const writeAbout = (writer: SnapshotWriter, about: SnapshotAbout): Promise<void> =>
  writer.write('about', Buffer.from(JSON.stringify(about)));

/** What the snapshot says of itself; a SnapshotFault where it makes no sense. */
export async function readAbout(reader: SnapshotReader): Promise<SnapshotAbout> {
  const size = bytesOf(reader, 'about');
  if (size > MAX_ABOUT_BYTES) throw new SnapshotFault('says too much of itself');
  const bytes = Buffer.alloc(size);
  await reader.read('about', bytes);
  let about: Partial<SnapshotAbout> | undefined;
  try {
    about = JSON.parse(bytes.toString('utf8')) as Partial<SnapshotAbout>;
  } catch {
    // The checksum was right, so it was written so.
  }
  if (!about?.lastChange || !Number.isSafeInteger(about.sequence) || !Array.isArray(about.graphs))
    throw new SnapshotFault('does not say what it is');
  return about as SnapshotAbout;
}

/** What an index is read with. */
export interface ReadTools {
  native: NativeSnapshots & NativeIndex;
  pacer: Pacer;
  dimension: number;
  newSegment: (floats: number) => Float32Array;
  /** Rows stay in the file and are read when they are needed. */
  mapped: boolean;
}

/** Reads an index; a SnapshotFault or an error with a code where it is not what was written. */
export async function readIndex(
  reader: SnapshotReader,
  prefix: VectorKind,
  hasGraph: boolean,
  tools: ReadTools,
): Promise<IndexParts> {
  const { native, pacer, dimension } = tools;
  const marks = new Uint8Array(bytesOf(reader, `${prefix}.live`));
  await reader.read(`${prefix}.live`, marks);
  const table = new native.Table({ dimension });
  try {
    const reading = readKeys(reader, prefix, marks, pacer);
    const rows = readRows(reader, prefix, { table, marks }, tools);
    const [keys, segments] = await bothOf(reading, rows);
    native.restored(table, marks);
    const graph = hasGraph ? await readGraph(reader, prefix, { table, marks }, tools) : undefined;
    const held = new Set(graph?.held);
    const free: number[] = [];
    for (let at = marks.length - 1; at >= 0; at--)
      if (marks[at] === 0 && !held.has(at)) free.push(at);
    return { ...keys, table, segments, free, graph };
  } catch (error) {
    table.dispose();
    throw error;
  }
}

/** Fills the segments of a table, several at once. */
async function readRows(
  reader: SnapshotReader,
  prefix: VectorKind,
  { table, marks }: { table: Table; marks: Uint8Array },
  { native, dimension, newSegment, mapped }: ReadTools,
): Promise<Float32Array[]> {
  let count = 0;
  while (segmentBase(count) < marks.length) count++;
  const numbers = Array.from({ length: count }, (_, i) => i);
  // The last one has to be written to at places that the file lacks.
  const isMapped = (number: number) => mapped && segmentBase(number + 1) <= marks.length;
  const segments = await severally<number, Float32Array>(numbers, (number) =>
    isMapped(number)
      ? reader.map(`${prefix}.rows.${number}`)
      : newSegment(segmentRows(number) * dimension),
  );
  for (const rows of segments) table.addSegment(rows);
  await severally(numbers, (number) =>
    native.restoreSegment(reader, prefix, table, number, marks, isMapped(number)),
  );
  return segments;
}

async function readGraph(
  reader: SnapshotReader,
  prefix: VectorKind,
  { table, marks }: { table: Table; marks: Uint8Array },
  { native }: ReadTools,
): Promise<GraphParts> {
  const shape: GraphShape = native.graphShape(reader, prefix);
  const graph = new native.Graph(table, shape);
  try {
    const missing = await native.restoreGraph(reader, prefix, graph, marks.length);
    const gone: number[] = [];
    for (const [ordinal, mark] of marks.entries()) if (mark === 0) gone.push(ordinal);
    const strangers = new Set(graph.without(Uint32Array.from(gone)));
    return {
      native: graph,
      m: shape.m,
      missing,
      held: gone.filter((ordinal) => !strangers.has(ordinal)),
    };
  } catch (error) {
    graph.dispose();
    throw error;
  }
}

/** As Promise.all, but never leaves one running when it rejects. */
async function bothOf<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
}

/** One result for each item, in order; as many at once as there are cores. The first failure ends it. */
async function severally<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R> | R,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let failed = false;
  const run = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const at = next++;
      try {
        results[at] = await work(items[at]!);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const runs = Array.from({ length: Math.min(items.length, availableParallelism()) }, run);
  for (const ended of await Promise.allSettled(runs))
    if (ended.status === 'rejected') throw ended.reason;
  return results;
}

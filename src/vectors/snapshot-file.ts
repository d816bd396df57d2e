import { createRequire } from 'node:module';
import type { GraphShape, NativeGraph, Table } from './table.js';

/**
 * Writes a snapshot file: named sections of bytes, each with a checksum (native/snapshot/container.h). Works on a
 * thread that gives way to all others, one call at a time. Errors have a `code`: SNAPSHOT_CANCELLED after `cancel`,
 * SNAPSHOT_STATE for calls in an impossible order, else the system's, such as ENOSPC.
 */
export interface SnapshotWriter {
  /**
   * Adds to the section of this name, which is the last one or a new one. `data` is read by another thread until
   * the promise resolves.
   */
  write(section: string, data: NodeJS.TypedArray): Promise<void>;
  /**
   * Completes the file, makes it durable and gives it the name `path`, in the same directory, in place of whatever
   * had it. Resolves with its bytes.
   */
  commit(path: string): Promise<number>;
  /** Removes the file; a call under way fails and removes it then. After `commit` it does nothing. */
  cancel(): void;
}

/**
 * Reads a snapshot file on threads of its own. Any number of reads may run at once. Errors have a `code`:
 * SNAPSHOT_BROKEN when the file is not what was written, SNAPSHOT_VERSION when it is of another format, SNAPSHOT_STATE
 * after `close`, SNAPSHOT_MEMORY, else the system's, such as ENOENT.
 */
export interface SnapshotReader {
  readonly sections: readonly { readonly name: string; readonly bytes: number }[];
  /** Fills `into`, which has as many bytes as the section, and holds it to its checksum. */
  read(section: string, into: NodeJS.TypedArray): Promise<void>;
  /**
   * The floats of a section, held to their checksum, as memory that is read from the file when it is needed. Writing to
   * it changes this memory alone.
   */
  map(section: string): Promise<Float32Array<ArrayBuffer>>;
  /** Lets go of the file once reads under way have ended. What was mapped stays. */
  close(): void;
}

export interface NativeSnapshots {
  /** Makes the file `path` anew. `bytesPerSecond` 0: as fast as the disk takes it. */
  readonly Writer: new (
    path: string,
    bytesPerSecond: number,
  ) => SnapshotWriter;
  /** Opens the file `path` and checks its header and its table of sections. */
  readonly Reader: new (
    path: string,
  ) => SnapshotReader;
  /** That many zeros in a nameless file of this directory. Throws ENOSPC where the disk has no room for them. */
  readonly mapRows: (directory: string, floats: number) => Float32Array<ArrayBuffer>;
  /** 1 for each ordinal where a row is now. */
  readonly marks: (table: Table) => Uint8Array;
  /**
   * Writes the rows that have a mark, which must not be written over until the promise resolves; nothing of others,
   * but that removed rows of the graph get the code of a neighbour, so that searches can pass through them.
   */
  // oxlint-disable-next-line max-params -- one call into native code
  readonly saveTable: (
    writer: SnapshotWriter,
    prefix: string,
    table: Table,
    marks: Uint8Array,
    graph?: NativeGraph,
  ) => Promise<void>;
  /** Writes what the graph holds of the rows below `end`. It may be linked and searched meanwhile. */
  readonly saveGraph: (
    writer: SnapshotWriter,
    prefix: string,
    graph: NativeGraph,
    end: number,
  ) => Promise<void>;
  /** Fills a segment of a new table; with `keepRows` all but its floats, which are there. */
  // oxlint-disable-next-line max-params -- one call into native code
  readonly restoreSegment: (
    reader: SnapshotReader,
    prefix: string,
    table: Table,
    segment: number,
    marks: Uint8Array,
    keepRows: boolean,
  ) => Promise<void>;
  /** Makes the rows of a table whose segments were all filled visible. */
  readonly restored: (table: Table, marks: Uint8Array) => void;
  readonly graphShape: (reader: SnapshotReader, prefix: string) => GraphShape;
  /**
   * Fills a new graph of that shape over a restored table. Resolves with the rows it must be given: those that were
   * waiting, and those that the links as they were written do not lead to.
   */
  readonly restoreGraph: (
    reader: SnapshotReader,
    prefix: string,
    graph: NativeGraph,
    end: number,
  ) => Promise<Uint32Array>;
  /** CRC-32C by each way this CPU has, best first, going on from `crc`. */
  readonly checksums: readonly {
    readonly name: string;
    readonly run: (bytes: NodeJS.TypedArray, crc: number) => number;
  }[];
}

/** What is wrong with a snapshot beyond what its checksums can tell. */
export class SnapshotFault extends Error {
  readonly code = 'SNAPSHOT_BROKEN';
}

/** How long a section is; a SnapshotFault where there is none. */
export function bytesOf({ sections }: SnapshotReader, name: string): number {
  const section = sections.find((each) => each.name === name);
  if (!section) throw new SnapshotFault(`has no section ${name}`);
  return section.bytes;
}

const ADDON = '../../native/build/Release/likeness.node';

const require = createRequire(import.meta.url);

/** Undefined where the addon is missing, does not load or is too old to have it. */
export function loadNativeSnapshots(file: string = ADDON): NativeSnapshots | undefined {
  try {
    return (require(file) as { snapshots?: NativeSnapshots }).snapshots;
  } catch {
    // Why the addon does not load is told once, where the kernels are loaded from it.
    return undefined;
  }
}

import type { Pacer } from './pacer.js';
import {
  bytesOf,
  SnapshotFault,
  type SnapshotReader,
  type SnapshotWriter,
} from './snapshot-file.js';

/** Keys encoded or decoded before the event loop gets its turn: well below a millisecond. */
const KEYS_A_TURN = 1024;

/**
 * Writes the keys of all ordinals that have a mark. A key that goes meanwhile loses its mark: it is one that the
 * changes after the snapshot remove.
 */
export async function writeKeys(
  writer: SnapshotWriter,
  prefix: string,
  marks: Uint8Array,
  keyAt: (ordinal: number) => string | undefined,
): Promise<void> {
  const lengths = new Uint16Array(marks.length);
  for (let start = 0; start < Math.max(1, marks.length); start += KEYS_A_TURN) {
    const keys: string[] = [];
    for (let at = start; at < Math.min(start + KEYS_A_TURN, marks.length); at++) {
      const key = marks[at] === 1 ? keyAt(at) : undefined;
      if (key === undefined) marks[at] = 0;
      else {
        lengths[at] = Buffer.byteLength(key);
        keys.push(key);
      }
    }
    await writer.write(`${prefix}.keys`, Buffer.from(keys.join('')));
  }
  await writer.write(`${prefix}.lengths`, lengths);
}

/** The keys by ordinal and the ordinals by key. */
export interface Keys {
  keys: (string | undefined)[];
  ordinals: Map<string, number>;
}

/** Reads what `writeKeys` wrote: a key for each mark, none twice. */
export async function readKeys(
  reader: SnapshotReader,
  prefix: string,
  marks: Uint8Array,
  pacer: Pacer,
): Promise<Keys> {
  const lengths = new Uint16Array(marks.length);
  const bytes = Buffer.alloc(bytesOf(reader, `${prefix}.keys`));
  await reader.read(`${prefix}.lengths`, lengths);
  await reader.read(`${prefix}.keys`, bytes);
  const keys: (string | undefined)[] = [];
  const ordinals = new Map<string, number>();
  let from = 0;
  let count = 0;
  for (let start = 0; start < marks.length; start += KEYS_A_TURN) {
    await pacer.step();
    const end = Math.min(start + KEYS_A_TURN, marks.length);
    const keyOf = keysOf(bytes, from, lengths.subarray(start, end));
    for (let ordinal = start; ordinal < end; ordinal++) {
      const length = lengths[ordinal]!;
      if (length > 0 !== (marks[ordinal] === 1)) throw new SnapshotFault('has a key without a row');
      if (length === 0) {
        keys.push(undefined);
        continue;
      }
      const key = keyOf(from, from + length);
      from += length;
      count++;
      keys.push(key);
      ordinals.set(key, ordinal);
    }
  }
  if (ordinals.size !== count || from !== bytes.length)
    throw new SnapshotFault('has keys that are none');
  return { keys, ordinals };
}

/** Gives the key between two places of `bytes`. Where all have one byte a character they are decoded at once. */
function keysOf(
  bytes: Buffer,
  from: number,
  lengths: Uint16Array,
): (from: number, to: number) => string {
  const size = lengths.reduce((sum, length) => sum + length, 0);
  const text = bytes.toString('utf8', from, from + size);
  return text.length === size
    ? (start, end) => text.slice(start - from, end - from)
    : (start, end) => bytes.toString('utf8', start, end);
}

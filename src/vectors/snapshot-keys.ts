import type { Pacer } from './pacer.js';
import {
  bytesOf,
  SnapshotFault,
  type SnapshotReader,
  type SnapshotWriter,
} from './snapshot-file.js';

/** Keys encoded or decoded before the event loop gets its turn: about a millisecond. */
const KEYS_A_TURN = 4096;

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
  for (const [ordinal, length] of lengths.entries()) {
    if (ordinal % KEYS_A_TURN === 0) await pacer.step();
    if (length > 0 !== (marks[ordinal] === 1)) throw new SnapshotFault('has a key without a row');
    if (length === 0) {
      keys.push(undefined);
      continue;
    }
    const key = bytes.toString('utf8', from, from + length);
    from += length;
    count++;
    keys.push(key);
    ordinals.set(key, ordinal);
  }
  if (ordinals.size !== count || from !== bytes.length)
    throw new SnapshotFault('has keys that are none');
  return { keys, ordinals };
}

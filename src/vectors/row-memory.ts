import { mkdirSync } from 'node:fs';
import { sharedFloats } from './arena.js';
import { SEGMENT_ROWS } from './segments.js';
import { loadNativeSnapshots } from './snapshot-file.js';

/** In which memory rows lie. */
export type RowMemory =
  | { kind: 'ram' }
  /** In files of this directory, of which the system keeps in memory what is read often. */
  | { kind: 'mapped'; directory: string };

/** Segments of fewer floats are not worth a file. */
const MIN_MAPPED_FLOATS = SEGMENT_ROWS * 16;

/** Where new rows go, and whether those of a snapshot stay in its file. */
export function rowMemory(memory: RowMemory = { kind: 'ram' }): {
  newSegment: (floats: number) => Float32Array;
  mapped: boolean;
} {
  const native = loadNativeSnapshots();
  if (memory.kind === 'ram' || !native) return { newSegment: sharedFloats, mapped: false };
  const { directory } = memory;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return {
    mapped: true,
    newSegment: (floats) => {
      if (floats < MIN_MAPPED_FLOATS) return sharedFloats(floats);
      try {
        return native.mapRows(directory, floats);
      } catch (cause) {
        throw new Error(
          `there is no room for more vectors in ${directory}: ${(cause as Error).message}`,
          { cause },
        );
      }
    },
  };
}

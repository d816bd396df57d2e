/**
 * Where a row lies. Rows are addressed by ordinal and kept in segments that never move: a full one has
 * SEGMENT_ROWS rows, and before the first full one come segments of 64, 64, 128, 256, … rows, so that a
 * small collection takes little memory and a growing one is never copied. As in native/table/segments.h.
 */
export const SEGMENT_ROWS = 16_384;

const FIRST_ROWS = 64;

/** Segments before the first full one. */
const SMALL_SEGMENTS = 1 + Math.log2(SEGMENT_ROWS / FIRST_ROWS);

/** Number of the segment a row lies in. */
export function segmentOf(ordinal: number): number {
  if (ordinal >= SEGMENT_ROWS) return Math.floor(ordinal / SEGMENT_ROWS) + SMALL_SEGMENTS - 1;
  return ordinal < FIRST_ROWS ? 0 : 32 - Math.clz32(ordinal / FIRST_ROWS);
}

/** Ordinal of the first row of a segment. */
export function segmentBase(segment: number): number {
  if (segment >= SMALL_SEGMENTS) return (segment - SMALL_SEGMENTS + 1) * SEGMENT_ROWS;
  return segment === 0 ? 0 : FIRST_ROWS * 2 ** (segment - 1);
}

export const segmentRows = (segment: number): number =>
  segmentBase(segment + 1) - segmentBase(segment);

import type { CodedKernel, Kernel } from './kernels.js';

/** Up to so many floats a row has codes (kMaxCodeDimension of native/kernels/encode.h). */
const MAX_CODED_DIMENSION = 65_536;

/** The checks that the native binding makes, for a kernel outside it; each throws TypeError or RangeError. */
export const checkArguments = {
  dotMany(...[query, rows, out]: Parameters<Kernel['dotMany']>): void {
    checkQuery(query);
    checkArray(rows, Float32Array, 'rows');
    checkArray(out, Float32Array, 'out');
    if (rows.length !== query.length * out.length)
      throw new RangeError('rows must hold query.length * out.length floats');
  },

  dotGather(...[query, rows, ordinals, out]: Parameters<Kernel['dotGather']>): void {
    checkQuery(query);
    checkArray(rows, Float32Array, 'rows');
    checkArray(ordinals, Uint32Array, 'ordinals');
    checkArray(out, Float32Array, 'out');
    if (rows.length % query.length !== 0)
      throw new RangeError('rows must hold a multiple of query.length floats');
    if (ordinals.length !== out.length)
      throw new RangeError('ordinals and out must be of equal length');
    const count = rows.length / query.length;
    if (ordinals.some((ordinal) => ordinal >= count))
      throw new RangeError('an ordinal is not below the number of rows');
  },

  topK(...[query, rows, live, floor, ordinals, scores]: Parameters<Kernel['topK']>): void {
    checkQuery(query);
    checkArray(rows, Float32Array, 'rows');
    checkSearch(live, floor, ordinals, scores);
    if (rows.length < query.length * live.length)
      throw new RangeError('rows must hold at least query.length * live.length floats');
  },

  encode(...[row, codes, scales, at]: Parameters<CodedKernel['encode']>): void {
    checkArray(row, Float32Array, 'row');
    checkArray(codes, Uint8Array, 'codes');
    checkArray(scales, Float32Array, 'scales');
    if (typeof at !== 'number') throw new TypeError('at must be a number');
    const { length } = row;
    if (length === 0 || length > MAX_CODED_DIMENSION)
      throw new RangeError(`row must hold 1 to ${MAX_CODED_DIMENSION} floats`);
    if (!(at >= 0 && (at + 1) * length <= codes.length && (at + 1) * 2 <= scales.length))
      throw new RangeError('codes and scales have no row at this place');
  },

  codedTopK(
    ...[query, rows, codes, scales, live, floor, ordinals, scores]: Parameters<CodedKernel['topK']>
  ): void {
    checkQuery(query);
    checkArray(rows, Float32Array, 'rows');
    checkArray(codes, Uint8Array, 'codes');
    checkArray(scales, Float32Array, 'scales');
    checkSearch(live, floor, ordinals, scores);
    const { length } = query;
    if (length > MAX_CODED_DIMENSION)
      throw new RangeError(`query must hold at most ${MAX_CODED_DIMENSION} floats`);
    const needed = length * live.length;
    if (rows.length < needed || codes.length < needed || scales.length < 2 * live.length)
      throw new RangeError('rows, codes and scales must hold at least live.length rows');
  },
};

function checkSearch(
  live: Uint8Array,
  floor: number,
  ordinals: Uint32Array,
  scores: Float32Array,
): void {
  checkArray(live, Uint8Array, 'live');
  checkArray(ordinals, Uint32Array, 'ordinals');
  checkArray(scores, Float32Array, 'scores');
  if (typeof floor !== 'number') throw new TypeError('floor must be a number');
  if (ordinals.length !== scores.length)
    throw new RangeError('ordinals and scores must be of equal length');
}

function checkQuery(query: unknown): void {
  checkArray(query, Float32Array, 'query');
  if ((query as Float32Array).length === 0) throw new RangeError('query must not be empty');
}

function checkArray(
  value: unknown,
  type: typeof Float32Array | typeof Uint32Array | typeof Uint8Array,
  name: string,
): void {
  if (!(value instanceof type)) throw new TypeError(`${name} must be a ${type.name}`);
}

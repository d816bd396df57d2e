import type { Kernel } from '../../src/vectors/kernels.js';

/**
 * A kernel in plain JavaScript, summed in double precision: what the others are held against, and slow
 * enough to show how a long scan gives way. It searches without codes.
 */
export const javascriptKernel: Kernel = {
  name: 'javascript',

  dotMany(query, rows, out) {
    checkQuery(query);
    checkArray(rows, Float32Array, 'rows');
    checkArray(out, Float32Array, 'out');
    if (rows.length !== query.length * out.length)
      throw new RangeError('rows must hold query.length * out.length floats');
    for (let i = 0; i < out.length; i++) out[i] = dot(query, rows, i);
  },

  dotGather(query, rows, ordinals, out) {
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
    for (let i = 0; i < out.length; i++) out[i] = dot(query, rows, ordinals[i]!);
  },

  // oxlint-disable-next-line max-params -- the native function's signature
  topK(query, rows, live, floor, ordinals, scores) {
    checkQuery(query);
    checkArray(rows, Float32Array, 'rows');
    checkArray(live, Uint8Array, 'live');
    checkArray(ordinals, Uint32Array, 'ordinals');
    checkArray(scores, Float32Array, 'scores');
    if (typeof floor !== 'number') throw new TypeError('floor must be a number');
    if (rows.length < query.length * live.length)
      throw new RangeError('rows must hold at least query.length * live.length floats');
    if (ordinals.length !== scores.length)
      throw new RangeError('ordinals and scores must be of equal length');
    if (scores.length === 0) return 0;
    const heap = { ordinals, scores, size: 0 };
    for (let i = 0; i < live.length; i++) {
      if (live[i] === 0) continue;
      const score = Math.fround(dot(query, rows, i));
      if (score >= floor) offer(heap, score, i);
    }
    sortBestFirst(heap);
    return heap.size;
  },
};

/** Query times the row that starts at float `row` × query.length. */
function dot(query: Float32Array, rows: Float32Array, row: number): number {
  const start = row * query.length;
  let sum = 0;
  for (let j = 0; j < query.length; j++) sum += query[j]! * rows[start + j]!;
  return sum;
}

/** The best entries so far as a binary heap with the worst entry at index 0. */
interface Heap {
  ordinals: Uint32Array;
  scores: Float32Array;
  size: number;
}

function offer(heap: Heap, score: number, ordinal: number): void {
  const full = heap.size === heap.scores.length;
  if (full && score <= heap.scores[0]!) return;
  const at = full ? 0 : heap.size++;
  heap.scores[at] = score;
  heap.ordinals[at] = ordinal;
  if (full) siftDown(heap, heap.size);
  else siftUp(heap, at);
}

function worse({ scores, ordinals }: Heap, a: number, b: number): boolean {
  return scores[a] === scores[b] ? ordinals[a]! > ordinals[b]! : scores[a]! < scores[b]!;
}

function swap({ scores, ordinals }: Heap, a: number, b: number): void {
  [scores[a], scores[b]] = [scores[b]!, scores[a]!];
  [ordinals[a], ordinals[b]] = [ordinals[b]!, ordinals[a]!];
}

function siftUp(heap: Heap, from: number): void {
  for (let at = from; at > 0; ) {
    const parent = (at - 1) >> 1;
    if (!worse(heap, at, parent)) return;
    swap(heap, at, parent);
    at = parent;
  }
}

function siftDown(heap: Heap, size: number): void {
  for (let at = 0; ; ) {
    let child = 2 * at + 1;
    if (child >= size) return;
    if (child + 1 < size && worse(heap, child + 1, child)) child++;
    if (!worse(heap, child, at)) return;
    swap(heap, child, at);
    at = child;
  }
}

function sortBestFirst(heap: Heap): void {
  for (let size = heap.size - 1; size > 0; size--) {
    swap(heap, 0, size);
    siftDown(heap, size);
  }
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

import type { Kernel } from './kernels.js';
import type { Pacer } from './pacer.js';
import { segmentBase, segmentOf, segmentRows } from './segments.js';
import type { Results, Table, TableShape } from './table.js';

/** Bytes looked at between two looks at the clock. */
const STEP_BYTES = 2 ** 21;

interface Segment {
  base: number;
  rows: Float32Array;
  /** 1 where the row is there. */
  live: Uint8Array;
  codes: Uint8Array;
  scales: Float32Array;
}

interface Found {
  ordinals: Uint32Array;
  scores: Float32Array;
}

/** A table without the addon: a kernel on this thread, which gives way between the steps of a scan. */
export class PortableTable implements Table {
  readonly #kernel: Kernel;
  readonly #pacer: Pacer;
  readonly #dimension: number;
  readonly #segments: Segment[] = [];
  #end = 0;
  #disposed = false;

  constructor(kernel: Kernel, pacer: Pacer, { dimension }: TableShape) {
    this.#kernel = kernel;
    this.#pacer = pacer;
    this.#dimension = dimension;
  }

  get scanMicroseconds(): number {
    return Infinity;
  }

  addSegment(rows: Float32Array): void {
    this.#check();
    const number = this.#segments.length;
    const size = segmentRows(number);
    if (rows.length !== size * this.#dimension)
      throw new RangeError(`rows must hold ${size * this.#dimension} floats`);
    const codeBytes = this.#kernel.coded ? rows.length : 0;
    this.#segments.push({
      base: segmentBase(number),
      rows,
      live: new Uint8Array(size),
      codes: new Uint8Array(codeBytes),
      scales: new Float32Array(2 * size),
    });
  }

  put(ordinal: number, vector: Float32Array): void {
    const { rows, live, codes, scales, base } = this.#segmentOf(ordinal);
    const at = ordinal - base;
    if (live[at] === 1) throw new RangeError('there is a row at this ordinal');
    if (vector.length !== this.#dimension)
      throw new RangeError(`vector must have ${this.#dimension} floats`);
    rows.set(vector, at * this.#dimension);
    this.#kernel.coded?.encode(vector, codes, scales, at);
    live[at] = 1;
    this.#end = Math.max(this.#end, ordinal + 1);
  }

  remove(ordinal: number): boolean {
    const { live, base } = this.#segmentOf(ordinal);
    const there = live[ordinal - base] === 1;
    live[ordinal - base] = 0;
    return there;
  }

  score(query: Float32Array, ordinals: Uint32Array): Float32Array {
    const scores = new Float32Array(ordinals.length);
    for (const [segment, places] of this.#bySegment(ordinals)) {
      const rows = Uint32Array.from(places, (at) => ordinals[at]! - segment.base);
      const out = new Float32Array(rows.length);
      this.#kernel.dotGather(query, segment.rows, rows, out);
      for (const [i, at] of places.entries()) scores[at] = out[i]!;
    }
    return scores;
  }

  async search(
    queries: Float32Array,
    limits: Uint32Array,
    floors: Float64Array,
    allowed?: Uint8Array,
  ): Promise<Results> {
    this.#check();
    const found: Found[] = [];
    for (const [i, limit] of limits.entries()) {
      const query = queries.subarray(i * this.#dimension, (i + 1) * this.#dimension);
      found.push(await this.#scan(query, { limit, floor: floors[i]!, allowed }));
    }
    return resultsOf(found);
  }

  dispose(): void {
    this.#disposed = true;
  }

  #check(): void {
    if (this.#disposed)
      throw Object.assign(new Error('it was disposed'), { code: 'VECTORS_DISPOSED' });
  }

  async #scan(
    query: Float32Array,
    { limit, floor, allowed }: { limit: number; floor: number; allowed: Uint8Array | undefined },
  ): Promise<Found> {
    const end = this.#end;
    const capacity = Math.min(limit, end);
    const part = { ordinals: new Uint32Array(capacity), scores: new Float32Array(capacity) };
    const bytesPerFloat = this.#kernel.coded ? 1 : Float32Array.BYTES_PER_ELEMENT;
    const step = Math.ceil(STEP_BYTES / bytesPerFloat / this.#dimension);
    let best: Found = { ordinals: new Uint32Array(0), scores: new Float32Array(0) };
    for (let at = 0; at < end; ) {
      if (!this.#pacer.hasTime()) await this.#pacer.step();
      const segment = this.#segmentOf(at);
      const { base } = segment;
      const stop = Math.min(end, at + step, base + segment.live.length);
      const lowest = best.scores.length === limit ? best.scores.at(-1)! : floor;
      const live = marksOf(segment, at, stop, allowed);
      const count = this.#topK(query, segment, { first: at - base, live, floor: lowest, part });
      const first = at;
      const ordinals = part.ordinals.subarray(0, count).map((row) => first + row);
      best = merge(best, { ordinals, scores: part.scores.subarray(0, count) }, limit);
      at = stop;
    }
    return best;
  }

  #topK(
    query: Float32Array,
    { rows, codes, scales }: Segment,
    { first, live, floor, part }: { first: number; live: Uint8Array; floor: number; part: Found },
  ): number {
    const start = first * this.#dimension;
    const { ordinals, scores } = part;
    const { coded } = this.#kernel;
    const floats = rows.subarray(start, start + live.length * this.#dimension);
    if (!coded) return this.#kernel.topK(query, floats, live, floor, ordinals, scores);
    const bytes = codes.subarray(start, start + live.length * this.#dimension);
    const facts = scales.subarray(2 * first, 2 * (first + live.length));
    return coded.topK(query, floats, bytes, facts, live, floor, ordinals, scores);
  }

  #segmentOf(ordinal: number): Segment {
    this.#check();
    const segment = this.#segments[segmentOf(ordinal)];
    if (!segment) throw new RangeError(`no row has ordinal ${ordinal}`);
    return segment;
  }

  /** Positions within `ordinals` of the rows in each segment. */
  #bySegment(ordinals: Uint32Array): Map<Segment, number[]> {
    const groups = new Map<Segment, number[]>();
    for (const [at, ordinal] of ordinals.entries()) {
      const segment = this.#segmentOf(ordinal);
      const group = groups.get(segment);
      if (group) group.push(at);
      else groups.set(segment, [at]);
    }
    return groups;
  }
}

/** 1 for each row [from, to) of a segment that is there and may be found. */
function marksOf(
  { base, live }: Segment,
  from: number,
  to: number,
  allowed: Uint8Array | undefined,
): Uint8Array {
  const marks = live.subarray(from - base, to - base);
  if (!allowed) return marks;
  return marks.map((mark, i) => {
    const ordinal = from + i;
    return mark & ((allowed[ordinal >> 3] ?? 0) >> (ordinal & 7));
  });
}

/** Merges two lists of hits, both best first, into the best `limit`. Of equal scores `a`'s come first. */
function merge(a: Found, b: Found, limit: number): Found {
  const size = Math.min(limit, a.scores.length + b.scores.length);
  const merged = { ordinals: new Uint32Array(size), scores: new Float32Array(size) };
  for (let at = 0, i = 0, j = 0; at < size; at++) {
    const takeA = j === b.scores.length || (i < a.scores.length && a.scores[i]! >= b.scores[j]!);
    merged.ordinals[at] = takeA ? a.ordinals[i]! : b.ordinals[j]!;
    merged.scores[at] = takeA ? a.scores[i++]! : b.scores[j++]!;
  }
  return merged;
}

function resultsOf(found: readonly Found[]): Results {
  const ends = new Uint32Array(found.length);
  let total = 0;
  for (const [i, { scores }] of found.entries()) ends[i] = total += scores.length;
  const results = {
    ordinals: new Uint32Array(total),
    scores: new Float32Array(total),
    ends,
    complete: new Uint8Array(found.length).fill(1),
  };
  for (const [i, { ordinals, scores }] of found.entries()) {
    results.ordinals.set(ordinals, ends[i]! - ordinals.length);
    results.scores.set(scores, ends[i]! - scores.length);
  }
  return results;
}

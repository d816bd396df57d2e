import { describe, expect, it } from 'vitest';
import { type CodedKernel, type Kernel, kernels } from '../../src/vectors/kernels.js';
import { dot, normalise, Random } from '../vectors/data.js';

const DIMENSIONS = [1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 512, 1030];

const codedKernels = kernels().flatMap((kernel) =>
  kernel.coded ? [{ name: `${kernel.name} with ${kernel.coded.name}`, kernel }] : [],
);

/** Unit vectors end to end with their codes. */
class Rows {
  readonly rows: Float32Array;
  readonly codes: Uint8Array;
  readonly scales: Float32Array;
  readonly live: Uint8Array;

  constructor(vectors: Float32Array[], { encode }: CodedKernel) {
    const dimension = vectors[0]?.length ?? 0;
    this.rows = new Float32Array(vectors.length * dimension);
    this.codes = new Uint8Array(vectors.length * dimension);
    this.scales = new Float32Array(vectors.length * 2);
    this.live = new Uint8Array(vectors.length).fill(1);
    for (const [i, vector] of vectors.entries()) {
      this.rows.set(vector, i * dimension);
      encode(vector, this.codes, this.scales, i);
    }
  }
}

/** What both searches find, as [ordinal, score] pairs. */
function search(
  { kernel, rows }: { kernel: Kernel; rows: Rows },
  query: Float32Array,
  { k, floor }: { k: number; floor: number },
) {
  const { rows: floats, codes, scales, live } = rows;
  const ordinals = new Uint32Array(k);
  const scores = new Float32Array(k);
  const pairs = (count: number) =>
    Array.from({ length: count }, (_, i) => [ordinals[i], scores[i]]);
  const plain = pairs(kernel.topK(query, floats, live, floor, ordinals, scores));
  const count = kernel.coded!.topK(query, floats, codes, scales, live, floor, ordinals, scores);
  return { plain, coded: pairs(count) };
}

describe.each(codedKernels)('codes of $name', ({ kernel }) => {
  const coded = kernel.coded!;

  describe.each(DIMENSIONS)('at dimension %i', (dimension) => {
    const random = new Random(dimension);
    const random5 = Array.from({ length: 5 }, () => normalise(random.floats(dimension)));
    const sparse = new Float32Array(dimension).fill(1, 0, 1);
    const mixed = normalise(sparse.map((value, i) => value + (i % 3) * 1e-40));
    const vectors = [...random5, sparse, mixed, sparse.map((value) => -value)];

    it('say how much they have lost', () => {
      const { codes, scales } = new Rows(vectors, coded);
      for (const [i, vector] of vectors.entries()) {
        const scale = scales[2 * i]!;
        const lost = vector.map((value, j) => value - scale * (codes[i * dimension + j]! - 128));
        const length = Math.sqrt(dot(lost, lost));
        expect(length).toBeLessThanOrEqual(scales[2 * i + 1]! + 1e-9);
        expect(scales[2 * i + 1]).toBeLessThanOrEqual((scale * Math.sqrt(dimension)) / 2 + 1e-6);
      }
    });

    it.each([
      ['rows of the arena', 1],
      ['a query many times too long', 1e30],
      ['a query many times too short', 1e-30],
      ['a denormal query', 1e-41],
      ['a query of zeros', 0],
    ])('find what the floats find: %s', (_, size) => {
      const rows = new Rows(vectors, coded);
      for (const vector of vectors) {
        const query = vector.map((value) => value * size);
        for (const k of [1, 3, 20]) {
          const found = search({ kernel, rows }, query, { k, floor: -Infinity });
          expect(found.coded).toEqual(found.plain);
        }
      }
    });
  });

  const { dot: codeDot } = coded;

  describe.skipIf(!codeDot)('multiply exactly', () => {
    const sum = (code: Uint8Array, query: Int8Array) =>
      code.reduce((total, value, i) => total + (value - 128) * query[i]!, 0);

    it.each([...DIMENSIONS, 256, 257, 65_536])('at dimension %i, aligned or not', (dimension) => {
      const random = new Random(dimension);
      for (const offset of [0, 1, 31]) {
        const code = new Uint8Array(dimension + offset).subarray(offset);
        const query = new Int8Array(dimension + offset).subarray(offset);
        for (let i = 0; i < dimension; i++) code[i] = 1 + random.below(255);
        for (let i = 0; i < dimension; i++) query[i] = random.below(255) - 127;
        expect(codeDot!(code, query)).toBe(sum(code, query));
      }
    });

    it.each([
      [255, 127],
      [255, -127],
      [1, 127],
      [1, -127],
      [0, -128],
      [128, 127],
    ])('where every code is %i and every value of the query %i: nothing saturates', (c, q) => {
      for (const dimension of [31, 512, 65_536]) {
        const code = new Uint8Array(dimension).fill(c);
        const query = new Int8Array(dimension).fill(q);
        expect(codeDot!(code, query)).toBe((c - 128) * q * dimension);
      }
    });

    it('at every dimension from 1 to 1030', () => {
      const random = new Random(1030);
      const codes = Uint8Array.from({ length: 1100 }, () => random.below(256));
      const queries = Int8Array.from({ length: 1100 }, () => random.below(255) - 127);
      const wrong: number[] = [];
      for (let dimension = 1; dimension <= 1030; dimension++) {
        const code = codes.subarray(dimension % 67, (dimension % 67) + dimension);
        const query = queries.subarray(dimension % 61, (dimension % 61) + dimension);
        if (codeDot!(code, query) !== sum(code, query)) wrong.push(dimension);
      }
      expect(wrong).toEqual([]);
    });

    it('and refuse what does not fit', () => {
      const calls: [unknown[], typeof RangeError | typeof TypeError][] = [
        [[new Uint8Array(4), new Int8Array(5)], RangeError],
        [[new Uint8Array(65_537), new Int8Array(65_537)], RangeError],
        [[new Int8Array(4), new Int8Array(4)], TypeError],
        [[new Uint8Array(4), new Uint8Array(4)], TypeError],
        [[], TypeError],
      ];
      for (const [args, error] of calls)
        expect(() => Reflect.apply(codeDot!, undefined, args)).toThrow(error);
    });
  });

  describe('on many rows', () => {
    const dimension = 96;
    const random = new Random(11);
    const centre = random.direction(dimension);
    // Crowded about the query, so that many scores lie closer together than codes can tell apart,
    // many vectors twice, so that there are ties, and some rows not in use.
    const unlike = Array.from({ length: 1500 }, () => random.direction(dimension));
    const crowd = Array.from({ length: 500 }, () => random.near(centre, 0.7 + random.unit() / 50));
    const vectors = [...unlike, ...crowd, ...crowd.slice(0, 100), ...unlike.slice(0, 100)];
    const rows = new Rows(vectors, coded);
    for (let i = 0; i < vectors.length; i += 7) rows.live[i] = 0;

    it.each([
      [1, -1],
      [10, -1],
      [10, 0.705],
      [100, 0.71],
      [3000, 0.7],
      [3000, -1],
      [5, 2],
      [5, NaN],
      [0, 0],
    ])('find what the floats find: the best %i of at least %d', (k, floor) => {
      for (const query of [centre, unlike[3]!, crowd[5]!, random.direction(dimension)]) {
        const found = search({ kernel, rows }, query, { k, floor });
        expect(found.coded).toEqual(found.plain);
      }
    });

    it('read only the floats of rows that their codes do not rule out', () => {
      // Every row whose floats are read shows: they are the query's own here, at a score of 1.
      const telling = Object.assign(Object.create(rows) as Rows, {
        rows: Float32Array.from({ length: rows.rows.length }, (__, i) => centre[i % dimension]!),
      });
      const { coded: read } = search({ kernel, rows: telling }, centre, { k: 3000, floor: 0.65 });
      const reaching = (floor: number) =>
        search({ kernel, rows }, centre, { k: 3000, floor }).plain.length;
      expect(read.length).toBeGreaterThanOrEqual(reaching(0.65));
      expect(read.length).toBeLessThanOrEqual(reaching(0.6));
    });

    it('write the same codes as every other kernel', () => {
      for (const { kernel: other } of codedKernels) {
        const theirs = new Rows(vectors, other.coded!);
        expect(Buffer.compare(theirs.codes, rows.codes)).toBe(0);
        expect([...theirs.scales]).toEqual([...rows.scales]);
      }
    });
  });

  it('never find a score that is not a number', () => {
    const rows = new Rows([Float32Array.of(1, 0), Float32Array.of(0, 1)], coded);
    const query = Float32Array.of(NaN, 0);
    expect(search({ kernel, rows }, query, { k: 2, floor: -Infinity }).coded).toEqual([]);
    const endless = Float32Array.of(Infinity, 0);
    const found = search({ kernel, rows }, endless, { k: 2, floor: -Infinity });
    expect(found.coded).toEqual(found.plain);
  });

  describe('refuse', () => {
    const f = (length: number) => new Float32Array(length);
    const bytes = (length: number) => new Uint8Array(length);
    const ordinals = new Uint32Array(1);

    it.each<[string, unknown[]]>([
      ['an empty row', [f(0), bytes(4), f(2), 0]],
      ['a row of more than 65,536 floats', [f(65_537), bytes(65_537), f(2), 0]],
      ['a place beyond the codes', [f(4), bytes(4), f(4), 1]],
      ['a place beyond the scales', [f(4), bytes(8), f(2), 1]],
      ['the last place of all', [f(4), bytes(4), f(2), 2 ** 32 - 1]],
      ['a row that is too long', [f(4).fill(1), bytes(4), f(2), 0]],
      ['a row with a number that is not finite', [f(4).fill(NaN), bytes(4), f(2), 0]],
    ])('to encode %s', (_, args) => {
      expect(() => Reflect.apply(coded.encode, undefined, args)).toThrow(RangeError);
    });

    it.each<[string, unknown[]]>([
      ['too few rows', [f(4), f(4), bytes(8), f(4), bytes(2), 0, ordinals, f(1)]],
      ['too few codes', [f(4), f(8), bytes(7), f(4), bytes(2), 0, ordinals, f(1)]],
      ['too few scales', [f(4), f(8), bytes(8), f(3), bytes(2), 0, ordinals, f(1)]],
      ['other lengths of results', [f(4), f(8), bytes(8), f(4), bytes(2), 0, ordinals, f(2)]],
      ['an empty query', [f(0), f(8), bytes(8), f(4), bytes(2), 0, ordinals, f(1)]],
      [
        'too long a query',
        [f(65_537), f(65_537), bytes(65_537), f(2), bytes(1), 0, ordinals, f(1)],
      ],
    ])('to search %s', (_, args) => {
      expect(() => Reflect.apply(coded.topK, undefined, args)).toThrow(RangeError);
    });

    it('anything but the typed array they want', () => {
      const encodeArgs = [f(4), bytes(4), f(2), 0];
      const searchArgs = [f(4), f(4), bytes(4), f(2), bytes(1), 0, ordinals, f(1)];
      const calls: [(...args: never[]) => unknown, unknown[]][] = [
        [coded.encode, encodeArgs],
        [coded.topK, searchArgs],
      ];
      for (const [run, args] of calls) {
        expect(() => Reflect.apply(run, undefined, args)).not.toThrow();
        expect(() => Reflect.apply(run, undefined, [])).toThrow(TypeError);
        for (const at of args.keys())
          for (const value of [
            undefined,
            null,
            'x',
            {},
            [1],
            new Float64Array(8),
            new DataView(new ArrayBuffer(8)),
          ])
            expect(() => Reflect.apply(run, undefined, args.with(at, value))).toThrow(TypeError);
      }
    });
  });
});

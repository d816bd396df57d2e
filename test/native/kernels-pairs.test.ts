import { describe, expect, it } from 'vitest';
import { type Kernel, kernels } from '../../src/vectors/kernels.js';
import { pairHistogram } from '../../src/vectors/pair-histogram.js';
import { dot, normalise, Random } from '../vectors/data.js';

/** Unit vectors end to end: strangers, near likenesses, copies, opposites, and pairs on an edge of the bins. */
function rowsOf(count: number, dimension: number): Float32Array {
  const random = new Random(dimension * 1000 + count);
  const centre = random.direction(dimension);
  const vectors = Array.from({ length: count }, (_, i) => {
    if (i % 5 === 0) return normalise(centre.map((value, j) => (j % 2 ? value : -value)));
    if (i % 5 === 1) return random.near(centre, 0.9);
    if (i % 11 === 2) return centre.map((value) => -value);
    return random.direction(dimension);
  });
  const rows = new Float32Array(count * dimension);
  for (const [i, vector] of vectors.entries()) rows.set(vector, i * dimension);
  return rows;
}

/** Every pair in double precision. */
function oracle(rows: Float32Array, dimension: number, bins: number): Float64Array {
  const counts = new Float64Array(bins);
  const all = Array.from({ length: rows.length / dimension }, (_, i) =>
    rows.subarray(i * dimension, (i + 1) * dimension),
  );
  for (const [i, row] of all.entries())
    for (const other of all.slice(i + 1)) {
      const bin = Math.floor((dot(row, other) + 1) * (bins / 2));
      counts[Math.max(0, Math.min(bins - 1, bin))]!++;
    }
  return counts;
}

describe.each(kernels())('the pair histogram of kernel $name', (kernel) => {
  it.each([
    [0, 8, 16],
    [1, 8, 16],
    [2, 1, 16],
    [3, 7, 1],
    [31, 3, 1000],
    [32, 127, 2048],
    [33, 128, 2048],
    [97, 129, 2048],
    [150, 512, 2048],
    [64, 1030, 65_536],
    [200, 16, 7],
  ])('of %i rows at dimension %i in %i bins is exact', async (count, dimension, bins) => {
    const rows = rowsOf(count, dimension);
    const counts = await pairHistogram(kernel, rows, { dimension, bins });
    expect([...counts]).toEqual([...oracle(rows, dimension, bins)]);
  });

  it('is the same for any number of threads', async () => {
    const rows = rowsOf(300, 64);
    const one = await pairHistogram(kernel, rows, { dimension: 64, bins: 512 });
    const three = await pairHistogram(kernel, rows, { dimension: 64, bins: 512, threads: 3 });
    expect(three).toEqual(one);
  });

  it('refuses rows that are not unit vectors', async () => {
    const options = { dimension: 4, bins: 8 };
    for (const wrong of [NaN, Infinity, 1.1]) {
      const rows = Float32Array.of(1, 0, 0, 0, 0, wrong, 0, 0);
      await expect(pairHistogram(kernel, rows, options)).rejects.toThrow(RangeError);
    }
    await expect(pairHistogram(kernel, new Float32Array(7), options)).rejects.toThrow(RangeError);
    for (const bins of [0, 1.5, 65_537, NaN])
      await expect(
        pairHistogram(kernel, new Float32Array(8), { dimension: 4, bins }),
      ).rejects.toThrow(RangeError);
  });
});

const [best] = kernels();

describe('a long pair histogram', () => {
  const dimension = 16;
  const count = 3 * 4096 + 5;
  const random = new Random(5);
  const row = random.direction(dimension);
  const rows = Float32Array.from({ length: count * dimension }, (_, i) => row[i % dimension]!);

  it.skipIf(!best.pairs)(
    'counts every pair once, across blocks, and says how far it is',
    async () => {
      const shares: number[] = [];
      const onProgress = (share: number) => shares.push(share);
      const counts = await pairHistogram(best, rows, { dimension, bins: 4, onProgress });
      expect(counts[3]).toBe((count * (count - 1)) / 2);
      expect(shares).toHaveLength(10);
      expect(shares).toEqual(shares.toSorted((a, b) => a - b));
      expect(shares.at(-1)).toBe(1);
    },
  );

  it.skipIf(!best.pairs)('can be stopped, and lets others run', async () => {
    const stop = new AbortController();
    const running = pairHistogram(best, rows, { dimension, bins: 4, signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 1);
    await expect(running).rejects.toThrow('enough');
  });
});

describe.each(
  kernels().filter(
    (kernel): kernel is Kernel & Required<Pick<Kernel, 'pairs'>> => kernel.pairs !== undefined,
  ),
)('counting pairs by kernel $name', ({ pairs }) => {
  const shared = new Float32Array(new SharedArrayBuffer(8 * 4));

  it.each<[string, unknown[]]>([
    ['a dimension of 0', [shared, 0, 8, 0, 2, 0, 2]],
    ['part of a row', [shared, 3, 8, 0, 2, 0, 2]],
    ['no bins', [shared, 4, 0, 0, 2, 0, 2]],
    ['too many bins', [shared, 4, 65_537, 0, 2, 0, 2]],
    ['rows beyond the last', [shared, 4, 8, 0, 3, 0, 2]],
    ['columns beyond the last', [shared, 4, 8, 0, 2, 0, 3]],
    ['rows that end before they begin', [shared, 4, 8, 2, 1, 0, 2]],
    ['a negative row', [shared, 4, 8, -1, 1, 0, 2]],
    ['a row that is not a number', [shared, 4, 8, NaN, 1, 0, 2]],
    ['an endless row', [shared, 4, 8, 0, Infinity, 0, 2]],
  ])('refuses %s', (_, args) => {
    expect(() => Reflect.apply(pairs.count, undefined, args)).toThrow(RangeError);
  });

  it('refuses rows it could lose and anything but a Float32Array', () => {
    for (const rows of [new Float32Array(8), new Float64Array(8), [1], undefined])
      expect(() => Reflect.apply(pairs.count, undefined, [rows, 4, 8, 0, 2, 0, 2])).toThrow(
        TypeError,
      );
    expect(() => Reflect.apply(pairs.count, undefined, [])).toThrow(TypeError);
  });

  it('keeps the multiply-add units busy', () => {
    expect(pairs.saturate(1000)).toBeGreaterThan(1000);
    expect(() => pairs.saturate(1e9)).toThrow(RangeError);
  });
});

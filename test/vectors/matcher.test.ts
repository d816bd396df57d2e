import { describe, expect, it } from 'vitest';
import { kernels } from '../../src/vectors/kernels.js';
import { createMatcher } from '../../src/vectors/matcher.js';
import { dot, Random } from './data.js';

describe.each(kernels())('the matcher with kernel $name', (kernel) => {
  const matcher = createMatcher([kernel]);

  it.each([0, 1, 2, 99, 100, 101, 250])('scores %i rows against one', (count) => {
    const random = new Random(count);
    const query = random.direction(128);
    const rows = Array.from({ length: count }, () => random.near(query, 0.6));
    const cosines = matcher.cosines(query, rows);
    expect(cosines).toHaveLength(count);
    for (const [i, row] of rows.entries())
      expect(Math.abs(cosines[i]! - dot(query, row))).toBeLessThan(3e-7);
  });

  it.each([
    ['end to end', (rows: Float32Array[]) => rows],
    ['some of them', (rows: Float32Array[]) => rows.filter((_, i) => i % 3 !== 1)],
    ['in another order', (rows: Float32Array[]) => [rows[2]!, rows[9]!, rows[5]!, rows[5]!]],
    ['before the first', (rows: Float32Array[]) => rows.toReversed()],
  ])('scores rows of one block as it does copies: %s', (_, choose) => {
    const random = new Random(3);
    const dimension = 33;
    const query = random.direction(dimension);
    // Not from the beginning of the buffer.
    const block = new Float32Array(7 + 12 * dimension).subarray(7);
    const rows = Array.from({ length: 12 }, (__, i) => {
      const row = block.subarray(i * dimension, (i + 1) * dimension);
      row.set(random.near(query, 0.5));
      return row;
    });
    const chosen = choose(rows);
    const copies = chosen.map((row) => row.slice());
    expect([...matcher.cosines(query, chosen)]).toEqual([...matcher.cosines(query, copies)]);
  });

  it('scores rows that overlap, of one buffer but not whole rows apart', () => {
    const floats = new Random(4).floats(20);
    const rows = [floats.subarray(0, 8), floats.subarray(3, 11)];
    const query = floats.subarray(12, 20);
    const cosines = matcher.cosines(query, rows);
    for (const [i, row] of rows.entries())
      expect(Math.abs(cosines[i]! - dot(query, row))).toBeLessThan(1e-5);
  });

  it('refuses a number that is not finite in a block, too', () => {
    const block = new Float32Array(8).fill(0.5);
    block[6] = NaN;
    const rows = [block.subarray(0, 4), block.subarray(4, 8)];
    expect(() => matcher.cosines(block.subarray(0, 4), rows)).toThrow('row 1');
  });

  it('gives results that a later call of another dimension leaves alone', () => {
    const random = new Random(1);
    const query = random.direction(16);
    const before = matcher.cosines(query, [query]);
    matcher.cosines(random.direction(64), [random.direction(64)]);
    expect(before[0]).toBeCloseTo(1, 6);
  });

  it('refuses rows of another dimension', () => {
    const rows = [new Float32Array(4), new Float32Array(5)];
    expect(() => matcher.cosines(new Float32Array(4), rows)).toThrow(
      'row 1 has dimension 5, expected 4',
    );
  });

  it('refuses numbers that are not finite, in a row and in the query', () => {
    const good = Float32Array.of(1, 0);
    const bad = Float32Array.of(NaN, 0);
    expect(() => matcher.cosines(good, [good, bad])).toThrow(RangeError);
    expect(() => matcher.cosines(Float32Array.of(Infinity, 0), [good])).toThrow(RangeError);
  });
});

it('uses the best kernel of this host and says which', () => {
  expect(createMatcher().kernel).toBe(kernels()[0].name);
});

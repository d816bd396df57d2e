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

  it('scores rows of a block where they lie as it does copies, in any order', () => {
    const random = new Random(3);
    const dimension = 33;
    const query = random.direction(dimension);
    const rows = Array.from({ length: 12 }, () => random.near(query, 0.5));
    const block = Float32Array.from(rows.flatMap((row) => [...row]));
    for (const ordinals of [[], [0], [...rows.keys()], [11, 2, 5, 5]]) {
      const cosines = matcher.cosinesOf(query, block, Uint32Array.from(ordinals));
      const copies = ordinals.map((ordinal) => rows[ordinal]!);
      expect([...cosines]).toEqual([...matcher.cosines(query, copies)]);
    }
  });

  it('refuses a row beyond the block, and a number that is not finite in it', () => {
    const block = new Float32Array(8).fill(0.5);
    const query = block.slice(0, 4);
    expect(() => matcher.cosinesOf(query, block, Uint32Array.of(0, 2))).toThrow(RangeError);
    block[6] = NaN;
    expect(() => matcher.cosinesOf(query, block, Uint32Array.of(0, 1))).toThrow('row 1');
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

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CalibrationCurve,
  cosineFloor,
  reaches,
  similarityOf,
} from '../../src/domain/similarity.js';

const curve: CalibrationCurve = {
  version: 'test',
  exponent: 0.2,
  points: [
    [0.84, Math.log10(0.5)],
    [0.91, -2],
    [0.93, -3],
    [0.95, -5],
  ],
};

describe('similarityOf', () => {
  it('says 75 where one stranger in about a thousand scores as high', () => {
    // 100·(1 − FMR^0.2) = 75 at FMR = 0.25^5.
    const cosine = 0.93 + ((-3 - 5 * Math.log10(0.25)) / 2) * 0.02;
    expect(similarityOf(curve, cosine)).toBeCloseTo(75, 2);
  });

  it('is 0 for opposite faces and 100 for the same photo', () => {
    expect(similarityOf(curve, -1)).toBe(0);
    expect(similarityOf(curve, 1)).toBe(100);
  });

  it('goes on beyond the measured points', () => {
    expect(similarityOf(curve, 0.97)).toBeGreaterThan(similarityOf(curve, 0.95));
  });

  it('never falls when the cosine rises', () => {
    const cosine = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(cosine, cosine, (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(similarityOf(curve, high)).toBeGreaterThanOrEqual(similarityOf(curve, low));
      }),
    );
  });

  it('stays within 0–100 and is a float32', () => {
    fc.assert(
      fc.property(fc.double({ min: -1.001, max: 1.001, noNaN: true }), (cosine) => {
        const similarity = similarityOf(curve, cosine);
        expect(similarity).toBeGreaterThanOrEqual(0);
        expect(similarity).toBeLessThanOrEqual(100);
        expect(Math.fround(similarity)).toBe(similarity);
      }),
    );
  });

  it('refuses NaN', () => {
    expect(() => similarityOf(curve, Number.NaN)).toThrow(RangeError);
  });
});

describe('on CPUs whose kernels differ by up to 3e-7 in cosine', () => {
  const pairs = fc
    .tuple(
      fc.double({ min: -0.9999, max: 0.9999, noNaN: true }),
      fc.double({ min: -3e-7, max: 3e-7, noNaN: true }),
    )
    .map(([cosine, apart]) => [cosine, cosine + apart] as const);
  // One step of the last decimal, and what float32 rounds off at 100.
  const STEP = 0.001 + 8e-6;

  it('a similarity differs by one step of its last decimal at most', () => {
    fc.assert(
      fc.property(pairs, ([here, there]) => {
        const apart = Math.abs(similarityOf(curve, here) - similarityOf(curve, there));
        expect(apart).toBeLessThanOrEqual(STEP);
      }),
      { numRuns: 2000 },
    );
  });

  it('the answer is the same for every threshold that is not that near', () => {
    const threshold = fc.float({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(pairs, threshold, ([here, there], wanted) => {
        fc.pre(Math.abs(similarityOf(curve, here) - wanted) > STEP);
        expect(reaches(similarityOf(curve, there), wanted)).toBe(
          reaches(similarityOf(curve, here), wanted),
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe('cosineFloor', () => {
  it('never cuts off a cosine whose similarity reaches the threshold', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1, max: 1, noNaN: true }),
        fc.float({ min: 0, max: 100, noNaN: true }),
        (cosine, threshold) => {
          const matches = reaches(similarityOf(curve, cosine), threshold);
          expect(matches && cosine < cosineFloor(curve, threshold)).toBe(false);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

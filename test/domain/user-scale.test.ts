import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCurve } from '../../src/domain/calibration.js';
import {
  type CalibrationCurve,
  fmrOf,
  rarityOf,
  reaches,
  similarityOf,
} from '../../src/domain/similarity.js';
import { curveFor, userScale } from '../../src/domain/user-scale.js';

const curve: CalibrationCurve = {
  version: 'users',
  exponent: 0.2,
  points: [
    [0.84, Math.log10(0.5)],
    [0.91, -2],
    [0.93, -3],
    [0.95, -5],
  ],
  gains: [0.12, 0.17, 0.18, 0.18],
};

const faces = fc.integer({ min: 1, max: 100 });
const cosines = fc.double({ min: -1, max: 1, noNaN: true });

describe('a cosine to a user', () => {
  it('is read like one to a photo where the user has one face, or where the curve says nothing of users', () => {
    const { gains: _, ...photos } = curve;
    expect(curveFor(curve, [1, 1])).toEqual(photos);
    expect(curveFor(photos, [5, 100])).toEqual(photos);
  });

  it('that a share of strangers reaches rises by the gain of its distance to 1, for many faces and both sides', () => {
    // Of 4 faces three quarters of the gain, against a user of 2 one and a quarter.
    const four = 0.93 + 0.75 * 0.18 * 0.07;
    const both = 0.93 + 1.25 * 0.18 * 0.07;
    expect(fmrOf(curveFor(curve, [4]), four)).toBeCloseTo(1e-3, 9);
    expect(fmrOf(curveFor(curve, [4, 2]), both)).toBeCloseTo(1e-3, 9);
    expect(similarityOf(curveFor(curve, [4]), 0.93)).toBeLessThan(similarityOf(curve, 0.93));
  });

  it('of the same photo stays 100', () => {
    expect(similarityOf(curveFor(curve, [100, 100]), 1)).toBe(100);
  });
});

describe('bounds of a search over users of any number of faces', () => {
  const scale = userScale(curve, 3);

  it('never cut off a user whose similarity reaches the threshold', () => {
    fc.assert(
      fc.property(cosines, faces, fc.float({ min: 0, max: 100, noNaN: true }), (cosine, k, at) => {
        const found = reaches(scale.similarityOf(cosine, k), at);
        expect(found && cosine < scale.floor(at)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('never say that a user below could not be rarer when it is', () => {
    fc.assert(
      fc.property(cosines, cosines, faces, (one, other, k) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        expect(scale.rarityOf(low, k)).toBeLessThanOrEqual(scale.rarest(high));
      }),
      { numRuns: 2000 },
    );
  });

  it('order as similarities do', () => {
    fc.assert(
      fc.property(cosines, faces, cosines, faces, (a, i, b, k) => {
        const apart = scale.similarityOf(a, i) - scale.similarityOf(b, k);
        expect(apart === 0 || apart > 0 === scale.rarityOf(a, i) > scale.rarityOf(b, k)).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(rarityOf(curve, 1)).toBe(Infinity);
  });
});

describe('gains', () => {
  it.each<[string, number[], string]>([
    ['of another number', [0.1], 'a gain for each of 4 points, got 1'],
    ['below 0', [0.1, 0.1, -0.1, 0.1], 'gain 2: expected 0 to below 0.5, got -0.1'],
    ['that bring two users past 1', [0.1, 0.1, 0.1, 0.5], 'gain 3: expected 0 to below 0.5'],
    ['that are none', [0.1, Number.NaN, 0.1, 0.1], 'gain 1: expected'],
    ['by which users fall', [0.1, 0.1, 0.45, 0.01], 'gain 3: with 0.45 before and 0.01 here'],
  ])('%s are refused', (_, gains, message) => {
    expect(() => checkCurve({ ...curve, gains })).toThrow(message);
  });
});

import { describe, expect, it } from 'vitest';
import { checkCurve, fmrAsSeenBy } from '../../src/domain/calibration.js';
import { type CalibrationCurve, cosineOf, similarityOf } from '../../src/domain/similarity.js';

const curve: CalibrationCurve = {
  version: 'door-2026',
  exponent: 0.2,
  points: [
    [0.84, -0.3],
    [0.91, -2],
    [0.95, -5],
  ],
};

describe('checkCurve', () => {
  it('takes a curve that falls', () => {
    expect(() => checkCurve(curve)).not.toThrow();
  });

  it.each<[string, Partial<CalibrationCurve>, string]>([
    ['a name with spaces', { version: 'my door' }, 'got "my door"'],
    ['an empty name', { version: '' }, 'a calibration version'],
    ['no exponent', { exponent: 0 }, 'an exponent above 0, got 0'],
    ['an endless exponent', { exponent: Infinity }, 'got Infinity'],
    ['one point', { points: [[0.9, -2]] }, 'needs 2 to 1000 points, got 1'],
    [
      'NaN',
      {
        points: [
          [Number.NaN, 0],
          [0.9, -2],
        ],
      },
      'point 0: expected a cosine',
    ],
    [
      'an FMR of 0',
      {
        points: [
          [0.8, 0],
          [0.9, -Infinity],
        ],
      },
      'point 1: expected a log10 FMR',
    ],
    [
      'an FMR above 1',
      {
        points: [
          [0.8, 0.1],
          [0.9, -2],
        ],
      },
      'point 0: expected a log10 FMR',
    ],
    [
      'equal cosines',
      {
        points: [
          [0.8, 0],
          [0.8, -2],
        ],
      },
      'point 1: the cosine must rise',
    ],
    [
      'a rising FMR',
      {
        points: [
          [0.8, -2],
          [0.9, -1],
        ],
      },
      'got [0.9, -1] after [0.8, -2]',
    ],
  ])('refuses %s', (_, change, message) => {
    expect(() => checkCurve({ ...curve, ...change })).toThrow(message);
  });
});

describe('between scales', () => {
  const other: CalibrationCurve = {
    ...curve,
    points: [
      [0.8, -0.3],
      [0.88, -2],
      [0.92, -5],
    ],
  };

  it('cosineOf undoes similarityOf', () => {
    for (const similarity of [20, 50, 75, 90, 95])
      expect(similarityOf(curve, cosineOf(curve, similarity))).toBeCloseTo(similarity, 2);
  });

  it('says what a threshold of one curve lets pass by the data of another', () => {
    expect(fmrAsSeenBy(curve, curve, 75)).toBeCloseTo(0.25 ** 5, 8);
    // The other curve gives 75 to a smaller cosine, which more strangers reach.
    expect(fmrAsSeenBy(curve, other, 75)).toBeGreaterThan(0.25 ** 5 * 10);
  });
});

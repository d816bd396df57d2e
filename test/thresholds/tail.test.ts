import { describe, expect, it } from 'vitest';
import { compareAll } from '../../src/thresholds/comparisons.js';
import { impostorCurve } from '../../src/thresholds/impostor-curve.js';
import { Operating } from '../../src/thresholds/operating.js';
import { samplesOf } from '../../src/thresholds/samples.js';
import { similarityGrid } from '../../src/thresholds/scale.js';
import { kernels } from '../../src/vectors/kernels.js';
import { Random } from '../vectors/data.js';

/** Of two directions drawn at random in five dimensions: the share that has at least this cosine. */
const truth = (cosine: number): number => ((1 - cosine) ** 2 * (2 + cosine)) / 4;

const GRID = similarityGrid({
  version: 'five',
  exponent: 0.2,
  points: [-0.5, 0, 0.5, 0.8, 0.9, 0.97, 0.99, 0.997, 0.999].map((cosine) => [
    cosine,
    Math.log10(truth(cosine)),
  ]),
});

/** The curve that strangers who look like nobody in particular give: 177,000 pairs. */
async function curveOfStrangers(seed: number) {
  const random = new Random(seed);
  const faces = Array.from({ length: 600 }, (_, i) => ({
    photo: `${i}`,
    // Few units are counted faster; what lies between them is alike whoever they are.
    subject: `${i % 60}`,
    // Every direction is as likely as any other.
    embedding: unit(random.floats(5)),
    quality: {},
    groups: {},
  }));
  const compared = await compareAll(samplesOf(faces, 5, 1), {
    kernel: kernels()[0],
    grid: GRID,
    threads: 1,
    worst: 1,
  });
  return impostorCurve(
    compared.impostorBins,
    new Operating(GRID, compared.impostor, compared.genuine),
  );
}

const unit = (vector: Float32Array): Float32Array => vector.map((x) => x / Math.hypot(...vector));

describe('false matches rarer than any that were seen', () => {
  it('are told to within a factor of two a hundredfold beyond, where the truth is known', async () => {
    for (const seed of [1, 2]) {
      const points = (await curveOfStrangers(seed)).filter(({ extrapolated }) => extrapolated);
      // 30 errors of 177,000 are seen at 10^−3.8.
      const reached = points.filter(({ log10Fmr }) => log10Fmr > -5.9);
      expect(reached.length).toBeGreaterThanOrEqual(3);
      for (const { cosine, log10Fmr } of reached)
        expect(Math.abs(Math.log10(truth(cosine)) - log10Fmr)).toBeLessThan(Math.log10(2));
    }
  });

  it('never need a cosine above 1, however rare', async () => {
    const points = await curveOfStrangers(4);
    expect(points.at(-1)?.log10Fmr).toBe(-10);
    for (const [i, { cosine }] of points.entries()) {
      expect(cosine).toBeLessThan(1);
      expect(cosine).toBeGreaterThan(points[i - 1]?.cosine ?? -1);
    }
  });
});

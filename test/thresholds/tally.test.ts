import { describe, expect, it } from 'vitest';
import { reaches, similarityOf } from '../../src/domain/similarity.js';
import { compareAll, comparePairs } from '../../src/thresholds/comparisons.js';
import { chanceOfFewer } from '../../src/thresholds/hypergeometric.js';
import { samplesOf } from '../../src/thresholds/samples.js';
import { placeOf, similarityGrid } from '../../src/thresholds/scale.js';
import { kernels } from '../../src/vectors/kernels.js';
import { dot } from '../vectors/data.js';
import { CURVE, syntheticFaces } from './people.js';

const grid = similarityGrid(CURVE);

describe('the grid of thresholds', () => {
  it('knows the exact cosine from which each threshold is reached', () => {
    for (const [g, threshold] of grid.thresholds.entries()) {
      const cosine = grid.scores[g]!;
      if (cosine > 1 || cosine < -1) continue;
      expect(reaches(similarityOf(CURVE, cosine), threshold)).toBe(true);
      expect(reaches(similarityOf(CURVE, cosine - 1e-12), threshold)).toBe(false);
    }
  });
});

describe.each(kernels())('comparing all faces with kernel $name', (kernel) => {
  it('counts what comparing them one by one counts, for all and for each person', async () => {
    const faces = syntheticFaces(40, 3, { closeness: 0.6 });
    const samples = samplesOf(faces, 32, 1);
    const { impostor, genuine, worstImpostor, worstGenuine } = await compareAll(samples, {
      kernel,
      grid,
      threads: 2,
      worst: 5,
    });
    const pairs = faces.flatMap((a, i) =>
      faces.slice(i + 1).map((b) => ({
        same: a.subject === b.subject,
        people: [a.subject, b.subject],
        cosine: dot(a.embedding, b.embedding),
      })),
    );
    const strangers = pairs.filter(({ same }) => !same);
    const own = pairs.filter(({ same }) => same);
    expect(impostor.comparisons).toBe(strangers.length);
    expect(genuine.comparisons).toBe(own.length);
    for (const threshold of [10, 50, 75, 80, 90]) {
      const g = placeOf(grid, threshold)!;
      const reach = ({ cosine }: { cosine: number }): boolean =>
        reaches(similarityOf(CURVE, cosine), threshold);
      expect(genuine.errors[g]).toBe(own.filter((pair) => !reach(pair)).length);
      // A bin is 3e-5 wide: pairs in the one that holds the threshold count as reaching it.
      const sure = strangers.filter(reach).length;
      const close = strangers.filter(({ cosine }) => Math.abs(cosine - grid.scores[g]!) < 4e-5);
      expect(impostor.errors[g]).toBeGreaterThanOrEqual(sure);
      expect(impostor.errors[g]).toBeLessThanOrEqual(sure + close.length);
      if (close.length > 0) continue;
      for (const [subject, name] of samples.subjects.entries()) {
        const unit = samples.unitOf[subject]!;
        const mine = strangers.filter((pair) => pair.people.includes(name) && reach(pair));
        expect(impostor.unitErrors[unit * impostor.size + g]).toBe(mine.length);
      }
    }
    const worst = strangers.toSorted((a, b) => b.cosine - a.cosine).slice(0, 5);
    expect(worstImpostor.map(({ cosine }) => cosine)).toEqual(worst.map(({ cosine }) => cosine));
    const lowest = own.toSorted((a, b) => a.cosine - b.cosine).slice(0, 5);
    expect(worstGenuine.map(({ cosine }) => cosine)).toEqual(lowest.map(({ cosine }) => cosine));
  });
});

describe('comparing', () => {
  const [kernel] = kernels();

  it('gives the same for many people in few units', async () => {
    // More people than units, so that some pairs of strangers lie within a unit.
    const faces = syntheticFaces(1300, 1, { dimension: 16 });
    const samples = samplesOf(faces, 16, 1);
    expect(samples.units).toBe(1000);
    const { impostor, impostorBins } = await compareAll(samples, {
      kernel,
      grid,
      threads: 2,
      worst: 0,
    });
    const all = (1300 * 1299) / 2;
    expect(impostor.comparisons).toBe(all);
    expect(impostorBins.reduce((sum, count) => sum + count, 0)).toBe(all);
    expect(impostor.unitTotals.reduce((sum, count) => sum + count, 0)).toBe(2 * all);
  });

  it('of listed pairs looks at these only', () => {
    const faces = syntheticFaces(4, 2);
    const samples = samplesOf(faces, 32, 1);
    const pairs = [
      { a: 0, b: 1, same: true },
      { a: 0, b: 2, same: false },
      { a: 1, b: 5, same: false },
    ];
    const { impostor, genuine } = comparePairs(samples, pairs, { grid, worst: 9 });
    expect([genuine.comparisons, impostor.comparisons]).toEqual([1, 2]);
  });

  it('does not depend on the order of the faces', () => {
    const faces = syntheticFaces(30, 2);
    const one = samplesOf(faces, 32, 4);
    const other = samplesOf(faces.toReversed(), 32, 4);
    expect(other.faces.map(({ photo }) => photo)).toEqual(one.faces.map(({ photo }) => photo));
  });
});

describe('the chance of few among many', () => {
  it('is that of drawing without replacement', () => {
    // 4 marked of 10, 3 drawn: none with 20/120, one with 60/120.
    expect(chanceOfFewer(1, { total: 10, marked: 4, chosen: 3 })).toBeCloseTo(20 / 120, 10);
    expect(chanceOfFewer(2, { total: 10, marked: 4, chosen: 3 })).toBeCloseTo(80 / 120, 10);
    expect(chanceOfFewer(1, { total: 1000, marked: 1000, chosen: 5 })).toBeCloseTo(0, 10);
    expect(chanceOfFewer(1, { total: 100_000, marked: 100, chosen: 1000 })).toBeCloseTo(0.366, 2);
  });
});

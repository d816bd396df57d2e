import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { kindOf } from '../../src/thresholds/inputs/input.js';
import { type CountedScores, countScores } from '../../src/thresholds/inputs/score-tally.js';
import { measureScores } from '../../src/thresholds/measure.js';
import type { ThresholdsReport } from '../../src/thresholds/report.js';
import { Random } from '../vectors/data.js';
import { OPTIONS } from './people.js';

const folder = mkdtempSync(join(tmpdir(), 'likeness-scores-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function file(text: string, name = 'scores.csv'): string {
  const path = join(folder, `${files++}-${name}`);
  writeFileSync(path, text);
  return path;
}

const count = (path: string, options: { distance?: boolean } = {}): Promise<CountedScores> =>
  countScores([{ path, kind: 'labelled' }], { seed: 1, distance: false, ...options });

const measure = async (path: string): Promise<ThresholdsReport> =>
  measureScores({ counted: await count(path), name: 'scores' }, OPTIONS);

const csv = (genuine: readonly number[], impostor: readonly number[]): string =>
  [
    'score,genuine',
    ...genuine.map((score) => `${score},1`),
    ...impostor.map((score) => `${score},0`),
  ].join('\n');

/** The lowest of the scores at which the FMR is at most this, as bob's far_threshold finds it. */
function lowestFor({ curve }: ThresholdsReport, fmr: number): { threshold: number; fmr: number } {
  const point = curve.find((each) => each.fmr <= fmr);
  return { threshold: point?.threshold ?? Number.NaN, fmr: point?.fmr ?? Number.NaN };
}

describe('published values', () => {
  it('of the area under the ROC are met (scikit-learn, roc_auc_score: 0.75)', async () => {
    const report = await measure(file(csv([0.35, 0.8], [0.1, 0.4])));
    expect(report.areaUnderCurve.value).toBeCloseTo(0.75, 12);
  });

  it('of the ROC curve are met (scikit-learn, roc_curve)', async () => {
    const { curve } = await measure(file(csv([0.35, 0.8], [0.1, 0.4])));
    const at = (threshold: number): number[] => {
      const point = curve.findLast((each) => each.threshold <= threshold + 1e-9);
      return [point?.fmr ?? -1, 1 - (point?.fnmr ?? -1)];
    };
    expect([0.8, 0.4, 0.35, 0.1].map(at)).toEqual([
      [0, 0.5],
      [0.5, 0.5],
      [0.5, 1],
      [1, 1],
    ]);
  });

  it('of thresholds for an FMR are met where scores are few or tied (bob.measure, test_error.py)', async () => {
    const tied = await measure(
      file(
        csv(
          [0.0, 0.0, 0.0, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5],
          [0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.0, 1.0, 1.0],
        ),
      ),
    );
    expect(lowestFor(tied, 0.5).threshold).toBeGreaterThan(0.9);
    expect(lowestFor(tied, 0.5).fmr).toBeCloseTo(4 / 9, 12);
    const ten = Array.from({ length: 10 }, (_, i) => i);
    const even = await measure(file(csv(ten, ten)));
    expect(lowestFor(even, 0.11).fmr).toBe(0.1);
    expect(lowestFor(even, 0.91).fmr).toBe(0.9);
    expect(lowestFor(even, 1).threshold).toBe(0);
  });

  it('of separated scores are met at every FMR (bob.measure, test_obvious_thresholds)', async () => {
    const ten = Array.from({ length: 10 }, (_, i) => i);
    const report = await measure(
      file(
        csv(
          ten.map((i) => i + 10),
          ten,
        ),
      ),
    );
    for (let far = 0; far <= 20; far++) {
      const { fmr } = lowestFor(report, far / 20);
      expect(fmr).toBe(Math.floor(far / 2) / 10);
    }
    expect(report.equalErrorRate.value).toBe(0);
    expect(report.areaUnderCurve.value).toBeCloseTo(1, 12);
  });
});

describe('figures of many scores', () => {
  const random = new Random(11);
  const genuine = Array.from({ length: 4000 }, () => 2 + random.gauss());
  const impostor = Array.from({ length: 20_000 }, () => random.gauss());

  it('agree with sorting them', async () => {
    const report = await measure(file(csv(genuine, impostor)));
    const sorted = impostor.toSorted((a, b) => b - a);
    for (const fmr of [1e-2, 1e-3]) {
      const row = report.targets.find((each) => each.fmr === fmr);
      const threshold = sorted[Math.floor(fmr * impostor.length)] ?? 0;
      const fnmr = genuine.filter((score) => score <= threshold).length / genuine.length;
      // More different scores than thresholds: the grid is finest at the rare end.
      expect(row?.fnmr.value).toBeCloseTo(fnmr, 1.5);
      expect(row?.fnmr.value).toBeGreaterThanOrEqual(fnmr - 1e-9);
    }
    const area =
      genuine
        .slice(0, 500)
        .reduce(
          (sum, own) => sum + impostor.filter((other) => own > other).length / impostor.length,
          0,
        ) / 500;
    expect(report.areaUnderCurve.value).toBeCloseTo(area, 1.5);
    // Two normals two standard deviations apart cross where each has P(z ≥ 1).
    expect(report.equalErrorRate.value).toBeCloseTo(0.1587, 1.5);
    expect(report.equalErrorRate.low).toBeLessThan(0.1587);
    expect(report.equalErrorRate.high).toBeGreaterThan(0.1587);
  });

  it('of distances are those of similarities', async () => {
    const near = await count(file(csv(genuine, impostor)));
    const far = await count(
      file(
        csv(
          genuine.map((score) => -score),
          impostor.map((score) => -score),
        ),
      ),
      { distance: true },
    );
    expect(far.grid.thresholds).toEqual(near.grid.thresholds);
    expect(far.impostor.errors).toEqual(near.impostor.errors);
  });
});

describe('a score file', () => {
  const lines = [0.9, 0.8, 0.1, 0.2];

  it.each([
    ['CSV', 'score,label\n0.9,genuine\n0.8,genuine\n0.1,impostor\n0.2,impostor\n'],
    ['CSV with people', 'a,b,same,cosine\nx,x,1,0.9\ny,y,1,0.8\nx,y,0,0.1\nx,z,0,0.2\n'],
    [
      'semicolons and quotes',
      '"score";"genuine"\r\n0.9;"true"\r\n0.8;true\r\n0.1;false\r\n0.2;false',
    ],
    [
      'JSON lines',
      '{"score":0.9,"genuine":true}\n{"score":0.8,"genuine":1}\n{"score":0.1,"genuine":false}\n{"score":0.2,"genuine":0}',
    ],
    ['bob.measure', '1 0.9\n1 0.8\n-1 0.1\n-1 0.2\n'],
    ['bob.bio, four columns', 'x x p1 0.9\ny y p2 0.8\nx y p2 0.1\ny x p1 0.2\n'],
    ['bob.bio, five columns', 'x m1 x p1 0.9\ny m2 y p2 0.8\nx m1 y p2 0.1\ny m2 x p1 0.2\n'],
  ])('may be %s', async (_, text) => {
    const path = file(text, 'scores.txt');
    expect(await kindOf(path)).toBe('scores');
    const { genuine, impostor, grid } = await count(path);
    expect([genuine.comparisons, impostor.comparisons]).toEqual([2, 2]);
    for (const score of lines) expect([...grid.thresholds]).toContain(score);
  });

  it('may be two, of genuine and of impostor scores, in the last column (pyeer)', async () => {
    const { genuine, impostor, subjects } = await countScores(
      [
        { path: file('x x 0.9\ny y 0.8\n'), kind: 'genuine' },
        { path: file('x y 0.1\n'), kind: 'impostor' },
      ],
      { seed: 1, distance: false },
    );
    expect([genuine.comparisons, impostor.comparisons, subjects]).toEqual([2, 1, 2]);
  });

  it('tells what names no people, and what failed', async () => {
    const { warnings } = await measure(file('1 0.9\n1 nan\n-1 0.1\n-1 nan\n-1 nan\n'));
    expect(warnings.map(({ code, count: number }) => [code, number])).toEqual([
      ['NO_SUBJECTS', 0],
      ['FAILURES', 3],
    ]);
  });

  it.each([
    ['score,genuine\n0.5,1\nInfinity,0\n', /line 3: the score is Infinity/],
    ['score,genuine\n0.5,1\n,0\n', /line 3: the score is missing/],
    ['score,genuine\n0.5,1\nabc,0\n', /line 3: the score is abc/],
    ['score,genuine\n0.5,perhaps\n', /line 2: expected 1 or genuine/],
    ['score,genuine\n0.5,1\n0.6,1\n', /2 genuine and 0 impostor/],
    ['score,genuine\n', /holds no scores/],
    ['{"score":1,"genuine":true}\n{"sco', /line 2 is not JSON/],
    ['some,thing\n1,2\n', /expected a header with the columns score and genuine/],
  ])('that reads %j is refused with its line', async (text, message) => {
    await expect(count(file(text))).rejects.toThrow(message);
  });

  it('of any length needs the same memory', async () => {
    // Long enough for several chunks of the file.
    const random = new Random(2);
    const rows = Array.from(
      { length: 200_000 },
      (_, i) => `${(i % 20 === 0 ? 1 : 0) + random.gauss()},${i % 20 === 0 ? 1 : 0}`,
    );
    const { grid, impostor, genuine } = await count(file(`score,genuine\n${rows.join('\n')}`));
    expect(impostor.comparisons + genuine.comparisons).toBe(200_000);
    expect(grid.thresholds.length).toBeLessThan(1500);
    expect(impostor.units).toBe(1000);
  });
});

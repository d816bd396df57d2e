import { beforeAll, describe, expect, it } from 'vitest';
import { reaches, similarityOf } from '../../src/domain/similarity.js';
import { csvTable } from '../../src/thresholds/csv-table.js';
import { measureFaces } from '../../src/thresholds/measure.js';
import type { ThresholdsReport } from '../../src/thresholds/report.js';
import { reportText } from '../../src/thresholds/text.js';
import { kernels } from '../../src/vectors/kernels.js';
import { dot } from '../vectors/data.js';
import { CURVE, OPTIONS, syntheticFaces, syntheticInput } from './people.js';

const [kernel] = kernels();
const faces = syntheticFaces(80, 3, { closeness: 0.8 });
const measure = (
  more: Partial<Parameters<typeof measureFaces>[1]> = {},
): Promise<ThresholdsReport> =>
  measureFaces(syntheticInput(faces), { ...OPTIONS, kernel, groups: ['side'], ...more });

/** Each value of a report with where it stands. */
function* valuesOf(value: unknown, path = ''): Generator<[string, unknown]> {
  if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) yield* valuesOf(inner, `${path}.${key}`);
  else yield [path, value];
}

describe('a report on faces', () => {
  let report: ThresholdsReport;
  beforeAll(async () => {
    report = await measure();
  });

  it('is plain JSON without a hole', () => {
    const holes = [...valuesOf(report)].filter(
      ([, value]) => value === undefined || (typeof value === 'number' && !Number.isFinite(value)),
    );
    expect(holes).toEqual([]);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('recommends the lowest threshold whose FMR keeps the target', () => {
    const { threshold, fmr, fnmr } = report.verdict;
    expect(threshold.basis).toBe('measured');
    expect(fmr.value).toBeLessThanOrEqual(OPTIONS.targetFmr);
    const below = report.curve.findLast((point) => point.threshold < (threshold.value ?? 0) - 1e-9);
    expect(below?.fmr).toBeGreaterThan(OPTIONS.targetFmr);
    expect(threshold.low).toBeLessThanOrEqual(threshold.value ?? -1);
    expect(threshold.high).toBeGreaterThanOrEqual(threshold.value ?? 101);
    expect(fnmr.low).toBeLessThanOrEqual(fnmr.value ?? -1);
    expect(report.verdict.sentences[0]).toContain(`use UserMatchThreshold ${threshold.value} (`);
  });

  it('holds each rate in its interval, rising or falling with the threshold', () => {
    for (const { fmr, fnmr, fpir } of report.table)
      for (const rate of [fmr, fnmr, fpir]) {
        expect(rate?.low).toBeLessThanOrEqual(rate?.value ?? -1);
        expect(rate?.high).toBeGreaterThanOrEqual(rate?.value ?? 2);
      }
    const rising = report.table.map(({ fnmr }) => fnmr.value);
    expect(rising).toEqual(rising.toSorted((a, b) => (a ?? 0) - (b ?? 0)));
  });

  it('finds as many strangers’ searches with a match as searching finds', () => {
    const { identification } = report;
    expect(identification).toMatchObject({ enrolled: 80, gallerySize: 79, nonMatedProbes: 80 });
    // Users of the first two photos: of two faces the centroid is the mean direction.
    const users = Array.from({ length: 80 }, (_, person) => {
      const [a, b] = [faces[3 * person]!.embedding, faces[3 * person + 1]!.embedding];
      const sum = a.map((value, i) => value + b[i]!);
      const norm = Math.sqrt(dot(sum, sum));
      return sum.map((value) => value / norm);
    });
    for (const threshold of [20, 50, 75]) {
      const searches = users.map((_, person) => {
        const probe = faces[3 * person + 2]!.embedding;
        const reach = (user: Float32Array): boolean =>
          reaches(similarityOf(CURVE, dot(user, probe)), threshold);
        return {
          stranger: users.some((user, other) => other !== person && reach(user)),
          own: reach(users[person]!),
        };
      });
      const row = identification?.byThreshold.find((each) => each.threshold === threshold);
      expect(row?.fpir.value).toBeCloseTo(
        searches.filter(({ stranger }) => stranger).length / 80,
        9,
      );
      expect(row?.fnir.value).toBeCloseTo(searches.filter(({ own }) => !own).length / 80, 9);
    }
  });

  it('finds somebody for a stranger the more often the more users there are', () => {
    const sizes = report.identification?.byGallerySize ?? [];
    expect(sizes.map(({ gallerySize }) => gallerySize)).toEqual([10, 79, 100, 1000, 1e4, 1e5, 1e6]);
    for (const [i, { at, gallerySize }] of sizes.entries())
      for (const [k, { fpir }] of at.entries()) {
        const seen = gallerySize > 79 ? 'extrapolated' : 'measured';
        expect(fpir.basis).toBe(fpir.errors > 0 ? seen : 'bound');
        const before = sizes[i - 1]?.at[k]?.fpir.value ?? 0;
        expect(fpir.value).toBeGreaterThanOrEqual(before - 1e-9);
      }
  });

  it('ranks the right user, and counts every face once in a histogram', () => {
    const cmc = report.identification?.cmc ?? [];
    expect(cmc[0]?.rate.value).toBeGreaterThan(0.9);
    const ranks = cmc.map(({ rate }) => rate.value ?? 0);
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    const sum = (counts: number[]): number => counts.reduce((all, each) => all + each, 0);
    expect(sum(report.histogram.genuine)).toBe(report.protocol.counts.genuineComparisons);
    expect(sum(report.histogram.impostor)).toBe(report.protocol.counts.impostorComparisons);
  });

  it('measures groups among themselves', () => {
    const [column] = report.groups;
    expect(
      column?.groups.map(({ group, subjects, fmr }) => [group, subjects, fmr.comparisons]),
    ).toEqual([
      ['even', 40, (120 * 119) / 2 - 40 * 3],
      ['odd', 40, (120 * 119) / 2 - 40 * 3],
    ]);
    expect(column?.fmrRatio.low).toBeLessThanOrEqual(1.5);
  });

  it('knows the curve that a calibration is fitted from', () => {
    const points = report.impostorCurve;
    const cosines = points.map(({ cosine }) => cosine);
    expect(cosines).toEqual(cosines.toSorted((x, y) => x - y));
    const rates = points.map(({ log10Fmr }) => log10Fmr);
    expect(rates).toEqual(rates.toSorted((x, y) => y - x));
    for (const { errors, comparisons, log10Fmr } of points.filter((each) => !each.extrapolated))
      expect(log10Fmr).toBeCloseTo(Math.log10(errors / comparisons), 9);
    expect(
      points.filter(({ extrapolated }) => !extrapolated).at(-1)?.errors,
    ).toBeGreaterThanOrEqual(30);
    expect(points.at(-1)?.extrapolated).toBe(true);
  });

  it('says the same whatever the order of the faces, another thing for another seed', async () => {
    const other = await measureFaces(syntheticInput(faces.toReversed()), {
      ...OPTIONS,
      kernel,
      groups: ['side'],
    });
    expect(other).toEqual(report);
    const seeded = await measure({ seed: 2 });
    expect(seeded.table.map(({ fmr }) => fmr.errors)).toEqual(
      report.table.map(({ fmr }) => fmr.errors),
    );
    expect(seeded.areaUnderCurve.low).not.toBe(report.areaUnderCurve.low);
  });

  it('is told in words and as a table', () => {
    const text = reportText(report);
    for (const word of ['recommended', 'AssociateFaces', 'Searches by strangers', 'By side'])
      expect(text).toContain(word);
    for (const line of text.split('\n')) expect(line).not.toMatch(/undefined|NaN/);
    expect(csvTable(report)).not.toMatch(/undefined|NaN/);
  });

  it('of a value that every face has for itself refuses to be grouped by it', async () => {
    const named = faces.map((face) => ({ ...face, groups: { name: face.photo } }));
    await expect(
      measureFaces(syntheticInput(named), { ...OPTIONS, kernel, groups: ['name'] }),
    ).rejects.toThrow('is it a group?');
  });
});

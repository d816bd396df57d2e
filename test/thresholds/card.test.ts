import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fitCalibration } from '../../src/thresholds/fit-calibration.js';
import type { ThresholdsReport } from '../../src/thresholds/report.js';
import { EMBEDDERS } from '../../src/vision/models.js';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');
const MODELS = resolve(import.meta.dirname, '../../models');
const FACES = resolve(import.meta.dirname, '../../../shared/faces');
const MANIFEST = join(FACES, 'manifest.csv');
/** LIKENESS_CARD_PHOTOS=all: the whole of the data the card names (several minutes); else so many people. */
const SIZE = process.env['LIKENESS_CARD_PHOTOS'] ?? '70';

interface Card {
  calibration: {
    points: [cosine: number, log10Fmr: number][];
    gains: number[];
    fit: { impostorPairs: number; genuinePairs: number; command: string };
  };
  cohort?: object;
}

/** Options of the command on the card, but for what it writes. */
const optionsOf = (command: string): string[] =>
  [...command.matchAll(/--(?:where|face|min-photos|model) (?:'[^']*'|\S+)/g)].flatMap(
    ([option]) => {
      const [, name = '', value = ''] = /^(\S+) '?([^']*)'?$/.exec(option) ?? [];
      return [name, value];
    },
  );

const absent = existsSync(MANIFEST) ? '' : ` (skipped: ${FACES} is absent)`;

describe.skipIf(absent !== '').each(EMBEDDERS)(
  `the calibration on the card of %s${absent}`,
  (name) => {
    const card = readFileSync(join(MODELS, name, 'card.json'), 'utf8');
    const { calibration, cohort } = JSON.parse(card) as Card;
    // A cohort was learnt from those with one photo.
    const minPhotos = cohort ? 2 : 1;
    let folder: string;
    let report: ThresholdsReport;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'likeness-card-'));
      const out = join(folder, 'report.json');
      // The embeddings are of real people: they stay outside of the project, and go with the test.
      const cache = process.env['LIKENESS_CARD_CACHE'] ?? join(folder, 'cache');
      const list = SIZE === 'all' ? MANIFEST : sampleOf(Number(SIZE), minPhotos, folder);
      const options = optionsOf(calibration.fit.command);
      execFileSync(
        process.execPath,
        [CLI, 'thresholds', list, '--photos', FACES, ...options, '--cache', cache, '--json', out],
        { stdio: ['ignore', 'ignore', 'pipe'], timeout: 3_000_000 },
      );
      report = JSON.parse(readFileSync(out, 'utf8')) as ThresholdsReport;
    }, 3_000_000);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('was fitted to this model', () => {
      expect(report.protocol.model.id).toMatch(new RegExp(`^${name}-[0-9a-f]{12}$`));
    });
    it.runIf(SIZE === 'all')('is what the command on it gives for the data it names', () => {
      const { counts } = report.protocol;
      expect(counts).toMatchObject({
        ...(cohort ? { subjects: 337, faces: 1335 } : { subjects: 858, faces: 1856 }),
        impostorComparisons: calibration.fit.impostorPairs,
        genuineComparisons: calibration.fit.genuinePairs,
      });
      const { curve } = fitCalibration(report, { version: 'again', nowMs: 0 });
      // Every point, the extrapolated ones too; runtimes differ by less than this.
      expect(curve.points.length).toBe(calibration.points.length);
      for (const [index, [cosine, log10Fmr]] of curve.points.entries()) {
        expect(log10Fmr).toBe(calibration.points[index]![1]);
        expect(Math.abs(cosine - calibration.points[index]![0])).toBeLessThan(0.0001);
        expect(Math.abs(curve.gains![index]! - calibration.gains[index]!)).toBeLessThan(0.002);
      }
    });
    it.runIf(SIZE !== 'all')(
      'lies within the intervals that a sample of the same people gives',
      () => {
        const { impostorCurve, protocol } = report;
        expect(protocol.counts.subjects).toBeGreaterThan(0.9 * Number(SIZE));
        const measured = impostorCurve.filter(({ extrapolated }) => !extrapolated);
        // As far as 30 errors are seen among the sample's comparisons.
        const reached = calibration.points.filter(
          ([cosine]) => cosine > measured[0]!.cosine && cosine < measured.at(-1)!.cosine,
        );
        expect(reached.length).toBeGreaterThanOrEqual(2);
        for (const [cosine, log10Fmr] of reached) {
          const nearest = measured.reduce((best, point) =>
            Math.abs(point.cosine - cosine) < Math.abs(best.cosine - cosine) ? point : best,
          );
          // Up to a tenth of a decade lies between two points.
          expect(log10Fmr).toBeGreaterThan((nearest.log10FmrLow ?? -Infinity) - 0.1);
          expect(log10Fmr).toBeLessThan((nearest.log10FmrHigh ?? 0) + 0.1);
        }
      },
    );
  },
);

/** The manifest cut down to the first photos of so many people with at least `minPhotos`, spread over the alphabet. */
function sampleOf(size: number, minPhotos: number, folder: string): string {
  const [head = '', ...lines] = readFileSync(MANIFEST, 'utf8').trim().split('\n');
  const people = new Map<string, string[]>();
  for (const line of lines.filter((each) => /^lfw\/.*,identity,lfw,(?!.*suspect)/.test(each)))
    people.set(personOf(line), [...(people.get(personOf(line)) ?? []), line]);
  const enough = [...people.values()].filter((photos) => photos.length >= minPhotos);
  const step = Math.max(1, Math.floor(enough.length / size));
  const chosen = enough.filter((_, index) => index % step === 0).slice(0, size);
  // Two photos of one person, without which nothing genuine could be measured.
  const twice = chosen.find((photos) => photos.length > 1);
  const rows = chosen.flatMap((photos) =>
    photos.slice(0, photos === twice ? Math.max(2, minPhotos) : minPhotos),
  );
  const list = join(folder, 'sample.csv');
  writeFileSync(list, `${[head, ...rows].join('\n')}\n`);
  return list;
}

const personOf = (line: string): string => line.split(',')[4] ?? '';

import { describe, expect, it } from 'vitest';
import { cosineOf, fmrOf, similarityOf } from '../../src/domain/similarity.js';
import { calibrationText } from '../../src/thresholds/calibration-text.js';
import { fitCalibration } from '../../src/thresholds/fit-calibration.js';
import type { ThresholdsReport } from '../../src/thresholds/report.js';
import { sampleReport, sparseReport } from './html/sample-report.js';

const NOW = Date.UTC(2026, 10, 26);
const fit = (report: ThresholdsReport, version?: string) =>
  fitCalibration(report, { version, nowMs: NOW });

/** The cosine that the sample's strangers reach this rarely. */
const truth = (fmr: number): number => 0.84 - 0.02 * Math.log10(fmr);

describe('a calibration fitted to measured strangers', () => {
  const { curve, evidence, modelId, createdAtMs } = fit(sampleReport());

  it('makes the documented defaults mean what they say', () => {
    expect(modelId).toBe('dlib-resnet-0123456789abcdef');
    expect(createdAtMs).toBe(NOW);
    for (const [similarity, fmr] of [
      [75, 0.25 ** 5],
      [80, 0.2 ** 5],
      [90, 1e-5],
    ] as const) {
      expect(cosineOf(curve, similarity)).toBeCloseTo(truth(fmr), 4);
      expect(similarityOf(curve, truth(fmr))).toBeCloseTo(similarity, 1);
      expect(fmrOf(curve, truth(fmr)) / fmr).toBeCloseTo(1, 1);
    }
  });

  it('keeps what it rests on', () => {
    expect(evidence).toMatchObject({
      kind: 'measured',
      dataHash: 'ab'.repeat(32),
      people: 858,
      photos: 1856,
      genuinePairs: 3252,
      impostorPairs: 1_718_188,
      confidence: 0.95,
      seed: 1,
      command: expect.stringContaining('likeness thresholds'),
    });
    expect(evidence.notes).toContain('Seven photos resemble another person more than their own.');
  });

  it('gives each measured point its interval, and says which are extrapolated', () => {
    const points = evidence.points ?? [];
    expect(points.map(({ fmr, basis }) => [fmr, basis])).toEqual([
      [0.5, 'measured'],
      [0.1, 'measured'],
      [1e-2, 'measured'],
      [1e-3, 'measured'],
      [1e-4, 'measured'],
      [1e-5, 'extrapolated'],
      [1e-6, 'extrapolated'],
    ]);
    const at = points.find(({ fmr }) => fmr === 1e-4)!;
    // An FMR known to 10^±0.07 is a cosine known to ±0.0014.
    expect(at.high! - at.cosine).toBeCloseTo(0.0014, 3);
    expect(at.cosine - at.low!).toBeCloseTo(0.0014, 3);
    expect(at.errors).toBe(171);
    expect(points.at(-1)).not.toHaveProperty('low');
    expect(evidence.notes?.[0]).toBe('FMR below 1e-4, so similarity above 84.2, is extrapolated');
    const text = calibrationText(fit(sampleReport(), 'door'));
    expect(text).toMatch(/^1\.0e-5 +0\.94\d{3} +– +extrapolated$/m);
  });

  it('knows what strangers gain on users of several faces, down to the rates that show it and on', () => {
    expect(curve.gains).toEqual([0.12, 0.15, 0.17, 0.18, 0.18, 0.18, 0.18]);
    expect(evidence).toMatchObject({ gainUsers: 337 });
    expect(evidence.points?.[2]).toMatchObject({ fmr: 1e-2, gain: 0.17 });
    expect(evidence.notes).toContain(
      'what strangers gain on users of several faces is measured on 337 people down to FMR 1e-4, and held below',
    );
    expect(calibrationText(fit(sampleReport(), 'door'))).toMatch(/user of 2 +user of 5/);
  });

  it('reads users like photos where too few people have several, and says so', () => {
    for (const userGains of [[], sampleReport().userGains.slice(0, 3)]) {
      const few = fit({ ...sampleReport(), userGains });
      expect(few.curve).not.toHaveProperty('gains');
      expect(few.evidence.notes?.join()).toContain('too few people have several photos');
    }
  });

  it('has a name of its own where none is given', () => {
    expect(curve.version).toBe('door-gate--2026-11-26');
    expect(fit(sampleReport(), 'door-1').curve.version).toBe('door-1');
    expect(() => fit(sampleReport(), 'my door')).toThrow(
      'a calibration version of up to 64 letters',
    );
  });

  it('refuses scores of another engine', () => {
    expect(() => fit(sparseReport())).toThrow('these are scores of another engine');
  });

  it('refuses data that do not reach the default threshold, and says what they lack', () => {
    const few = sampleReport();
    few.impostorCurve = few.impostorCurve.map((point) =>
      point.log10Fmr < -2
        ? { ...point, extrapolated: true, log10FmrLow: null, log10FmrHigh: null }
        : point,
    );
    few.protocol.counts.impostorComparisons = 4950;
    expect(() => fit(few)).toThrow(
      'FMR 1e-3, which the default threshold 75 stands for, must be seen in 30 errors. That takes 30000 comparisons of different people (246 people with one photo each, fewer with more photos); here are 4950',
    );
    few.impostorCurve = [];
    expect(() => fit(few)).toThrow('cannot bear a calibration');
  });
});

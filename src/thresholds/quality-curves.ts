import { rateAt } from './interval.js';
import type { QualityCurve } from './report.js';
import { type FaceQuality, genuinePairs, type Samples } from './samples.js';
import { Tally } from './tally.js';

const MEASURES = [
  { measure: 'sharpness', unit: '0–100' },
  { measure: 'brightness', unit: '0–100' },
  { measure: 'confidence', unit: '0–100' },
  { measure: 'faceSize', unit: 'pixels' },
] as const satisfies readonly { measure: keyof FaceQuality; unit: string }[];

const STEPS = 10;
const STEP = 0.05;

/**
 * Error versus discard (ISO/IEC 29794-1): FNMR of pairs whose worse face is not among the worst 0, 5 … 50 %.
 *
 * @param floor the score that the threshold asks for.
 */
export function qualityCurves(
  samples: Samples,
  { threshold, floor }: { threshold: number; floor: number },
): QualityCurve[] {
  return MEASURES.flatMap(({ measure, unit }) => {
    const values = samples.faces.map(({ quality }) => quality[measure]);
    const known = values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
    if (known.length < values.length || known[0] === known.at(-1)) return [];
    const discards = Array.from({ length: STEPS + 1 }, (_, i) => ({
      discarded: Math.round(i * STEP * 100) / 100,
      limit: known[Math.floor(i * STEP * known.length)] ?? 0,
      tally: new Tally('false-non-match', { sides: 1, units: samples.units, size: 1 }),
    }));
    for (const [a, b, cosine] of genuinePairs(samples)) {
      const worse = Math.min(values[a] ?? 0, values[b] ?? 0);
      const person = samples.unitOf[samples.subjectOf[a]!]!;
      for (const { limit, tally } of discards)
        if (worse >= limit) tally.add(cosine >= floor ? 1 : 0, [person, person]);
    }
    const points = discards.map(({ discarded, limit, tally }) => ({
      discarded,
      limit,
      fnmr: rateAt(tally.close(), 0),
    }));
    return [{ measure, unit, threshold, points }];
  });
}

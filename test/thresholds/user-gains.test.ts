import { describe, expect, it } from 'vitest';
import type { CalibrationCurve } from '../../src/domain/similarity.js';
import { associationErrors } from '../../src/thresholds/association.js';
import { fitCalibration } from '../../src/thresholds/fit-calibration.js';
import { measureFaces } from '../../src/thresholds/measure.js';
import { type LabelledFace, samplesOf } from '../../src/thresholds/samples.js';
import { userGains } from '../../src/thresholds/user-gains.js';
import { kernels } from '../../src/vectors/kernels.js';
import { Random } from '../vectors/data.js';
import { OPTIONS, syntheticInput } from './people.js';

const DIMENSION = 24;
const [kernel] = kernels();
/** What all faces share, what one person's photos share, and what is of one photo; as shares of the squared length. */
const SHARES = { all: 0.84, person: 0.08, photo: 0.08 } as const;

/** People like those of a face model: strangers' cosines are high, and a photo's own part is worth averaging away. */
function people(count: number, photos: number, seed: number): LabelledFace[] {
  const random = new Random(seed);
  const axis = new Float32Array(DIMENSION).fill(1, 0, 1);
  const sum = (parts: [Float32Array, number][]): Float32Array => {
    const vector = axis.map((_, i) =>
      parts.reduce((total, [part, share]) => total + Math.sqrt(share) * part[i]!, 0),
    );
    const length = Math.hypot(...vector);
    return vector.map((value) => value / length);
  };
  return Array.from({ length: count }, (_, person) => {
    const own = random.direction(DIMENSION);
    return Array.from({ length: photos }, (__, photo) => ({
      photo: `p${person}/${photo}`,
      subject: `p${person}`,
      embedding: sum([
        [axis, SHARES.all],
        [own, SHARES.person],
        [random.direction(DIMENSION), SHARES.photo],
      ]),
      quality: {},
      groups: {},
    }));
  }).flat();
}

/** A scale near enough to be measured on; rates in it are of nobody. */
const ROUGH: CalibrationCurve = {
  version: 'rough',
  exponent: 0.2,
  points: [
    [0.84, -0.3],
    [0.95, -5],
  ],
};

async function fitted(faces: readonly LabelledFace[]): Promise<CalibrationCurve> {
  const input = syntheticInput(faces);
  const report = await measureFaces(
    { ...input, model: { ...input.model, calibration: ROUGH } },
    { ...OPTIONS, replicates: 2, kernel },
  );
  return fitCalibration(report, { version: 'fitted', nowMs: 0 }).curve;
}

describe('what strangers gain on a user of several faces', () => {
  it('learnt on some people, keeps the stated FMR for others whatever the number of faces', async () => {
    const { gains, ...photos } = await fitted(people(120, 6, 1));
    expect(gains).toHaveLength(photos.points.length);
    const samples = samplesOf(people(200, 6, 2), DIMENSION, 1);
    const settings = { kernel, seed: 1, outlierDistance: 0.3 };
    // FMR 1e-2, where 200 users meet enough strangers.
    const place = 602;
    const stated = (1 - place / 1000) ** 5;
    const ratios = async (curve: CalibrationCurve) =>
      (await associationErrors(samples, [place], { ...settings, curve }))
        .filter(({ faces }) => faces <= 5)
        .map(({ byThreshold }) => (byThreshold[0]?.falseAcceptance.value ?? 0) / stated);
    const before = await ratios(photos);
    // As the users of real faces: several times too many.
    expect(before[0]).toBeGreaterThan(0.75);
    expect(before[0]).toBeLessThan(1.33);
    expect(before[2]).toBeGreaterThan(2);
    for (const ratio of await ratios({ ...photos, gains: gains! })) {
      expect(ratio).toBeGreaterThan(0.75);
      expect(ratio).toBeLessThan(1.33);
    }
  });

  it('is not made up from a handful of people, nor from single photos', async () => {
    const gainsOf = (faces: readonly LabelledFace[]) =>
      userGains(samplesOf(faces, DIMENSION, 1), { kernel, seed: 1, outlierDistance: 0.3 });
    const single = people(300, 1, 3);
    const several = (count: number) =>
      people(count, 3, 4).map((face) => ({
        ...face,
        photo: `s${face.photo}`,
        subject: `s${face.subject}`,
      }));
    expect(await gainsOf(single)).toEqual([]);
    expect(await gainsOf([...single, ...several(9)])).toEqual([]);
    expect(await gainsOf([...single, ...several(10)])).not.toEqual([]);
  });
});

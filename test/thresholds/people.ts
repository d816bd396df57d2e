import type { CalibrationCurve } from '../../src/domain/similarity.js';
import type { FaceInput } from '../../src/thresholds/measure.js';
import type { LabelledFace } from '../../src/thresholds/samples.js';
import { Random } from '../vectors/data.js';

/** A curve for the synthetic people below: strangers about 0, one person about 0.7. */
export const CURVE: CalibrationCurve = {
  version: 'synthetic',
  exponent: 0.2,
  points: [
    [0, -0.3],
    [0.3, -2],
    [0.5, -4],
    [0.7, -7],
  ],
};

/** People as directions with noise: `photos` faces each. */
export function syntheticFaces(
  people: number,
  photos: number,
  { dimension = 32, seed = 7, closeness = 0.75 } = {},
): LabelledFace[] {
  const random = new Random(seed);
  return Array.from({ length: people }, (_, person) => {
    const centre = random.direction(dimension);
    return Array.from({ length: photos }, (__, photo) => ({
      photo: `p${person}/${photo}.jpg`,
      subject: `p${person}`,
      embedding: random.near(centre, closeness),
      quality: { confidence: 90 + (photo % 10), sharpness: 10 + ((person * 7 + photo) % 80) },
      groups: { side: person % 2 === 0 ? 'even' : 'odd' },
    }));
  }).flat();
}

/** The same as an input. */
export function syntheticInput(faces: readonly LabelledFace[]): FaceInput {
  return {
    kind: 'folder',
    name: 'synthetic',
    sha256: '0'.repeat(64),
    faces,
    labelsComplete: true,
    photos: faces.length,
    failures: [],
    warnings: [],
    model: {
      id: 'synthetic-1',
      version: '1.0',
      dimension: faces[0]?.embedding.length ?? 0,
      calibration: CURVE,
      outlierDistance: 0.3,
    },
    runtime: null,
  };
}

export const OPTIONS = {
  label: 'test',
  command: 'likeness thresholds test',
  createdAt: '2026-11-26T00:00:00.000Z',
  seed: 1,
  targetFmr: 1e-2,
  groups: [],
  replicates: 200,
  threads: 2,
};

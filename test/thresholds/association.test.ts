import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  CreateUserCommand,
  DeleteUserCommand,
  type RekognitionClient,
} from '@aws-sdk/client-rekognition';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outlierDistanceOf } from '../../src/domain/centroid.js';
import { newFaceId } from '../../src/domain/ids.js';
import type { CalibrationCurve } from '../../src/domain/similarity.js';
import { createSqliteStore } from '../../src/store/sqlite/store.js';
import {
  type AssociationTrial,
  associationErrors,
  associationTrials,
} from '../../src/thresholds/association.js';
import { embedPhotos } from '../../src/thresholds/inputs/embed.js';
import { installedModel, openVision } from '../../src/thresholds/inputs/input.js';
import { type PhotoList, photosInCsv } from '../../src/thresholds/inputs/photos.js';
import { type Samples, samplesOf } from '../../src/thresholds/samples.js';
import { placeOf, similarityGrid } from '../../src/thresholds/scale.js';
import { kernels } from '../../src/vectors/kernels.js';
import type { EmbeddingModel } from '../../src/vision/vision.js';
import { associate } from '../support/api.js';
import {
  clientFor,
  type RunningService,
  startService,
  stopService,
  withKeys,
} from '../support/service.js';
import { syntheticFaces } from './people.js';

const FACES = resolve(import.meta.dirname, '../../../shared/faces');
const missing = existsSync(join(FACES, 'manifest.csv'))
  ? ''
  : ' (skipped: ../shared/faces is missing)';
/** Low ones as well: at the defaults so few people make hardly any error. */
const THRESHOLDS = [35, 62.5, 75];
const SIZES = [1, 2, 5];
const COLLECTION = 'people';

/** People of LFW whom no curve or threshold was chosen by here: some with many photos, more with one. */
async function heldOut(): Promise<PhotoList> {
  const list = await photosInCsv(join(FACES, 'manifest.csv'), {
    where: [
      { column: 'source', value: 'lfw', not: false },
      { column: 'kind', value: 'identity', not: false },
    ],
  });
  const photosOf = new Map<string, typeof list.photos>();
  for (const photo of list.photos)
    photosOf.set(photo.subject ?? '', [...(photosOf.get(photo.subject ?? '') ?? []), photo]);
  const people = [...photosOf.values()].filter(
    (photos) => !photos[0]?.groups['tags']?.includes('suspect'),
  );
  const large = people.filter((photos) => photos.length >= 6).slice(0, 5);
  const small = people.filter((photos) => photos.length < 6).slice(0, 20);
  return {
    ...list,
    photos: [
      ...large.flatMap((photos) => photos.slice(0, 6)),
      ...small.map((photos) => photos[0]!),
    ],
  };
}

describe(`the table of association errors${missing}`, () => {
  let directory = '';
  let model: EmbeddingModel & { calibration: CalibrationCurve };
  let samples: Samples;
  let service: RunningService;
  let client: RekognitionClient;
  let faceIds: string[];

  beforeAll(async () => {
    if (missing !== '') return;
    directory = await mkdtemp(join(tmpdir(), 'likeness-association-'));
    const installed = await installedModel();
    if (!installed.calibration) throw new Error('the model has no calibration');
    model = { ...installed, calibration: installed.calibration };
    const { faces } = await embedPhotos(await heldOut(), {
      model,
      openVision: () => openVision({ runtime: 'auto', workers: 2, timeoutMs: 60_000 }),
      cacheDirectory: join(directory, 'cache'),
      face: 'central',
      filter: 'NONE',
      parallel: 2,
    });
    samples = samplesOf(faces, model.dimension, 1);
    faceIds = await storeFaces(join(directory, 'data'), samples, model);
    service = await startService(withKeys(join(directory, 'data')));
    client = clientFor(service.endpoint);
  }, 300_000);
  afterAll(async () => {
    if (missing !== '') return;
    client.destroy();
    await stopService(service);
    await rm(directory, { recursive: true, force: true });
  });

  /** What the service answers when all of a trial's faces ask to join. */
  async function observed(trial: AssociationTrial, threshold: number) {
    const id = (row: number): string => faceIds[row] ?? '';
    const user = samples.subjects[trial.subject]!.replaceAll(/[^\w.-]/g, '_');
    await client.send(new CreateUserCommand({ CollectionId: COLLECTION, UserId: user }));
    await associate(client, COLLECTION, user, trial.members.map(id), { UserMatchThreshold: 0 });
    const asking = [...trial.genuine, ...trial.impostors].map(id);
    const { AssociatedFaces = [] } = await associate(client, COLLECTION, user, asking, {
      UserMatchThreshold: threshold,
    });
    await client.send(new DeleteUserCommand({ CollectionId: COLLECTION, UserId: user }));
    const joined = new Set(AssociatedFaces.map(({ FaceId }) => FaceId));
    return {
      accepted: [...trial.impostors].filter((row) => joined.has(id(row))).length,
      refused: trial.genuine.filter((row) => !joined.has(id(row))).length,
    };
  }

  it.skipIf(missing !== '')(
    'says exactly what AssociateFaces does with held-out people',
    async () => {
      const grid = similarityGrid(model.calibration);
      const places = THRESHOLDS.map((threshold) => placeOf(grid, threshold)!);
      const table = await associationErrors(samples, places, {
        curve: model.calibration,
        kernel: kernels()[0],
        seed: 1,
        outlierDistance: outlierDistanceOf(model.calibration),
      });
      let errors = 0;
      for (const faces of SIZES)
        for (const threshold of THRESHOLDS) {
          const seen = { accepted: 0, refused: 0, users: 0 };
          for (const trial of associationTrials(samples, faces, 1)) {
            const { accepted, refused } = await observed(trial, threshold);
            seen.accepted += accepted;
            seen.refused += refused;
            seen.users++;
          }
          const row = table
            .find((each) => each.faces === faces)
            ?.byThreshold.find((each) => each.threshold === threshold);
          expect(seen.users).toBeGreaterThanOrEqual(5);
          expect(row?.falseRejection.errors).toBe(seen.refused);
          expect(row?.falseAcceptance.errors).toBe(seen.accepted);
          errors += seen.accepted + seen.refused;
        }
      // Otherwise nothing was compared.
      expect(errors).toBeGreaterThan(20);
    },
    300_000,
  );
});

describe('association errors', () => {
  const curve: CalibrationCurve = {
    version: 't',
    exponent: 0.2,
    points: [
      [0, -0.3],
      [0.5, -4],
      [0.7, -7],
    ],
  };
  const settings = { curve, kernel: kernels()[0], seed: 1, outlierDistance: 0.3 };

  it('of sizes that too few people have are not measured, and say why', async () => {
    const samples = samplesOf(syntheticFaces(12, 3), 32, 1);
    const errors = await associationErrors(samples, [750], settings);
    expect(errors.map(({ faces, notMeasurable }) => [faces, notMeasurable])).toEqual([
      [1, null],
      [2, null],
      [5, '0 people have more than 5 usable photos, 5 are needed'],
      [10, '0 people have more than 10 usable photos, 5 are needed'],
      [50, '0 people have more than 50 usable photos, 5 are needed'],
      [100, '0 people have more than 100 usable photos, 5 are needed'],
    ]);
    expect(errors[0]).toMatchObject({ users: 12, genuineTrials: 24, impostorTrials: 12 * 11 });
    expect(errors[1]).toMatchObject({ users: 12, genuineTrials: 12, impostorTrials: 12 * 11 });
  });

  it('draw nobody’s face into both the user and its trials', () => {
    const samples = samplesOf(syntheticFaces(10, 7), 32, 1);
    for (const { subject, members, genuine, impostors } of associationTrials(samples, 5, 3)) {
      expect(new Set([...members, ...genuine]).size).toBe(7);
      for (const row of [...members, ...genuine]) expect(samples.subjectOf[row]).toBe(subject);
      for (const row of impostors) expect(samples.subjectOf[row]).not.toBe(subject);
    }
  });
});

/** The faces as IndexFaces would have stored them; their ids by row. */
async function storeFaces(
  directory: string,
  samples: Samples,
  model: EmbeddingModel & { calibration: CalibrationCurve },
): Promise<string[]> {
  const store = await createSqliteStore({ directory });
  await store.createCollection({
    collectionId: COLLECTION,
    createdAtMs: 1,
    modelId: model.id,
    calibrationVersion: model.calibration.version,
    faceModelVersion: model.version,
    dimension: model.dimension,
    tags: {},
    maxCollections: 10,
  });
  const faces = samples.faces.map(({ embedding }, row) => ({
    faceId: newFaceId(),
    imageId: newFaceId(),
    box: { left: 0, top: 0, width: 0.5, height: 0.5 },
    confidence: 99,
    embedding,
    createdAtMs: row,
  }));
  await store.insertFaces(COLLECTION, faces, 10_000);
  await store.close();
  return faces.map(({ faceId }) => faceId);
}

import { beforeEach, describe, expect, it } from 'vitest';
import { similarityOf } from '../../src/domain/similarity.js';
import { createCalibrations } from '../../src/operations/calibrations.js';
import { openBeside } from '../../src/store/sqlite/beside.js';
import type { Store } from '../../src/store/store.js';
import { newCalibration } from '../store/contract-calibrations.js';
import { newCollection, newFace, normalised } from '../store/samples.js';
import { openStore } from '../store/sqlite-store.js';
import { context, operationsOn } from './support.js';

const { modelId } = newCollection();
const strict = newCalibration({ version: 'strict', slope: -4 });
const COSINE = 0.8;

/** Two unit vectors of this cosine. */
const first = normalised(new Float64Array(16).fill(0, 1).fill(1, 0, 1));
const second = normalised(
  new Float64Array(16).map((_, i) => (i === 0 ? COSINE : i === 1 ? Math.sqrt(1 - COSINE ** 2) : 0)),
);

/** A collection with a user `ada` of the first vector, and the second as a face of nobody. */
async function fill(store: Store, collectionId: string) {
  const faces = [newFace(1, { embedding: first }), newFace(2, { embedding: second })];
  const { value } = await store.insertFaces(collectionId, faces, 10);
  await store.createUser(collectionId, 'ada', { maxUsers: 9 });
  const [mine, free] = value.map(({ faceId }) => faceId);
  return { mine: mine ?? '', free: free ?? '' };
}

describe('collections that pin different calibration versions', () => {
  let store: Store;
  let directory: string;
  beforeEach(async () => {
    ({ store, directory } = await openStore());
  });

  async function twoCollections() {
    const operations = operationsOn(store);
    await operations.CreateCollection({ CollectionId: 'usual' }, context);
    await store.calibrations.add(strict);
    const change = { modelId, collectionId: undefined, from: undefined, to: 'strict', atMs: 1 };
    await store.calibrations.switch(change);
    await operations.CreateCollection({ CollectionId: 'strict' }, context);
    return operations;
  }

  it('new ones pin the default; both answer by their own curve in one service', async () => {
    const operations = await twoCollections();
    expect(await store.collection('usual')).toMatchObject({ calibrationVersion: 'curve-1' });
    expect(await store.collection('strict')).toMatchObject({ calibrationVersion: 'strict' });
    const usual = (await store.calibrations.find(modelId, 'curve-1'))!.curve;
    for (const [id, curve] of [
      ['usual', usual],
      ['strict', strict.curve],
    ] as const) {
      const { mine, free } = await fill(store, id);
      const found = await operations.SearchFaces(
        { CollectionId: id, FaceId: mine, FaceMatchThreshold: 0 },
        context,
      );
      expect(found.FaceMatches).toMatchObject([
        { Similarity: expect.closeTo(similarityOf(curve, COSINE), 2) },
      ]);
      await operations.AssociateFaces(
        { CollectionId: id, UserId: 'ada', FaceIds: [mine] },
        context,
      );
      const asked = await operations.AssociateFaces(
        { CollectionId: id, UserId: 'ada', FaceIds: [free], UserMatchThreshold: 90 },
        context,
      );
      // 97.5 by the usual curve, 68.6 by the strict one.
      expect(asked.AssociatedFaces).toHaveLength(id === 'usual' ? 1 : 0);
    }
    await operations.close();
  });

  it('a switch from beside counts from the next call on, and back', async () => {
    const operations = await twoCollections();
    const { mine } = await fill(store, 'usual');
    const search = async () => {
      const found = await operations.SearchFaces(
        { CollectionId: 'usual', FaceId: mine, FaceMatchThreshold: 0 },
        context,
      );
      return found.FaceMatches?.[0]?.Similarity;
    };
    const before = await search();
    const beside = openBeside(directory);
    const change = { modelId, collectionId: 'usual', from: 'curve-1', to: 'strict', atMs: 1 };
    await beside.calibrations.switch(change);
    expect(await search()).toBeCloseTo(similarityOf(strict.curve, COSINE), 2);
    await beside.calibrations.switch({ ...change, from: 'strict', to: 'curve-1' });
    expect(await search()).toBe(before);
    beside.close();
    await operations.close();
  });

  it('a version the service does not have is named', async () => {
    const operations = await twoCollections();
    await store.createCollection(
      newCollection({ collectionId: 'odd', calibrationVersion: 'lost' }),
    );
    const { mine } = await fill(store, 'odd');
    await expect(
      operations.SearchFaces({ CollectionId: 'odd', FaceId: mine }, context),
    ).rejects.toMatchObject({
      code: 'InvalidParameterException',
      message: expect.stringContaining('pins the calibration version lost of model'),
    });
    await operations.close();
  });

  it('keep the shipped curve they were made with when a release ships another', async () => {
    const older = newCalibration({ version: 'shipped-1' }).curve;
    const newer = newCalibration({ version: 'shipped-2', slope: -6 }).curve;
    await createCalibrations(
      store.calibrations,
      [{ id: modelId, name: 'm', calibration: older }],
      0,
    );
    const collection = await store.createCollection(
      newCollection({ collectionId: 'kept', calibrationVersion: 'shipped-1' }),
    );
    const now = await createCalibrations(
      store.calibrations,
      [{ id: modelId, name: 'm', calibration: newer }],
      0,
    );
    expect(await now.of(collection)).toEqual(older);
    expect(await now.current()).toEqual(newer);
    const changed = { ...newer, exponent: 0.25 };
    await expect(
      createCalibrations(store.calibrations, [{ id: modelId, name: 'm', calibration: changed }], 0),
    ).rejects.toThrow('already another curve');
  });
});

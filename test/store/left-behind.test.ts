import { expect, it, vi } from 'vitest';
import type { EmbeddingSpace } from '../../src/store/moving.js';
import { openBeside, type StoreBeside } from '../../src/store/sqlite/beside.js';
import type { NewFace, Store } from '../../src/store/store.js';
import { filesOf, query } from '../support/collection-files.js';
import { centroidOf, newCollection, newFace, takeFree, unitVector } from './samples.js';
import { openStore } from './sqlite-store.js';

const {
  collectionId: ID,
  modelId,
  calibrationVersion,
  faceModelVersion,
  dimension,
} = newCollection();
const FIRST: EmbeddingSpace = { modelId, calibrationVersion, faceModelVersion, dimension };
const SECOND = { ...FIRST, modelId: 'second', dimension: 24 };
const crop = (seed: number): Uint8Array => Buffer.alloc(100, seed);

interface Moved {
  store: Store;
  directory: string;
  beside: StoreBeside;
  faces: NewFace[];
  ids: string[];
}

const centroid = (faces: { embedding: Float32Array }[]): Float32Array | undefined =>
  centroidOf(faces.map(({ embedding }) => embedding));

/** Opens a move, stages some faces, and switches. */
function move(
  beside: StoreBeside,
  to: EmbeddingSpace,
  { given = [], withoutMissing = false }: { given?: string[]; withoutMissing?: boolean } = {},
): { leftBehind: number; cameBack: number } {
  const opened = beside.moves.open(ID, to, 1);
  try {
    opened.stage(
      given.map((faceId, at) => ({ faceId, embedding: unitVector(at + 50, to.dimension) })),
    );
    return opened.switch(centroid, 2, { withoutMissing });
  } finally {
    opened.close();
  }
}

/** Five faces, of which ada has the first and the second, bea the third, and nobody the others; the odd ones moved. */
async function moved(): Promise<Moved> {
  const { store, directory } = await openStore();
  await store.createCollection(newCollection({ collectionId: ID }));
  const faces = Array.from({ length: 5 }, (_, at) => newFace(at, { crop: crop(at) }));
  await store.insertFaces(ID, faces, 1e6);
  const ids = faces.map(({ faceId }) => faceId);
  for (const [userId, faceIds] of [
    ['ada', ids.slice(0, 2)],
    ['bea', ids.slice(2, 3)],
  ] as const) {
    await store.createUser(ID, userId, { maxUsers: 9 });
    await store.changeUserFaces(ID, { userId, faceIds }, takeFree);
  }
  const beside = openBeside(directory);
  const given = ids.filter((_, at) => at % 2 === 1);
  expect(() => move(beside, SECOND, { given })).toThrow('3 of 5 faces');
  const outcome = move(beside, SECOND, { given, withoutMissing: true });
  expect(outcome).toEqual({ leftBehind: 3, cameBack: 0 });
  return { store, directory, beside, faces, ids };
}

const users = async (store: Store): Promise<Record<string, string | undefined>> => {
  const { items } = await store.listFaces(ID, { limit: 100 });
  return Object.fromEntries(items.map(({ faceId, userId }) => [faceId, userId]));
};

it('faces that lack a new embedding are left behind, and come back to their users', async () => {
  const { store, directory, beside, faces, ids } = await moved();
  expect(await users(store)).toEqual({ [ids[1]!]: 'ada', [ids[3]!]: undefined });
  expect(await store.collection(ID)).toMatchObject({
    modelId: 'second',
    faceCount: 2,
    userCount: 2,
  });
  expect(await store.user(ID, 'ada')).toMatchObject({ faceCount: 1 });
  expect(await store.user(ID, 'bea')).toMatchObject({ faceCount: 0 });
  expect(await store.userCentroid(ID, 'ada')).toEqual(await store.faceEmbedding(ID, ids[1]!));
  expect(await store.userCentroid(ID, 'bea')).toBeUndefined();
  expect(await store.crops()).toMatchObject({ crops: 2 });

  expect(move(beside, FIRST)).toEqual({ leftBehind: 0, cameBack: 3 });
  expect(await users(store)).toEqual({
    [ids[0]!]: 'ada',
    [ids[1]!]: 'ada',
    [ids[2]!]: 'bea',
    [ids[3]!]: undefined,
    [ids[4]!]: undefined,
  });
  for (const { faceId, embedding } of faces)
    expect(await store.faceEmbedding(ID, faceId)).toEqual(embedding);
  expect(await store.user(ID, 'ada')).toMatchObject({ faceCount: 2 });
  expect(await store.crops()).toMatchObject({ crops: 5, bytes: 500 });
  const [file] = filesOf(directory, ID, 'collections') as [string];
  expect(query(file, 'SELECT * FROM left_behind')).toEqual([]);
  // It lives on: the next face gets a row of its own.
  await store.insertFaces(ID, [newFace(9)], 1e6);
  expect(await store.collection(ID)).toMatchObject({ faceCount: 6 });
  beside.close();
});

it('one that came anew stays away, one that is deleted is gone, and one without its user comes alone', async () => {
  const { store, beside, faces, ids } = await moved();
  const again = newFace(7, { embedding: unitVector(7, 24), imageId: faces[0]!.imageId });
  await store.insertFaces(ID, [again], 1e6);
  const { value } = await store.deleteFaces(ID, [ids[4]!]);
  expect(value.refused).toEqual([{ faceId: ids[4], reason: 'FACE_NOT_FOUND' }]);
  await store.deleteUser(ID, 'bea', {});
  expect(move(beside, FIRST, { given: [again.faceId] })).toEqual({ leftBehind: 0, cameBack: 1 });
  expect(await users(store)).toEqual({
    [ids[1]!]: 'ada',
    [ids[2]!]: undefined,
    [ids[3]!]: undefined,
    [again.faceId]: undefined,
  });
  beside.close();
});

it('a user gets no more faces back than it may have', async () => {
  const { store, beside, ids } = await moved();
  const opened = beside.moves.open(ID, FIRST, 1);
  opened.switch(centroid, 2, { facesPerUser: 1 });
  opened.close();
  expect(await users(store)).toMatchObject({
    [ids[0]!]: undefined,
    [ids[1]!]: 'ada',
    [ids[2]!]: 'bea',
  });
  beside.close();
});

it('not all of them', async () => {
  const { beside } = await moved();
  const third = { ...FIRST, modelId: 'third' };
  expect(() => move(beside, third, { withoutMissing: true })).toThrow('2 of 2 faces');
  beside.close();
});

it('they go along to a further model, and are gone once what was before is forgotten', async () => {
  const { store, directory, beside, ids } = await moved();
  const third = { ...FIRST, modelId: 'third' };
  move(beside, third, { given: [ids[1]!], withoutMissing: true });
  const left = (): unknown[] =>
    filesOf(directory, ID, 'collections').flatMap((file) =>
      query(file, 'SELECT model_id FROM left_behind ORDER BY model_id').flat(),
    );
  expect(left()).toEqual([modelId, modelId, modelId, 'second']);
  expect(await beside.moves.forget(ID)).toBe(2);
  await vi.waitFor(() => expect(left()).toEqual([]));
  expect(Object.keys(await users(store))).toEqual([ids[1]]);
  beside.close();
});

import { beforeEach, describe, expect, it } from 'vitest';
import type { Calibration } from '../../src/domain/calibration.js';
import { rarityOf, similarityOf } from '../../src/domain/similarity.js';
import { curveFor } from '../../src/domain/user-scale.js';
import type { Store } from '../../src/store/store.js';
import { newCalibration } from '../store/contract-calibrations.js';
import { newCollection, newFace } from '../store/samples.js';
import { openStore } from '../store/sqlite-store.js';
import { Random } from '../vectors/data.js';
import { context, type Operations, operationsOn } from './support.js';

const DIMENSION = 16;
const ID = 'people';
const { modelId } = newCollection();
const given = newCalibration({ version: 'users', modelId });
const calibration: Calibration = {
  ...given,
  // Larger than any seen, so that the order by cosine is far from the order by similarity.
  curve: { ...given.curve, gains: [0.45, 0.45] },
};
const { curve } = calibration;

/** Users of 1 to 9 faces, all much alike, and as many faces of nobody. */
async function fill(store: Store, operations: Operations, users: number) {
  const random = new Random(3);
  const middle = random.direction(DIMENSION);
  const counts = Array.from({ length: users }, (_, i) => 1 + (i % 9));
  const total = counts.reduce((sum, count) => sum + count, 0) + users;
  const faces = Array.from({ length: total }, (_, i) =>
    newFace(i + 1, { embedding: random.near(middle, 0.8) }),
  );
  const { value } = await store.insertFaces(ID, faces, 10_000);
  const ids = value.map(({ faceId }) => faceId);
  for (const [i, count] of counts.entries()) {
    const UserId = `user-${String(i).padStart(3, '0')}`;
    await operations.CreateUser({ CollectionId: ID, UserId }, context);
    await operations.AssociateFaces(
      { CollectionId: ID, UserId, FaceIds: ids.splice(0, count), UserMatchThreshold: 0 },
      context,
    );
  }
  return ids;
}

const dot = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

/** What is read of a reply. */
interface Found {
  UserMatches: { User?: { UserId?: string }; Similarity?: number }[];
}

const idsOf = (users: readonly { userId: string | undefined }[]) =>
  users.map(({ userId }) => userId);

describe('users whose calibration knows how many faces they have', () => {
  let store: Store;
  let operations: Operations;
  let free: string[];
  beforeEach(async () => {
    ({ store } = await openStore());
    operations = operationsOn(store);
    await store.calibrations.add(calibration);
    const change = { modelId, collectionId: undefined, from: undefined, to: 'users', atMs: 1 };
    await store.calibrations.switch(change);
    await operations.CreateCollection({ CollectionId: ID }, context);
    free = await fill(store, operations, 60);
  });

  const search = async (
    by: { FaceId: string } | { UserId: string },
    { most, threshold = 0 }: { most: number; threshold?: number },
  ): Promise<{ userId: string | undefined; similarity: number | undefined }[]> => {
    const found = (await operations.SearchUsers(
      { CollectionId: ID, ...by, MaxUsers: most, UserMatchThreshold: threshold },
      context,
    )) as unknown as Found;
    return found.UserMatches.map(({ User, Similarity }) => ({
      userId: User?.UserId,
      similarity: Similarity,
    }));
  };

  /** All users, by the similarity of their centroid and number of faces. */
  async function everybody(query: Float32Array, queryFaces: number, but?: string) {
    const { items } = await store.listUsers(ID, { limit: 500 });
    const all = await Promise.all(
      items
        .filter(({ userId }) => userId !== but)
        .map(async ({ userId, faceCount }) => {
          const cosine = dot(query, (await store.userCentroid(ID, userId))!);
          const own = curveFor(curve, [queryFaces, faceCount]);
          const rarity = rarityOf(own, cosine);
          return { userId, cosine, rarity, similarity: similarityOf(own, cosine) };
        }),
    );
    return all.toSorted((a, b) => b.rarity - a.rarity);
  }

  it('are found in the order of similarity, exactly as many as asked for, whatever their cosines', async () => {
    let differs = 0;
    for (const FaceId of free.slice(0, 12)) {
      const all = await everybody((await store.faceEmbedding(ID, FaceId))!, 1);
      for (const most of [1, 5, 59]) {
        const found = await search({ FaceId }, { most });
        expect(idsOf(found)).toEqual(idsOf(all.slice(0, most)));
        for (const [i, { similarity }] of found.entries())
          expect(similarity).toBeCloseTo(all[i]!.similarity, 2);
      }
      const [nearest] = all.toSorted((a, b) => b.cosine - a.cosine);
      if (nearest?.userId !== all[0]?.userId) differs++;
    }
    // Else nothing was shown.
    expect(differs).toBeGreaterThan(2);
    await operations.close();
  });

  it('are found by a threshold only where their own number of faces reaches it', async () => {
    for (const FaceId of free.slice(0, 12)) {
      const all = await everybody((await store.faceEmbedding(ID, FaceId))!, 1);
      const threshold = all[20]!.similarity + 0.01;
      const found = await search({ FaceId }, { most: 500, threshold });
      expect(idsOf(found)).toEqual(idsOf(all.filter(({ similarity }) => similarity >= threshold)));
    }
    await operations.close();
  });

  it('search for each other with what both have', async () => {
    for (const UserId of ['user-000', 'user-008']) {
      const { faceCount } = (await store.user(ID, UserId))!;
      const all = await everybody((await store.userCentroid(ID, UserId))!, faceCount, UserId);
      const found = await search({ UserId }, { most: 4 });
      expect(idsOf(found)).toEqual(idsOf(all.slice(0, 4)));
      expect(found[0]?.similarity).toBeCloseTo(all[0]!.similarity, 2);
    }
    await operations.close();
  });

  it('take a face only if it resembles a user of as many faces as they have then', async () => {
    const [FaceId = ''] = free;
    const query = (await store.faceEmbedding(ID, FaceId))!;
    for (const UserId of ['user-000', 'user-001', 'user-008']) {
      const { faceCount } = (await store.user(ID, UserId))!;
      const cosine = dot(query, (await store.userCentroid(ID, UserId))!);
      const similarity = similarityOf(curveFor(curve, [faceCount]), cosine);
      const ask = (UserMatchThreshold: number) =>
        operations.AssociateFaces(
          { CollectionId: ID, UserId, FaceIds: [FaceId], UserMatchThreshold },
          context,
        );
      const refused = await ask(similarity + 0.01);
      expect(refused.UnsuccessfulFaceAssociations).toMatchObject([
        { FaceId, Reasons: ['LOW_MATCH_CONFIDENCE'] },
      ]);
      expect(refused.UnsuccessfulFaceAssociations?.[0]?.Confidence).toBeCloseTo(similarity, 2);
      expect((await ask(similarity - 0.01)).AssociatedFaces).toEqual([{ FaceId }]);
      await operations.DisassociateFaces({ CollectionId: ID, UserId, FaceIds: [FaceId] }, context);
    }
    await operations.close();
  });
});

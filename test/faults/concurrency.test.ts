import { rm } from 'node:fs/promises';
import {
  CreateCollectionCommand,
  DeleteCollectionCommand,
  DescribeCollectionCommand,
  DisassociateFacesCommand,
  SearchUsersCommand,
} from '@aws-sdk/client-rekognition';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { associate, indexFace, newUser } from '../support/api.js';
import { portrait, portraits } from '../support/photos.js';
import { freshService, stopService } from '../support/service.js';
import { readStored } from '../support/stored.js';

const CollectionId = 'concurrency';
const USERS = ['u0', 'u1', 'u2'];

describe('concurrent changes of users', () => {
  let fresh: Awaited<ReturnType<typeof freshService>>;
  let faceIds: string[];
  let stranger: string;
  beforeAll(async () => {
    fresh = await freshService();
    const { client } = fresh;
    await client.send(new CreateCollectionCommand({ CollectionId }));
    faceIds = await Promise.all(
      (await portraits('berta', 12)).map((photo) => indexFace(client, CollectionId, photo)),
    );
    stranger = await indexFace(client, CollectionId, await portrait('clara'));
    for (const user of USERS) await newUser(client, CollectionId, user);
  });
  afterAll(() => rm(fresh.dataDirectory, { recursive: true, force: true }));

  const disassociate = (UserId: string, FaceIds: string[]) =>
    fresh.client.send(new DisassociateFacesCommand({ CollectionId, UserId, FaceIds }));

  it('gives each face to at most one user, whoever asks first', async () => {
    const change = fc.record({
      user: fc.constantFrom(...USERS),
      faces: fc.uniqueArray(fc.nat({ max: 11 }), { minLength: 1, maxLength: 6 }),
      add: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 4, maxLength: 24 }), async (changes) => {
        for (const user of USERS) await disassociate(user, faceIds);
        // Model: the order in which the service ran them is unknown, but every face's answers must add up.
        const balance = new Map<string, Map<string, number>>();
        const count = (faceId: string, user: string, by: number): void => {
          const users = balance.get(faceId) ?? new Map<string, number>();
          users.set(user, (users.get(user) ?? 0) + by);
          balance.set(faceId, users);
        };
        await Promise.all(
          changes.map(async ({ user, faces, add }) => {
            const asked = faces.map((i) => faceIds[i] ?? '');
            if (add) {
              const { AssociatedFaces = [] } = await associate(
                fresh.client,
                CollectionId,
                user,
                asked,
              );
              for (const { FaceId = '' } of AssociatedFaces) count(FaceId, user, 1);
            } else {
              const { DisassociatedFaces = [] } = await disassociate(user, asked);
              for (const { FaceId = '' } of DisassociatedFaces) count(FaceId, user, -1);
            }
          }),
        );
        const owners = new Map<string, string>();
        for (const user of USERS) {
          const { DisassociatedFaces = [] } = await disassociate(user, faceIds);
          for (const { FaceId = '' } of DisassociatedFaces) {
            expect(owners.has(FaceId)).toBe(false);
            owners.set(FaceId, user);
          }
        }
        for (const [faceId, users] of balance)
          for (const [user, n] of users) expect(n).toBe(owners.get(faceId) === user ? 1 : 0);
      }),
      { numRuns: 15 },
    );
  });

  it('never judges against a stale centroid: the first of two strangers keeps the other out', async () => {
    const [first = ''] = faceIds;
    for (let round = 0; round < 20; round++) {
      const replies = await Promise.all(
        [first, stranger].map((faceId) => associate(fresh.client, CollectionId, 'u0', [faceId])),
      );
      const accepted = replies.flatMap(({ AssociatedFaces = [] }) => AssociatedFaces);
      const refused = replies.flatMap(
        ({ UnsuccessfulFaceAssociations = [] }) => UnsuccessfulFaceAssociations,
      );
      expect(accepted).toHaveLength(1);
      expect(refused.map(({ Reasons }) => Reasons)).toEqual([['LOW_MATCH_CONFIDENCE']]);
      await disassociate('u0', [first, stranger]);
    }
  });

  it('shows every acknowledged change in the next search and leaves centroids that their faces give', async () => {
    await Promise.all(
      faceIds.map((faceId, i) =>
        associate(fresh.client, CollectionId, USERS[i % 3] ?? '', [faceId]),
      ),
    );
    const { UserMatches = [] } = await fresh.client.send(
      new SearchUsersCommand({ CollectionId, FaceId: faceIds[0], UserMatchThreshold: 90 }),
    );
    expect(UserMatches.map(({ User }) => User?.UserId).toSorted()).toEqual(USERS);
    fresh.client.destroy();
    expect(await stopService(fresh.service)).toBe(0);
    const stored = await readStored(fresh.dataDirectory, CollectionId);
    expect(stored.centroidError).toBeLessThan(1e-6);
    expect([...stored.users.values()].flat().toSorted()).toEqual(faceIds.toSorted());
  });
});

describe('a collection that is deleted while it is used', () => {
  it('answers everybody with success or ResourceNotFoundException, and is gone', async () => {
    const { client, close } = await freshService();
    onTestFinished(close);
    const photos = await portraits('berta', 4);
    for (let round = 0; round < 5; round++) {
      await client.send(new CreateCollectionCommand({ CollectionId: 'c' }));
      const faceId = await indexFace(client, 'c', photos[0] ?? Buffer.alloc(0));
      await newUser(client, 'c', 'u');
      const uses = await Promise.allSettled([
        ...photos.map((photo) => indexFace(client, 'c', photo)),
        associate(client, 'c', 'u', [faceId]),
        client.send(new SearchUsersCommand({ CollectionId: 'c', FaceId: faceId })),
        client.send(new DeleteCollectionCommand({ CollectionId: 'c' })),
        client.send(new SearchUsersCommand({ CollectionId: 'c', FaceId: faceId })),
      ]);
      const errors = uses.flatMap((use) =>
        use.status === 'rejected' ? [(use.reason as Error).name] : [],
      );
      expect(errors.filter((name) => name !== 'ResourceNotFoundException')).toEqual([]);
      await expect(
        client.send(new DescribeCollectionCommand({ CollectionId: 'c' })),
      ).rejects.toThrow('Collection:c not found!');
    }
  });
});

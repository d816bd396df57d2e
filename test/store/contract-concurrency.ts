import { randomUUID } from 'node:crypto';
import {
  type Arbitrary,
  array,
  assert,
  asyncProperty,
  constant,
  nat,
  oneof,
  option,
  record,
  uniqueArray,
} from 'fast-check';
import { expect, it } from 'vitest';
import type { ApiError } from '../../src/errors.js';
import type { Store } from '../../src/store/store.js';
import {
  expectConsistent,
  idempotency,
  letGo,
  newFace,
  type Subject,
  storeFaces,
  takeFree,
} from './samples.js';

const FACES = 8;
const USERS = ['anna', 'ben', 'cleo'];

type Step =
  | { kind: 'take' | 'letGo'; user: number; faces: number[]; token: number | undefined }
  | { kind: 'deleteFaces'; faces: number[] }
  | { kind: 'deleteUser' | 'createUser'; user: number };

const user = nat({ max: USERS.length - 1 });
const faces = uniqueArray(nat({ max: FACES - 1 }), { minLength: 1, maxLength: 5 });
const token = option(nat({ max: 2 }), { nil: undefined });
const step: Arbitrary<Step> = oneof(
  { weight: 8, arbitrary: record({ kind: constant('take' as const), user, faces, token }) },
  { weight: 4, arbitrary: record({ kind: constant('letGo' as const), user, faces, token }) },
  { weight: 1, arbitrary: record({ kind: constant('deleteFaces' as const), faces }) },
  { weight: 1, arbitrary: record({ kind: constant('deleteUser' as const), user }) },
  { weight: 1, arbitrary: record({ kind: constant('createUser' as const), user }) },
);

/** What a committed step did to the faces, with its place in the order of commits. */
interface Effect {
  sequence: number;
  apply(owner: Map<string, string | undefined>): void;
}

const NO_EFFECT: Effect = { sequence: 0, apply: () => undefined };

export function concurrencyContract(subject: Subject): void {
  it('orders concurrent changes so that none is lost and all agree', async () => {
    await assert(
      asyncProperty(array(step, { minLength: 2, maxLength: 40 }), async (steps) => {
        const { store } = subject;
        const id = await subject.collection();
        const { ids } = await storeFaces(store, id, FACES);
        for (const userId of USERS) await store.createUser(id, userId, { maxUsers: 100 });
        const effects = await Promise.all(steps.map((each) => take(store, { id, ids }, each)));
        const owner = new Map<string, string | undefined>(ids.map((faceId) => [faceId, undefined]));
        for (const effect of effects.toSorted((a, b) => a.sequence - b.sequence))
          effect.apply(owner);
        const { items } = await store.listFaces(id, { limit: 100 });
        expect(new Map(items.map((face) => [face.faceId, face.userId]))).toEqual(owner);
        await expectConsistent(store, id);
        await store.deleteCollection(id);
      }),
      { numRuns: 30 },
    );
  });

  it('gives a face that many users want to one of them', async () => {
    const { store } = subject;
    const id = await subject.collection();
    const { ids } = await storeFaces(store, id, 5);
    const userIds = Array.from({ length: 24 }, (_, index) => `user-${index}`);
    for (const userId of userIds) await store.createUser(id, userId, { maxUsers: 100 });
    const answers = await Promise.all(
      userIds.map((userId) => store.changeUserFaces(id, { userId, faceIds: ids }, takeFree)),
    );
    expect(answers.flatMap(({ value }) => value.linked).toSorted()).toEqual(ids.toSorted());
    await expectConsistent(store, id);
  });

  it('adds one face at a time to one user from many callers', async () => {
    const { store } = subject;
    const id = await subject.collection();
    const { ids } = await storeFaces(store, id, 60);
    await store.createUser(id, 'u', { maxUsers: 1 });
    await Promise.all(
      ids.map((faceId) => store.changeUserFaces(id, { userId: 'u', faceIds: [faceId] }, takeFree)),
    );
    expect(await store.user(id, 'u')).toEqual({ userId: 'u', faceCount: 60 });
    await expectConsistent(store, id);
  });

  it('answers what is under way when a collection is deleted, and keeps nothing of it', async () => {
    const { store } = subject;
    for (let round = 0; round < 10; round++) {
      const collectionId = await subject.collection();
      const { ids } = await storeFaces(store, collectionId, 4);
      await store.createUser(collectionId, 'u', { maxUsers: 10 });
      const calls = [
        store.insertFaces(collectionId, [newFace(7)], 100),
        store.changeUserFaces(collectionId, { userId: 'u', faceIds: ids }, takeFree),
        store.deleteCollection(collectionId).then(() => subject.collection({ collectionId })),
        store.insertFaces(collectionId, [newFace(8)], 100),
        store.createUser(collectionId, 'v', { maxUsers: 10 }),
        store.changeUserFaces(collectionId, { userId: 'u', faceIds: ids.slice(1) }, letGo),
        store.listFaces(collectionId, { limit: 10 }),
      ];
      const outcomes = await Promise.allSettled(calls);
      expect(outcomes[2]?.status).toBe('fulfilled');
      const unexpected = outcomes.filter(
        (outcome) =>
          outcome.status === 'rejected' &&
          (outcome.reason as ApiError).code !== 'ResourceNotFoundException',
      );
      expect(unexpected).toEqual([]);
      expect(await store.collection(collectionId)).toMatchObject({ faceCount: 0, userCount: 0 });
      await expectConsistent(store, collectionId);
    }
  });

  it('serves many collections side by side', async () => {
    const { store } = subject;
    const collections = await Promise.all(Array.from({ length: 12 }, () => subject.collection()));
    await Promise.all(
      collections.flatMap((id) =>
        Array.from({ length: 10 }, (_, index) => store.insertFaces(id, [newFace(index)], 100)),
      ),
    );
    for (const id of collections) {
      expect(await store.collection(id)).toMatchObject({ faceCount: 10 });
      await expectConsistent(store, id);
    }
  });
}

/** Runs a step; which faces it moved, by what the store answered. */
async function take(
  store: Store,
  { id, ids }: { id: string; ids: readonly string[] },
  action: Step,
): Promise<Effect> {
  const faceIds = 'faces' in action ? action.faces.map((index) => ids[index]!) : [];
  const userId = 'user' in action ? USERS[action.user]! : '';
  try {
    if (action.kind === 'take' || action.kind === 'letGo')
      return await move(store, id, { ...action, userId, faceIds });
    if (action.kind === 'deleteUser') {
      const { sequence } = await store.deleteUser(id, userId, {});
      return { sequence, apply: (owner) => release(owner, userId) };
    }
    if (action.kind === 'deleteFaces') {
      const { value, sequence } = await store.deleteFaces(id, faceIds);
      const apply: Effect['apply'] = (owner) =>
        value.deleted.forEach((faceId) => owner.delete(faceId));
      return { sequence, apply };
    }
    await store.createUser(id, userId, { maxUsers: 100 });
    return NO_EFFECT;
  } catch (error) {
    // A user that another step deleted or made; anything else is a failure of the test.
    const { code } = error as { code?: string };
    if (code === 'ResourceNotFoundException') return NO_EFFECT;
    if (code === 'ConflictException' && action.kind === 'createUser') return NO_EFFECT;
    throw error;
  }
}

async function move(
  store: Store,
  id: string,
  request: { kind: 'take' | 'letGo'; userId: string; faceIds: string[]; token: number | undefined },
): Promise<Effect> {
  const { kind, userId, faceIds } = request;
  const call = randomUUID();
  const key = request.token === undefined ? undefined : `${kind}-${userId}-${request.token}`;
  const { value, sequence } = await store.changeUserFaces(
    id,
    { userId, faceIds, ...(key !== undefined && { idempotency: idempotency(key) }) },
    (state) => {
      const change = kind === 'take' ? takeFree(state) : letGo(state);
      return { ...change, response: { ...change.response, call } };
    },
  );
  // A replay tells of an earlier change, which has its own effect.
  if (value.call !== call) return NO_EFFECT;
  return {
    sequence,
    apply(owner) {
      for (const faceId of value.linked) owner.set(faceId, userId);
      for (const faceId of value.unlinked) owner.set(faceId, undefined);
    },
  };
}

function release(owner: Map<string, string | undefined>, userId: string): void {
  for (const [faceId, holder] of owner) if (holder === userId) owner.set(faceId, undefined);
}

import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiError } from '../../src/errors.js';
import { OPERATIONS } from '../../src/model/operations.js';
import type { OperationModel } from '../../src/model/shapes.js';
import { createSqliteStore } from '../../src/store/sqlite/store.js';
import type { Store } from '../../src/store/store.js';
import { newCollection, newFace, takeFree } from '../store/samples.js';
import { newDirectory, openStore, scratch } from '../store/sqlite-store.js';
import { context, type Operations, operationsOn } from './support.js';

const DAY_MS = 24 * 3_600_000;
const START_MS = Date.UTC(2026, 10, 26);
const FREE = '00000000-0000-4000-8000-00000000000a';
const TAKEN = '00000000-0000-4000-8000-00000000000b';

interface Subject {
  input: Record<string, unknown>;
  /** The same but for one parameter. */
  other: Record<string, unknown>;
  /** What is refused for another reason. */
  failing: Record<string, unknown>;
  /** What the call answers when it runs, and when it runs a second time. */
  first: unknown;
  again: unknown;
}

const user = (UserId: string) => ({ UserId });
const faces = (UserId: string, FaceId: string) => ({ UserId, FaceIds: [FaceId] });

/** One user `u` with the face TAKEN, and the face FREE of nobody. */
const SUBJECTS: Record<string, Subject> = {
  CreateUser: {
    input: user('new'),
    other: user('newer'),
    failing: user('u'),
    first: {},
    again: 'ConflictException',
  },
  DeleteUser: {
    input: user('u'),
    other: user('v'),
    failing: user('ghost'),
    first: {},
    again: 'ResourceNotFoundException',
  },
  AssociateFaces: {
    input: { ...faces('u', FREE), UserMatchThreshold: 0 },
    other: { ...faces('u', FREE), UserMatchThreshold: 1 },
    failing: faces('ghost', FREE),
    first: {
      AssociatedFaces: [{ FaceId: FREE }],
      UnsuccessfulFaceAssociations: [],
      UserStatus: 'ACTIVE',
    },
    again: { AssociatedFaces: [], UnsuccessfulFaceAssociations: [], UserStatus: 'ACTIVE' },
  },
  DisassociateFaces: {
    input: faces('u', TAKEN),
    other: faces('u', FREE),
    failing: faces('ghost', TAKEN),
    first: {
      DisassociatedFaces: [{ FaceId: TAKEN }],
      UnsuccessfulFaceDisassociations: [],
      UserStatus: 'CREATED',
    },
    again: { DisassociatedFaces: [], UnsuccessfulFaceDisassociations: [], UserStatus: 'CREATED' },
  },
};

async function populate(store: Store, collectionId: string): Promise<void> {
  await store.createCollection(newCollection({ collectionId }));
  const stored = [FREE, TAKEN].map((faceId, seed) => newFace(seed, { faceId }));
  await store.insertFaces(collectionId, stored, 9);
  for (const userId of ['u', 'v']) await store.createUser(collectionId, userId, { maxUsers: 9 });
  await store.changeUserFaces(collectionId, { userId: 'u', faceIds: [TAKEN] }, takeFree);
}

/** The reply of a call, or the name of the error it gets. */
const outcome = (operations: Operations, name: string, input: object): Promise<unknown> => {
  const run = operations[name as keyof typeof OPERATIONS] as (
    input: object,
    called: typeof context,
  ) => Promise<unknown>;
  return run(input, context).catch((error: ApiError) => error.code);
};

it('every operation with a token is here', () => {
  const withToken = Object.entries<OperationModel>(OPERATIONS).filter(
    ([, { idempotencyToken }]) => idempotencyToken !== undefined,
  );
  expect(withToken.map(([name]) => name)).toEqual(Object.keys(SUBJECTS));
});

describe.each(Object.entries(SUBJECTS))('a token of %s', (name, subject) => {
  const { input, other, failing, first, again } = subject;
  let store: Store;
  let operations: Operations;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const directory = scratch();
    store = await createSqliteStore({ directory });
    operations = operationsOn(store);
    close = async () => {
      await operations.close();
      await store.close();
      await rm(directory, { recursive: true });
    };
  });
  afterAll(() => close());

  /** A call in a collection of its own. */
  const prepared = async () => {
    const CollectionId = `c-${randomUUID()}`;
    await populate(store, CollectionId);
    return { CollectionId, ClientRequestToken: 'token-1', ...input };
  };

  it('gives the stored answer for 24 hours, across a restart, and the call runs again after', async () => {
    const directory = newDirectory();
    const before = await openStore({ directory });
    await populate(before.store, 'c');
    const call = { CollectionId: 'c', ClientRequestToken: 'token-1', ...input };
    const early = operationsOn(before.store, () => START_MS);
    expect(await outcome(early, name, call)).toEqual(first);
    expect(await outcome(early, name, call)).toEqual(first);
    await early.close();
    await before.store.close();

    const after = await openStore({ directory });
    let nowMs = START_MS + DAY_MS - 1;
    const late = operationsOn(after.store, () => nowMs);
    expect(await outcome(late, name, call)).toEqual(first);
    nowMs += 1;
    expect(await outcome(late, name, call)).toEqual(again);
    await late.close();
  });

  it('refuses other parameters, and nothing happens', async () => {
    const call = await prepared();
    await outcome(operations, name, call);
    const state = async () => [
      await store.collection(call.CollectionId),
      await store.changeSequence(call.CollectionId),
      await store.listUsers(call.CollectionId, { limit: 9 }),
    ];
    const settled = await state();
    expect(await outcome(operations, name, { ...call, ...other })).toBe(
      'IdempotentParameterMismatchException',
    );
    expect(await state()).toEqual(settled);
  });

  it('lets calls at the same time run once and answers all of them', async () => {
    const call = await prepared();
    const calls = Array.from({ length: 5 }, () => outcome(operations, name, call));
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 5 }, () => first));
  });

  it('is free again when its call failed', async () => {
    const call = await prepared();
    expect(await outcome(operations, name, { ...call, ...failing })).toMatch(/Exception$/);
    expect(await outcome(operations, name, call)).toEqual(first);
  });

  it('means nothing in another collection', async () => {
    const [call, elsewhere] = [await prepared(), await prepared()];
    expect(await outcome(operations, name, call)).toEqual(first);
    expect(await outcome(operations, name, elsewhere)).toEqual(first);
  });

  it('need not be sent: without one the call runs each time', async () => {
    const { ClientRequestToken: _, ...bare } = await prepared();
    expect(await outcome(operations, name, bare)).toEqual(first);
    expect(await outcome(operations, name, bare)).toEqual(again);
  });
});

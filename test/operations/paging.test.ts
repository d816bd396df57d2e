import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ListFacesInput } from '../../src/model/list-faces.js';
import type { Store } from '../../src/store/store.js';
import { letGo, newCollection, newFace, takeFree } from '../store/samples.js';
import { openStore } from '../store/sqlite-store.js';
import { context, type Operations, operationsOn } from './support.js';

type Page = { ids: string[]; NextToken?: string | undefined };

/** A list that is paged through while what it lists comes and goes. */
interface Listing {
  /** Makes what the list will be of. */
  prepare?: (store: Store) => Promise<void>;
  add: (store: Store) => Promise<string>;
  remove: (store: Store, id: string) => Promise<unknown>;
  page: (
    operations: Operations,
    request: { MaxResults: number; NextToken?: string },
    /** What was there at first, and an id that never was. */
    ids: string[],
  ) => Promise<Page>;
}

const C = 'paged';
const makeCollection = (collectionId: string) => async (store: Store) =>
  void (await store.createCollection(newCollection({ collectionId })));
const addFace = async (store: Store): Promise<string> => {
  const { value } = await store.insertFaces(C, [newFace(serial())], 1e6);
  return value[0]!.faceId;
};
const idsOf = <K extends string>(
  items: readonly { readonly [key in K]?: string | undefined }[] | undefined,
  key: K,
): string[] => (items ?? []).map((item) => item[key] ?? '');
const listFaces = async (operations: Operations, request: ListFacesInput): Promise<Page> => {
  const { Faces, NextToken } = await operations.ListFaces(request, context);
  return { ids: idsOf(Faces, 'FaceId'), NextToken };
};

let made = 0;
const serial = (): number => (made += 1);

const LISTINGS: Record<string, Listing> = {
  ListFaces: {
    prepare: makeCollection(C),
    add: addFace,
    remove: (store, id) => store.deleteFaces(C, [id]),
    page: (operations, request) => listFaces(operations, { CollectionId: C, ...request }),
  },
  'ListFaces of a user': {
    prepare: async (store) => {
      await makeCollection(C)(store);
      await store.createUser(C, 'u', { maxUsers: 1 });
    },
    add: async (store) => {
      const id = await addFace(store);
      await store.changeUserFaces(C, { userId: 'u', faceIds: [id] }, takeFree);
      return id;
    },
    // Taken from the user, not deleted: it leaves this list all the same.
    remove: (store, id) => store.changeUserFaces(C, { userId: 'u', faceIds: [id] }, letGo),
    page: (operations, request) =>
      listFaces(operations, { CollectionId: C, UserId: 'u', ...request }),
  },
  'ListFaces of given ids': {
    prepare: makeCollection(C),
    add: addFace,
    remove: (store, id) => store.deleteFaces(C, [id]),
    page: (operations, request, ids) =>
      listFaces(operations, { CollectionId: C, FaceIds: ids, ...request }),
  },
  ListUsers: {
    prepare: makeCollection(C),
    add: async (store) => {
      const id = `user-${serial()}`;
      await store.createUser(C, id, { maxUsers: 1e6 });
      return id;
    },
    remove: (store, id) => store.deleteUser(C, id, {}),
    page: async (operations, request) => {
      const { Users, NextToken } = await operations.ListUsers(
        { CollectionId: C, ...request },
        context,
      );
      return { ids: idsOf(Users, 'UserId'), NextToken };
    },
  },
  ListCollections: {
    add: async (store) => {
      const { collectionId } = await store.createCollection(newCollection());
      return collectionId;
    },
    remove: (store, id) => store.deleteCollection(id),
    page: async (operations, request) => {
      const { CollectionIds = [], NextToken } = await operations.ListCollections(request, context);
      return { ids: [...CollectionIds], NextToken };
    },
  },
};

interface Scenario {
  atFirst: number;
  pageSize: number;
  /** What happens before each page, or at the same time as it is read. */
  rounds: { changes: { kind: 'add' | 'remove'; at: number }[]; together: boolean }[];
}
const change = fc.record({ kind: fc.constantFrom('add', 'remove'), at: fc.nat() });
const round = fc.record({ changes: fc.array(change, { maxLength: 3 }), together: fc.boolean() });
const scenario: fc.Arbitrary<Scenario> = fc.record({
  atFirst: fc.integer({ min: 0, max: 9 }),
  pageSize: fc.integer({ min: 1, max: 4 }),
  rounds: fc.array(round, { maxLength: 8 }),
});

interface Walk {
  seen: string[];
  tokens: string[];
  /** There from before the first page until after the last. */
  throughout: Set<string>;
}

/** Pages from the first page to the last while things come and go; removes what is left. */
async function walk(
  { add, remove, page }: Listing,
  store: Store,
  { atFirst, pageSize, rounds }: Scenario,
): Promise<Walk> {
  const operations = operationsOn(store);
  const present: string[] = [];
  for (let i = 0; i < atFirst; i++) present.push(await add(store));
  const asked = [...present, '00000000-0000-0000-0000-000000000000'];
  const throughout = new Set(present);
  const [seen, tokens]: [string[], string[]] = [[], []];
  const perform = async ({ kind, at }: { kind: string; at: number }): Promise<void> => {
    if (kind === 'add') return void present.push(await add(store));
    const [id] = present.splice(at % Math.max(1, present.length), 1);
    if (id === undefined) return;
    throughout.delete(id);
    await remove(store, id);
  };
  let NextToken: string | undefined;
  do {
    const { changes = [], together = false } = rounds[tokens.length] ?? {};
    if (!together) for (const one of changes) await perform(one);
    const request = { MaxResults: pageSize, ...(NextToken !== undefined && { NextToken }) };
    const [got] = await Promise.all([
      page(operations, request, asked),
      ...(together ? changes.map(perform) : []),
    ]);
    expect(got.ids.length).toBeLessThanOrEqual(pageSize);
    seen.push(...got.ids);
    ({ NextToken } = got);
    if (NextToken !== undefined) tokens.push(NextToken);
  } while (NextToken !== undefined && tokens.length < 60);
  expect(NextToken).toBeUndefined();
  for (const id of present) await remove(store, id);
  await operations.close();
  return { seen, tokens, throughout };
}

describe.each(Object.entries(LISTINGS))('%s', (_, listing) => {
  it('misses nothing and doubles nothing that is there throughout, whatever comes and goes', async () => {
    const { store } = await openStore();
    await listing.prepare?.(store);
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const { seen, tokens, throughout } = await walk(listing, store, given);
        expect(new Set(seen).size).toBe(seen.length);
        expect([...throughout].filter((id) => !seen.includes(id))).toEqual([]);
        expect(new Set(tokens).size).toBe(tokens.length);
        expect(tokens.every((token) => token.length <= 255)).toBe(true);
      }),
      { numRuns: Number(process.env['LIKENESS_PAGING'] ?? 15) },
    );
  });
});

describe('a paging token', () => {
  const firstToken = async (operations: Operations, CollectionId: string): Promise<string> => {
    const { NextToken = '' } = await operations.ListUsers({ CollectionId, MaxResults: 1 }, context);
    expect(NextToken).not.toBe('');
    return NextToken;
  };
  const withUsers = async (store: Store, collectionId: string, createdAtMs: number) => {
    await store.createCollection(newCollection({ collectionId, createdAtMs }));
    for (const user of ['a', 'b', 'c']) await store.createUser(collectionId, user, { maxUsers: 9 });
  };
  const refused = { code: 'InvalidPaginationTokenException', message: 'Invalid Token' };

  it('dies with its collection, also when another one takes the name', async () => {
    const { store } = await openStore();
    const operations = operationsOn(store);
    await withUsers(store, 'one', 1);
    const NextToken = await firstToken(operations, 'one');
    const next = () => operations.ListUsers({ CollectionId: 'one', NextToken }, context);
    expect((await next()).Users).toHaveLength(2);
    await store.deleteCollection('one');
    await withUsers(store, 'one', 2);
    await expect(next()).rejects.toMatchObject(refused);
  });

  it('is good for its operation, collection and filters only, and may change its page size', async () => {
    const { store } = await openStore();
    const operations = operationsOn(store);
    await withUsers(store, 'one', 1);
    await withUsers(store, 'two', 1);
    const NextToken = await firstToken(operations, 'one');
    const one = { CollectionId: 'one', NextToken };
    await expect(
      operations.ListUsers({ CollectionId: 'two', NextToken }, context),
    ).rejects.toMatchObject(refused);
    await expect(operations.ListFaces(one, context)).rejects.toMatchObject(refused);
    await expect(operations.ListCollections({ NextToken }, context)).rejects.toMatchObject(refused);
    const { Users } = await operations.ListUsers({ ...one, MaxResults: 500 }, context);
    expect(Users).toHaveLength(2);

    const { ids } = await storedFaces(store);
    const filtered = { CollectionId: 'one', MaxResults: 1, FaceIds: ids };
    const { NextToken: ofIds = '' } = await operations.ListFaces(filtered, context);
    const page = (FaceIds: string[] | undefined) =>
      operations.ListFaces(
        { CollectionId: 'one', NextToken: ofIds, ...(FaceIds && { FaceIds }) },
        context,
      );
    expect((await page(ids)).Faces).toHaveLength(2);
    await expect(page(ids.slice(1))).rejects.toMatchObject(refused);
    await expect(page(undefined)).rejects.toMatchObject(refused);
  });
});

const storedFaces = async (store: Store): Promise<{ ids: string[] }> => {
  const { value } = await store.insertFaces(
    'one',
    [1, 2, 3].map((seed) => newFace(seed)),
    9,
  );
  return { ids: value.map(({ faceId }) => faceId) };
};

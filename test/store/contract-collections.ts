import { expect, it } from 'vitest';
import { changeNothing, newCollection, newFace, type Subject, storeFaces } from './samples.js';

export function collectionsContract(subject: Subject): void {
  it('keeps what it was given, across a restart', async () => {
    const given = newCollection({ tags: { team: 'door', 'a b': '' } });
    const { tags, maxCollections: _max, ...expected } = given;
    const created = await subject.store.createCollection(given);
    await subject.reopen();
    const read = await subject.store.collection(given.collectionId);
    expect(read).toEqual({ ...expected, faceCount: 0, userCount: 0 });
    expect(read).toEqual(created);
    expect(await subject.store.tags(given.collectionId)).toEqual(tags);
  });

  it('refuses an id that is taken', async () => {
    const id = await subject.collection();
    await expect(subject.collection({ collectionId: id })).rejects.toMatchObject({
      name: 'ApiError',
      code: 'ResourceAlreadyExistsException',
      message: `The collection id: ${id} already exists`,
    });
  });

  it('lets one of many concurrent creations of an id win', async () => {
    const collection = newCollection();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => subject.store.createCollection(collection)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('refuses more collections than allowed', async () => {
    const { items } = await subject.store.listCollections({ limit: 1000 });
    await expect(subject.collection({ maxCollections: items.length })).rejects.toMatchObject({
      code: 'ServiceQuotaExceededException',
    });
    await subject.collection({ maxCollections: items.length + 1 });
  });

  it('names a missing collection in every operation', async () => {
    const { store } = subject;
    const calls = [
      store.collection('gone'),
      store.deleteCollection('gone'),
      store.tags('gone'),
      store.putTags('gone', { a: 'b' }, 50),
      store.deleteTags('gone', ['a']),
      store.insertFaces('gone', [newFace(1)], 10),
      store.deleteFaces('gone', ['x']),
      store.face('gone', 'x'),
      store.faces('gone', ['x']),
      store.faceEmbedding('gone', 'x'),
      store.listFaces('gone', { limit: 1 }),
      store.createUser('gone', 'u', { maxUsers: 1 }),
      store.deleteUser('gone', 'u', {}),
      store.user('gone', 'u'),
      store.users('gone', ['u']),
      store.userCentroid('gone', 'u'),
      store.listUsers('gone', { limit: 1 }),
      store.changeUserFaces('gone', { userId: 'u', faceIds: [] }, changeNothing),
      store.changeSequence('gone'),
      store.changes('gone', 0, 1),
      (async () => {
        for await (const _ of store.vectors('gone')) break;
      })(),
    ];
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: {
          code: 'ResourceNotFoundException',
          message: 'The collection id: gone does not exist',
        },
      });
    }
  });

  it('lists the oldest first, page by page', async () => {
    const ids = ['zz-b', 'zz-a', 'zz-B', 'zz-1', 'zz-c'];
    for (const collectionId of ids) await subject.collection({ collectionId });
    await storeFaces(subject.store, 'zz-b', 3);
    const listed: [string, number][] = [];
    let after: number | undefined;
    do {
      const page = await subject.store.listCollections({ limit: 2, ...(after && { after }) });
      expect(page.items.length).toBeLessThanOrEqual(2);
      listed.push(
        ...page.items.map((each): [string, number] => [each.collectionId, each.faceCount]),
      );
      after = page.next;
    } while (after !== undefined);
    expect(listed.filter(([id]) => id.startsWith('zz'))).toEqual([
      ['zz-b', 3],
      ['zz-a', 0],
      ['zz-B', 0],
      ['zz-1', 0],
      ['zz-c', 0],
    ]);
  });

  it('merges tags and removes them', async () => {
    const { store } = subject;
    const id = await subject.collection({ tags: { a: '1', b: '2' } });
    await store.putTags(id, { b: '3', __proto: 'x', c: '' }, 4);
    expect(await store.tags(id)).toEqual({ a: '1', b: '3', __proto: 'x', c: '' });
    await expect(store.putTags(id, { a: 'changed', d: '4' }, 4)).rejects.toMatchObject({
      code: 'ServiceQuotaExceededException',
    });
    expect(await store.tags(id)).toEqual({ a: '1', b: '3', __proto: 'x', c: '' });
    await store.deleteTags(id, ['a', 'unknown']);
    expect(await store.tags(id)).toEqual({ b: '3', __proto: 'x', c: '' });
  });

  it('is empty when deleted and made again', async () => {
    const { store } = subject;
    const collectionId = await subject.collection({ tags: { old: 'tag' } });
    await storeFaces(store, collectionId, 3);
    await store.createUser(collectionId, 'u', { maxUsers: 5 });
    await store.deleteCollection(collectionId);
    await expect(store.collection(collectionId)).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
    });
    await subject.collection({ collectionId });
    await subject.reopen();
    expect(await subject.store.collection(collectionId)).toMatchObject({
      faceCount: 0,
      userCount: 0,
    });
    expect(await subject.store.tags(collectionId)).toEqual({});
    expect(await subject.store.changeSequence(collectionId)).toBe(0);
    expect(await subject.store.user(collectionId, 'u')).toBeUndefined();
  });

  it('keeps one secret a name', async () => {
    const [one, same, other] = await Promise.all(
      ['one', 'one', 'other'].map((name) => subject.store.secret(name)),
    );
    await subject.reopen();
    expect(one).toHaveLength(32);
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
    expect(await subject.store.secret('one')).toEqual(one);
  });

  it('says that it can write', async () => {
    await expect(subject.store.check()).resolves.toBeUndefined();
  });
}

import { expect, it } from 'vitest';
import { newFace, type Subject, snapshot, storeFaces, takeFree, unitVector } from './samples.js';

export function changesContract(subject: Subject): void {
  it('tells each change with the vector that stands now', async () => {
    const { store } = subject;
    const id = await subject.collection();
    const { ids, given } = await storeFaces(store, id, 2);
    const [a, b] = ids as [string, string];
    await store.createUser(id, 'u', { maxUsers: 1 });
    await store.changeUserFaces(id, { userId: 'u', faceIds: [b] }, takeFree);
    await store.deleteFaces(id, [a]);
    const { embedding } = given[1]!;
    expect(await store.changes(id, 0, 100)).toEqual({
      changes: [
        { sequence: 1, kind: 'face', key: a, vector: undefined },
        { sequence: 2, kind: 'face', key: b, vector: embedding },
        { sequence: 3, kind: 'user', key: 'u', vector: embedding },
        { sequence: 4, kind: 'face', key: a, vector: undefined },
      ],
      complete: true,
    });
    expect(await store.changes(id, 1, 2)).toMatchObject({
      changes: [{ sequence: 2 }, { sequence: 3 }],
      complete: false,
    });
    expect(await store.changes(id, 4, 2)).toEqual({ changes: [], complete: true });
  });

  it('sends a follower that is ahead of the store back to the whole', async () => {
    const id = await subject.collection();
    await storeFaces(subject.store, id, 1);
    expect(await subject.store.changes(id, 2, 10)).toBe('truncated');
  });

  it('gives one empty batch for an empty collection', async () => {
    const id = await subject.collection();
    const { ids } = await storeFaces(subject.store, id, 2);
    await subject.store.deleteFaces(id, ids);
    expect(await snapshot(subject.store, id)).toEqual({
      sequence: 4,
      vectors: new Map(),
      batches: 1,
    });
  });

  it('stays at one change number while the collection changes', async () => {
    const { store } = subject;
    const id = await subject.collection();
    const { ids } = await storeFaces(store, id, 4500);
    const keys: string[] = [];
    const sequences = new Set<number>();
    for await (const batch of store.vectors(id)) {
      keys.push(...batch.keys);
      sequences.add(batch.sequence);
      await store.deleteFaces(id, ids.slice(-10));
      await store.insertFaces(id, [newFace(1)], 1e6);
    }
    expect([...sequences]).toEqual([4500]);
    expect(keys.toSorted()).toEqual(ids.toSorted());
  });

  it('lets a reader of all vectors stop early', async () => {
    const id = await subject.collection();
    await storeFaces(subject.store, id, 10);
    for (let round = 0; round < 40; round++) {
      for await (const batch of subject.store.vectors(id)) {
        expect(batch.keys).toHaveLength(10);
        break;
      }
    }
    await subject.store.deleteCollection(id);
  });

  it('ends a reader of a collection that is deleted meanwhile, and shows it nothing new', async () => {
    const { store } = subject;
    const collectionId = await subject.collection();
    await storeFaces(store, collectionId, 5000);
    const reading = (async () => {
      for await (const _ of store.vectors(collectionId)) {
        await store.deleteCollection(collectionId);
        await subject.collection({ collectionId });
        await store.insertFaces(collectionId, [newFace(1)], 10);
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
    expect((await snapshot(store, collectionId)).vectors.size).toBe(1);
  });

  it('takes vectors of another length in another collection', async () => {
    const id = await subject.collection({ dimension: 512 });
    const embedding = unitVector(5, 512);
    const face = newFace(1, { embedding });
    await subject.store.insertFaces(id, [face], 10);
    const { vectors } = await snapshot(subject.store, id);
    expect(vectors.get(`face ${face.faceId}`)).toEqual(embedding);
  });
}

import { expect, it } from 'vitest';
import type { UserFacesState } from '../../src/store/store.js';
import {
  centroidOf,
  expectConsistent,
  expectSameVector,
  idempotency,
  letGo,
  type Subject,
  storeFaces,
  takeFree,
  unitVector,
} from './samples.js';

export function userFacesContract(subject: Subject): void {
  const withUsers = async (count: number, ...userIds: string[]) => {
    const id = await subject.collection();
    const stored = await storeFaces(subject.store, id, count);
    for (const userId of userIds) await subject.store.createUser(id, userId, { maxUsers: 100 });
    return { id, ...stored };
  };

  it('shows the state as it stands and writes what was decided, across a restart', async () => {
    const { id, ids, given } = await withUsers(4, 'u', 'v');
    const [a, b, c, d] = ids as [string, string, string, string];
    await subject.store.changeUserFaces(id, { userId: 'v', faceIds: [d] }, takeFree);
    await subject.store.changeUserFaces(id, { userId: 'u', faceIds: [a, b] }, takeFree);
    let seen: UserFacesState | undefined;
    const faceIds = [b, 'ghost', c, d, c];
    const changed = await subject.store.changeUserFaces(id, { userId: 'u', faceIds }, (state) => {
      seen = state;
      return takeFree(state);
    });
    expect(seen?.userId).toBe('u');
    expect(seen?.members).toEqual([
      { faceId: a, embedding: given[0]?.embedding },
      { faceId: b, embedding: given[1]?.embedding },
    ]);
    expect(seen?.faces).toEqual(
      new Map([
        [b, { userId: 'u', embedding: given[1]?.embedding, row: expect.any(Number) }],
        [c, { userId: undefined, embedding: given[2]?.embedding, row: expect.any(Number) }],
        [d, { userId: 'v', embedding: given[3]?.embedding, row: expect.any(Number) }],
      ]),
    );
    for (const { embedding, row } of seen!.faces.values()) {
      const { length } = embedding;
      expect(seen!.embeddings.subarray(row * length, (row + 1) * length)).toEqual(embedding);
    }
    expectSameVector(seen!.centroid!, centroidOf(given.slice(0, 2).map((f) => f.embedding))!);
    expect(changed).toEqual({ value: { linked: [c], unlinked: [] }, sequence: 7 });
    await subject.reopen();
    expect(await subject.store.user(id, 'u')).toEqual({ userId: 'u', faceCount: 3 });
    await expectConsistent(subject.store, id);
  });

  it('unlinks, down to no face and no centroid', async () => {
    const { store } = subject;
    const { id, ids } = await withUsers(3, 'u');
    await store.changeUserFaces(id, { userId: 'u', faceIds: ids }, takeFree);
    await store.changeUserFaces(id, { userId: 'u', faceIds: ids.slice(0, 1) }, letGo);
    await expectConsistent(store, id);
    await store.changeUserFaces(id, { userId: 'u', faceIds: ids }, letGo);
    expect(await store.user(id, 'u')).toEqual({ userId: 'u', faceCount: 0 });
    expect(await store.userCentroid(id, 'u')).toBeUndefined();
    await expectConsistent(store, id);
  });

  it('links and unlinks in one change', async () => {
    const { store } = subject;
    const { id, ids, given } = await withUsers(2, 'u');
    const [a, b] = ids as [string, string];
    await store.changeUserFaces(id, { userId: 'u', faceIds: [a] }, takeFree);
    await store.changeUserFaces(id, { userId: 'u', faceIds: [b] }, () => ({
      link: [b, b],
      unlink: [a],
      centroid: given[1]?.embedding,
      response: null,
    }));
    const { items } = await store.listFaces(id, { limit: 10, userId: 'u' });
    expect(items.map(({ faceId }) => faceId)).toEqual([b]);
    await expectConsistent(store, id);
  });

  it('writes nothing where nothing changes', async () => {
    const { store } = subject;
    const { id, ids } = await withUsers(1, 'u');
    await store.changeUserFaces(id, { userId: 'u', faceIds: ids }, takeFree);
    const again = await store.changeUserFaces(id, { userId: 'u', faceIds: ids }, takeFree);
    expect(again).toEqual({ value: { linked: [], unlinked: [] }, sequence: 2 });
    expect(await store.changeSequence(id)).toBe(2);
  });

  it('answers a repeated change from its token without deciding, across a restart', async () => {
    const { id, ids } = await withUsers(2, 'u');
    const request = { userId: 'u', faceIds: ids, idempotency: idempotency('t') };
    const first = await subject.store.changeUserFaces(id, request, takeFree);
    await subject.store.changeUserFaces(id, { userId: 'u', faceIds: ids }, letGo);
    await subject.reopen();
    const again = await subject.store.changeUserFaces(id, request, () => {
      throw new Error('decided again');
    });
    expect(again.value).toEqual(first.value);
    expect(again.sequence).toBeGreaterThanOrEqual(first.sequence);
    expect(await subject.store.user(id, 'u')).toMatchObject({ faceCount: 0 });
    const other = { ...request, idempotency: idempotency('t', { digest: 'other' }) };
    await expect(subject.store.changeUserFaces(id, other, takeFree)).rejects.toMatchObject({
      code: 'IdempotentParameterMismatchException',
      message: 'The ClientRequestToken: t you have supplied is already in use.',
    });
  });

  it('replays from the token even when the user is gone', async () => {
    const { store } = subject;
    const { id, ids } = await withUsers(1, 'u');
    const request = { userId: 'u', faceIds: ids, idempotency: idempotency('t') };
    const first = await store.changeUserFaces(id, request, takeFree);
    await store.deleteUser(id, 'u', {});
    expect((await store.changeUserFaces(id, request, takeFree)).value).toEqual(first.value);
  });

  it('remembers the response of a change that changed nothing', async () => {
    const { store } = subject;
    const { id, ids } = await withUsers(1, 'u', 'v');
    await store.changeUserFaces(id, { userId: 'v', faceIds: ids }, takeFree);
    const request = { userId: 'u', faceIds: ids, idempotency: idempotency('t') };
    const first = await store.changeUserFaces(id, request, takeFree);
    await store.changeUserFaces(id, { userId: 'v', faceIds: ids }, letGo);
    const again = await store.changeUserFaces(id, request, takeFree);
    expect([first.value, again.value]).toEqual([
      { linked: [], unlinked: [] },
      { linked: [], unlinked: [] },
    ]);
  });

  it('keeps tokens apart by operation and collection', async () => {
    const { store } = subject;
    const one = await withUsers(1, 'u');
    const two = await withUsers(1, 'u');
    await store.changeUserFaces(one.id, withToken('AssociateFaces', one.ids), takeFree);
    const other = await store.changeUserFaces(
      one.id,
      withToken('DisassociateFaces', one.ids),
      letGo,
    );
    expect(other.value.unlinked).toEqual(one.ids);
    const elsewhere = await store.changeUserFaces(
      two.id,
      withToken('AssociateFaces', two.ids),
      takeFree,
    );
    expect(elsewhere.value.linked).toEqual(two.ids);
  });

  it('runs concurrent calls with one token once', async () => {
    const { store } = subject;
    const { id, ids } = await withUsers(4, 'u');
    let decisions = 0;
    const request = { userId: 'u', faceIds: ids, idempotency: idempotency('t') };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        store.changeUserFaces(id, request, (state) => {
          decisions += 1;
          return { ...takeFree(state), response: { decisions } };
        }),
      ),
    );
    expect(new Set(answers.map(({ value }) => value.decisions)).size).toBe(1);
    expect(await store.changeSequence(id)).toBe(5);
  });

  it('leaves everything as it was when deciding fails', async () => {
    const { store } = subject;
    const { id, ids } = await withUsers(1, 'u');
    const call = store.changeUserFaces(
      id,
      { userId: 'u', faceIds: ids, idempotency: idempotency('t') },
      () => {
        throw new TypeError('no');
      },
    );
    await expect(call).rejects.toThrow(new TypeError('no'));
    const retried = await store.changeUserFaces(
      id,
      { userId: 'u', faceIds: ids, idempotency: idempotency('t') },
      takeFree,
    );
    expect(retried.value.linked).toEqual(ids);
  });

  it('refuses a decision that does not fit the state', async () => {
    const { store } = subject;
    const { id, ids } = await withUsers(3, 'u', 'v');
    const [a, b, c] = ids as [string, string, string];
    await store.changeUserFaces(id, { userId: 'v', faceIds: [b] }, takeFree);
    const base = { link: [a], unlink: [], centroid: unitVector(1), response: null };
    const wrong = [
      { ...base, link: [b] },
      { ...base, link: [c] },
      { ...base, link: ['ghost'] },
      { ...base, unlink: [b] },
      { ...base, centroid: undefined },
      { ...base, centroid: unitVector(1, 3) },
      { ...base, centroid: new Float32Array(16) },
    ];
    for (const decision of wrong)
      await expect(
        store.changeUserFaces(id, { userId: 'u', faceIds: [a, b] }, () => decision),
      ).rejects.toThrow(/decided to|decided on|the embedding of user u/);
    expect(await store.user(id, 'u')).toMatchObject({ faceCount: 0 });
    await expectConsistent(store, id);
  });
}

const withToken = (operation: string, faceIds: string[]) => ({
  userId: 'u',
  faceIds,
  idempotency: idempotency('t', { operation }),
});

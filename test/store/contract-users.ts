import { expect, it } from 'vitest';
import {
  changeNothing,
  expectConsistent,
  idempotency,
  type Subject,
  storeFaces,
  takeFree,
} from './samples.js';

export function usersContract(subject: Subject): void {
  it('creates a user without faces, across a restart', async () => {
    const id = await subject.collection();
    await subject.store.createUser(id, 'anna', { maxUsers: 10 });
    await subject.reopen();
    const { store } = subject;
    expect(await store.user(id, 'anna')).toEqual({ userId: 'anna', faceCount: 0 });
    expect(await store.user(id, 'Anna')).toBeUndefined();
    expect(await store.userCentroid(id, 'anna')).toBeUndefined();
    expect(await store.collection(id)).toMatchObject({ userCount: 1 });
    expect(await store.changeSequence(id)).toBe(0);
  });

  it('refuses a user that exists', async () => {
    const id = await subject.collection();
    await subject.store.createUser(id, 'u', { maxUsers: 10 });
    await expect(subject.store.createUser(id, 'u', { maxUsers: 10 })).rejects.toMatchObject({
      code: 'ConflictException',
      message: 'The user id: u already exists',
    });
  });

  it('refuses more users than allowed', async () => {
    const id = await subject.collection();
    await subject.store.createUser(id, 'a', { maxUsers: 1 });
    await expect(subject.store.createUser(id, 'b', { maxUsers: 1 })).rejects.toMatchObject({
      code: 'ServiceQuotaExceededException',
    });
    expect(await subject.store.collection(id)).toMatchObject({ userCount: 1 });
  });

  it('names a missing user', async () => {
    const { store } = subject;
    const id = await subject.collection();
    const calls = [
      store.deleteUser(id, 'ghost', {}),
      store.userCentroid(id, 'ghost'),
      store.changeUserFaces(id, { userId: 'ghost', faceIds: [] }, changeNothing),
    ];
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: {
          code: 'ResourceNotFoundException',
          message: 'The user id: ghost does not exist',
        },
      });
    }
  });

  it('deletes a user but not its faces', async () => {
    const { store } = subject;
    const id = await subject.collection();
    const { ids } = await storeFaces(store, id, 3);
    await store.createUser(id, 'u', { maxUsers: 10 });
    await store.changeUserFaces(id, { userId: 'u', faceIds: ids }, takeFree);
    const { sequence } = await store.deleteUser(id, 'u', {});
    expect(sequence).toBe(5);
    expect(await store.user(id, 'u')).toBeUndefined();
    expect(await store.collection(id)).toMatchObject({ faceCount: 3, userCount: 0 });
    const faces = await store.faces(id, ids);
    expect(faces.map(({ userId }) => userId)).toEqual([undefined, undefined, undefined]);
    await expectConsistent(store, id);
    await store.createUser(id, 'u', { maxUsers: 10 });
    expect(await store.user(id, 'u')).toEqual({ userId: 'u', faceCount: 0 });
  });

  it('lists users page by page and reads them in the order asked', async () => {
    const { store } = subject;
    const id = await subject.collection();
    const userIds = ['d', 'a', 'c', 'b', 'e'];
    for (const userId of userIds) await store.createUser(id, userId, { maxUsers: 10 });
    const listed: string[] = [];
    let after: number | undefined = 0;
    while (after !== undefined) {
      const page: Awaited<ReturnType<typeof store.listUsers>> = await store.listUsers(id, {
        limit: 2,
        after,
      });
      listed.push(...page.items.map(({ userId }) => userId));
      after = page.next;
    }
    expect(listed.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
    const users = await store.users(id, ['e', 'ghost', 'a']);
    expect(users.map(({ userId }) => userId)).toEqual(['e', 'a']);
  });

  it('answers a repeated creation or deletion from its token, across a restart', async () => {
    const id = await subject.collection();
    const create = idempotency('t', { operation: 'CreateUser' });
    const remove = idempotency('t', { operation: 'DeleteUser' });
    await subject.store.createUser(id, 'u', { maxUsers: 10, idempotency: create });
    await subject.store.createUser(id, 'u', { maxUsers: 10, idempotency: create });
    await subject.store.deleteUser(id, 'u', { idempotency: remove });
    await subject.reopen();
    const { store } = subject;
    await store.deleteUser(id, 'u', { idempotency: remove });
    await store.createUser(id, 'u', { maxUsers: 10, idempotency: create });
    expect(await store.user(id, 'u')).toBeUndefined();
    await expect(
      store.createUser(id, 'v', { maxUsers: 10, idempotency: { ...create, digest: 'other' } }),
    ).rejects.toMatchObject({
      code: 'IdempotentParameterMismatchException',
      message: 'The ClientRequestToken: t you have supplied is already in use.',
    });
    await expect(
      store.deleteUser(id, 'v', { idempotency: { ...remove, digest: 'other' } }),
    ).rejects.toMatchObject({ code: 'IdempotentParameterMismatchException' });
  });

  it('forgets a token when it expires, when its request failed, and with its collection', async () => {
    const { store } = subject;
    const collectionId = await subject.collection();
    const token = idempotency('t', { nowMs: 1000, expiresAtMs: 2000 });
    await expect(store.deleteUser(collectionId, 'u', { idempotency: token })).rejects.toMatchObject(
      { code: 'ResourceNotFoundException' },
    );
    await store.createUser(collectionId, 'u', { maxUsers: 9, idempotency: token });
    const early = { ...token, digest: 'other', nowMs: 1999 };
    await expect(
      store.createUser(collectionId, 'v', { maxUsers: 9, idempotency: early }),
    ).rejects.toMatchObject({ code: 'IdempotentParameterMismatchException' });
    const late = { ...token, digest: 'other', nowMs: 2000, expiresAtMs: 3000 };
    await store.createUser(collectionId, 'v', { maxUsers: 9, idempotency: late });
    await store.deleteCollection(collectionId);
    await subject.collection({ collectionId });
    await store.createUser(collectionId, 'w', { maxUsers: 9, idempotency: token });
    expect(await store.user(collectionId, 'w')).toBeDefined();
  });

  it('creates a user once for concurrent calls with one token', async () => {
    const { store } = subject;
    const id = await subject.collection();
    const options = { maxUsers: 9, idempotency: idempotency('t') };
    await Promise.all(Array.from({ length: 8 }, () => store.createUser(id, 'u', options)));
    expect(await store.collection(id)).toMatchObject({ userCount: 1 });
  });
}

import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../src/errors.js';
import { createSqliteStore, type SqliteStoreTuning } from '../../src/store/sqlite/store.js';
import { expectConsistent, newCollection, newFace, storeFaces, takeFree } from './samples.js';
import { collectionFiles, fileOf, mountSmallDisk, type Opened, openStore } from './sqlite-store.js';

const filled = async (tuning: SqliteStoreTuning = {}): Promise<Opened> => {
  const opened = await openStore({}, tuning);
  for (const collectionId of ['damaged', 'whole']) {
    await opened.store.createCollection(newCollection({ collectionId, dimension: 512 }));
    const faces = Array.from({ length: 50 }, (_, i) => wideFace(i));
    await opened.store.insertFaces(collectionId, faces, 1000);
    await opened.store.createUser(collectionId, 'u', { maxUsers: 10 });
  }
  return opened;
};

const overwrite = (path: string, position: number, bytes: Buffer): void => {
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, bytes, 0, bytes.length, position);
  closeSync(descriptor);
};

describe('faults', () => {
  it.each([
    ['header', 0, 100],
    ['pages', 8192, 400_000],
  ])('fails only the collection whose %s are damaged', async (_, position, length) => {
    const { store, directory } = await filled();
    const path = fileOf(directory, 'damaged');
    await store.close();
    overwrite(path, position, Buffer.alloc(Math.min(length, statSync(path).size - position), 0x5a));
    const again = await openStore({ directory });
    const faceIds = (await again.store.listFaces('whole', { limit: 9 })).items.map((f) => f.faceId);
    const reading = async () => {
      for await (const batch of again.store.vectors('damaged')) if (batch.keys.length < 0) break;
    };
    const calls = [
      again.store.insertFaces('damaged', [wideFace(1)], 1000),
      again.store.listFaces('damaged', { limit: 100 }),
      again.store.changeUserFaces('damaged', { userId: 'u', faceIds }, takeFree),
      reading(),
    ];
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: 'rejected' });
      expect(String((outcome as PromiseRejectedResult).reason)).toMatch(
        /of collection damaged is damaged \(SQLITE_(CORRUPT|NOTADB)/,
      );
    }
    expect(again.logged).toHaveLength(1);
    expect(again.logged[0]).toMatch(/restore it from a backup or delete the collection/);
    const listed = await again.store.listCollections({ limit: 10 });
    expect(listed.items).toHaveLength(2);
    await again.store.changeUserFaces('whole', { userId: 'u', faceIds }, takeFree);
    expect(await again.store.user('whole', 'u')).toMatchObject({ faceCount: 9 });
    await again.store.deleteCollection('damaged');
    await again.store.createCollection(newCollection({ collectionId: 'damaged' }));
    await storeFaces(again.store, 'damaged', 2);
  });

  it.each(['emptied', 'removed'])(
    'does not take a file that was %s for an empty collection',
    async (how) => {
      const { store, directory } = await filled();
      const path = fileOf(directory, 'damaged');
      await store.close();
      if (how === 'emptied') writeFileSync(path, '');
      else rmSync(path);
      const again = await openStore({ directory });
      await expect(again.store.listFaces('damaged', { limit: 1 })).rejects.toThrow(
        /of collection damaged/,
      );
      await expect(again.store.insertFaces('damaged', [wideFace(1)], 10)).rejects.toThrow(
        /of collection damaged/,
      );
      expect(await again.store.collection('whole')).toMatchObject({ faceCount: 50 });
      await again.store.deleteCollection('damaged');
    },
  );

  it('says what to do about a damaged catalog', async () => {
    const { store, directory } = await filled();
    await store.close();
    overwrite(join(directory, 'catalog.db'), 0, Buffer.alloc(200, 0x5a));
    const before = collectionFiles(directory);
    await expect(createSqliteStore({ directory })).rejects.toThrow(OperatorError);
    await expect(createSqliteStore({ directory })).rejects.toThrow(
      /catalog.db is damaged \(SQLITE_NOTADB\): restore it from a backup/,
    );
    expect(collectionFiles(directory)).toEqual(before);
  });

  it('finds a stored vector that is no longer one', async () => {
    const { store, directory } = await filled();
    const { items } = await store.listFaces('damaged', { limit: 1 });
    await store.close();
    const database = new Database(fileOf(directory, 'damaged'));
    database.exec('UPDATE face_vectors SET vector = zeroblob(2048)');
    database.close();
    const again = await openStore({ directory });
    await expect(again.store.faceEmbedding('damaged', items[0]!.faceId)).rejects.toThrow(
      /the embedding of face .* has length 0, expected unit length/,
    );
  });

  it('fails a write that does not fit, whole, and goes on with those that do', async () => {
    const { store, logged } = await filled({ maxPages: 60 });
    const before = await store.collection('whole');
    const big = Array.from({ length: 100 }, (_, i) => wideFace(i));
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(store.insertFaces('whole', big, 1000)).rejects.toThrow(
        /the disk that holds .* is full: free some space there/,
      );
    expect(logged).toHaveLength(1);
    expect(await store.collection('whole')).toEqual(before);
    await expectConsistent(store, 'whole');
    await store.insertFaces('whole', [wideFace(1)], 1000);
    expect(await store.collection('whole')).toMatchObject({ faceCount: 51 });
    await expectConsistent(store, 'whole');
  });
});

const wideFace = (seed: number) => {
  const embedding = new Float32Array(512);
  embedding[seed % 512] = 1;
  return newFace(seed, { embedding });
};

describe('on a disk of six megabytes', () => {
  it('fails writes while the disk is full and works again when there is space', async ({
    skip,
  }) => {
    const disk = mountSmallDisk(skip);
    const directory = join(disk, 'data');
    const logged: string[] = [];
    const log = (message: string): void => void logged.push(message);
    let store = await createSqliteStore({ directory, log });
    try {
      await store.createCollection(newCollection({ collectionId: 'c', dimension: 512 }));
      await store.createUser('c', 'u', { maxUsers: 10 });
      const acknowledged: string[] = [];
      const refusals = new Set<string>();
      const fill = async () => {
        for (let round = 0; round < 40; round++) {
          const images = Array.from({ length: 4 }, () => [0, 1, 2, 3].map((i) => wideFace(i)));
          const writes = images.map((faces) => store.insertFaces('c', faces, 1e6));
          for (const outcome of await Promise.allSettled(writes)) {
            if (outcome.status === 'fulfilled')
              acknowledged.push(...outcome.value.value.map(({ faceId }) => faceId));
            else refusals.add(String(outcome.reason));
          }
        }
      };
      writeFileSync(join(disk, 'ballast'), Buffer.alloc(2_500_000));
      await fill();
      expect([...refusals]).toEqual([
        expect.stringMatching(/^Error: the disk that holds .* is full: free some space there/),
      ]);
      expect(logged.some((message) => message.includes('is full'))).toBe(true);
      await expect(store.check()).rejects.toThrow(OperatorError);
      const { items } = await store.listFaces('c', { limit: 100_000 });
      expect(items.map(({ faceId }) => faceId).toSorted()).toEqual(acknowledged.toSorted());
      await expectConsistent(store, 'c');
      rmSync(join(disk, 'ballast'));
      const [one] = (await store.insertFaces('c', [wideFace(5)], 1e6)).value;
      acknowledged.push(one!.faceId);
      const faceIds = acknowledged.slice(-50);
      await store.changeUserFaces('c', { userId: 'u', faceIds }, takeFree);
      await store.close();
      store = await createSqliteStore({ directory });
      expect(await store.collection('c')).toMatchObject({ faceCount: acknowledged.length });
      await expectConsistent(store, 'c');
    } finally {
      await store.close();
      execFileSync('umount', [disk]);
      rmSync(disk, { recursive: true, force: true });
    }
  });
});

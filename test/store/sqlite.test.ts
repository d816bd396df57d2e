import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { ApiError, OperatorError } from '../../src/errors.js';
import { openWriter } from '../../src/store/sqlite/connection.js';
import { CATALOG, COLLECTION, migrate } from '../../src/store/sqlite/migrations.js';
import { createSqliteStore, type SqliteStoreOptions } from '../../src/store/sqlite/store.js';
import { insertFaces } from '../../src/store/sqlite/write-faces.js';
import { changeUserFaces, createUser } from '../../src/store/sqlite/write-users.js';
import { storeContract } from './contract.js';
import {
  expectConsistent,
  follow,
  newCollection,
  newFace,
  snapshot,
  storeFaces,
  unitVector,
} from './samples.js';
import { collectionFiles, fileOf, newDirectory, openStore, scratch } from './sqlite-store.js';

const contractOn = (options: Partial<SqliteStoreOptions>) => async () => {
  const parent = scratch();
  const start = () => createSqliteStore({ directory: join(parent, 'data'), ...options });
  let store = await start();
  return {
    store,
    async reopen() {
      await store.close();
      store = await start();
      return store;
    },
    async destroy() {
      rmSync(parent, { recursive: true, force: true });
    },
  };
};

storeContract('SQLite', contractOn({}));
storeContract('SQLite with three files open at a time', contractOn({ maxOpenFiles: 3 }));

describe('data directory', () => {
  it('is made for its owner only, as are the files in it', async () => {
    const directory = join(newDirectory(), 'data');
    const { store } = await openStore({ directory });
    await store.createCollection(newCollection({ collectionId: 'c' }));
    await storeFaces(store, 'c', 1);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    const entries = readdirSync(directory, { recursive: true, encoding: 'utf8' });
    const modes = entries
      .map((name) => statSync(join(directory, name)))
      .map((entry) => [entry.isDirectory(), entry.mode & 0o777]);
    expect(new Set(modes.map(String))).toEqual(new Set(['true,448', 'false,384']));
    expect(entries.length).toBeGreaterThan(6);
  });

  it('says what to do about a parent that is missing or a file in its place', async () => {
    const directory = newDirectory();
    await expect(createSqliteStore({ directory: join(directory, 'a', 'b') })).rejects.toThrow(
      /a does not exist: create it or set another data directory/,
    );
    writeFileSync(join(directory, 'file'), '');
    for (const place of ['file', 'file/data']) {
      const opening = createSqliteStore({ directory: join(directory, place) });
      await expect(opening).rejects.toThrow(OperatorError);
      await expect(createSqliteStore({ directory: join(directory, place) })).rejects.toThrow(
        /is a file: set another data directory/,
      );
    }
  });

  it.skipIf(process.getuid?.() === 0)('says what to do when it may not be written', async () => {
    const directory = newDirectory();
    mkdirSync(join(directory, 'sealed'), { mode: 0o500 });
    const opening = createSqliteStore({ directory: join(directory, 'sealed', 'data') });
    await expect(opening).rejects.toThrow(/may not write there/);
  });

  it('belongs to one store at a time, and to the next one after it', async () => {
    const { store, directory } = await openStore();
    const second = createSqliteStore({ directory });
    await expect(second).rejects.toThrow(OperatorError);
    await expect(createSqliteStore({ directory })).rejects.toThrow(/in use by another process/);
    await store.check();
    await store.close();
    await openStore({ directory });
  });

  it('belongs to one process at a time', async () => {
    const { directory } = await openStore();
    const script = `
      import { createSqliteStore } from ${JSON.stringify(join(import.meta.dirname, '../../dist/store/sqlite/store.js'))};
      await createSqliteStore({ directory: ${JSON.stringify(directory)} }).catch((error) => {
        console.log(error.name, error.message);
      });`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(stdout).toMatch(/^OperatorError .* is in use by another process: stop it/);
  });

  it.each([
    [
      'catalog',
      CATALOG,
      (directory: string) => join(directory, 'catalog.db'),
      'PRAGMA user_version = 99',
    ],
    [
      'collections',
      COLLECTION,
      (directory: string) => join(directory, 'catalog.db'),
      'UPDATE installation SET collection_schema = 99',
    ],
  ])('refuses data whose %s a newer version wrote', async (_, { migrations }, file, sql) => {
    const { store, directory } = await openStore();
    await store.close();
    const database = new Database(file(directory));
    database.exec(sql);
    database.close();
    await expect(createSqliteStore({ directory })).rejects.toThrow(
      `was written by a newer version (schema 99, this program knows ${migrations.length}): upgrade Likeness`,
    );
    await expect(createSqliteStore({ directory })).rejects.toThrow(OperatorError);
  });

  it('removes what an interrupted creation or deletion left behind, and says so', async () => {
    const { store, directory } = await openStore();
    await store.createCollection(newCollection({ collectionId: 'kept' }));
    await storeFaces(store, 'kept', 3);
    await store.close();
    const orphan = join(directory, 'collections', `${'0f'.repeat(16)}.db`);
    for (const suffix of ['', '-wal', '-shm']) writeFileSync(orphan + suffix, 'half');
    const foreign = join(directory, 'collections', 'notes.txt');
    writeFileSync(foreign, 'mine');
    const again = await openStore({ directory });
    expect(again.logged).toEqual([
      'removed a collection file that an interrupted operation left behind',
    ]);
    expect(collectionFiles(directory).filter((path) => path.startsWith(orphan))).toEqual([]);
    expect(existsSync(foreign)).toBe(true);
    await expectConsistent(again.store, 'kept');
  });

  it('never takes collections for litter because the catalog is gone', async () => {
    const { store, directory } = await openStore();
    await store.createCollection(newCollection({ collectionId: 'c' }));
    await store.close();
    const before = collectionFiles(directory);
    rmSync(join(directory, 'catalog.db'));
    await expect(createSqliteStore({ directory })).rejects.toThrow(
      /catalog.db is empty or missing although there are collections beside it/,
    );
    expect(collectionFiles(directory)).toEqual(before);
  });

  it('leaves no file of a deleted collection', async () => {
    const { store, directory } = await openStore();
    await store.createCollection(newCollection({ collectionId: 'c' }));
    await storeFaces(store, 'c', 3);
    await store.listFaces('c', { limit: 1 });
    expect(collectionFiles(directory).length).toBeGreaterThan(0);
    await store.deleteCollection('c');
    expect(collectionFiles(directory)).toEqual([]);
  });
});

describe('durability', () => {
  it('opens every file for writing with synchronous = FULL, a write-ahead log and 8 KiB pages', () => {
    const path = join(newDirectory(), 'some.db');
    closeSync(openSync(path, 'w'));
    const connection = openWriter(path);
    connection.exec('CREATE TABLE t (x)');
    const settings = ['synchronous', 'journal_mode', 'page_size', 'foreign_keys'];
    expect(settings.map((name) => connection.pragma(name))).toEqual([2, 'wal', 8192, 1]);
    connection.close();
  });

  it('finishes what it accepted before it closes', async () => {
    const { store, directory } = await openStore();
    await store.createCollection(newCollection({ collectionId: 'c' }));
    const writes = Array.from({ length: 50 }, (_, i) => store.insertFaces('c', [newFace(i)], 100));
    await store.close();
    await Promise.all(writes);
    await expect(store.insertFaces('c', [newFace(1)], 100)).rejects.toThrow('the store is closed');
    await expect(store.collection('c')).rejects.toThrow('the store is closed');
    const again = await openStore({ directory });
    expect(await again.store.collection('c')).toMatchObject({ faceCount: 50 });
  });
});

describe('conditional writes', () => {
  it('refuse a decision on a user that has changed since it was read', () => {
    const path = join(newDirectory(), 'some.db');
    closeSync(openSync(path, 'w'));
    const connection = openWriter(path);
    migrate(connection, COLLECTION);
    createUser(connection, { userId: 'u', maxUsers: 1 });
    insertFaces(connection, { faces: [newFace(1), newFace(2)], maxFaces: 9 }, () => new Set());
    const user = { id: 1, version: 0 };
    const change = (link: number, faceCount: number) =>
      changeUserFaces(connection, {
        userId: 'u',
        user,
        seen: [],
        link: [link],
        unlink: [],
        centroid: unitVector(1),
        faceCount,
        response: 'null',
      });
    expect(change(2, 1)).toEqual({ stale: false, sequence: 3 });
    expect(change(3, 1)).toEqual({ stale: true });
    user.version = 3;
    expect(change(3, 2)).toEqual({ stale: false, sequence: 4 });
    connection.close();
  });
});

describe('bounds', () => {
  it('refuses writes beyond its queue, and only those', async () => {
    const { store } = await openStore({ maxQueued: 10 });
    await store.createCollection(newCollection({ collectionId: 'c' }));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 25 }, (_, i) => store.insertFaces('c', [newFace(i)], 100)),
    );
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(15);
    expect(refused[0]).toMatchObject({ reason: new ApiError('ThrottlingException') });
    expect(await store.collection('c')).toMatchObject({ faceCount: 10 });
  });

  it('keeps a bounded log and sends followers that are too late back to the whole', async () => {
    const { store } = await openStore({}, { changesKept: 20 });
    await store.createCollection(newCollection({ collectionId: 'c' }));
    const { ids } = await storeFaces(store, 'c', 30);
    // As many as there are vectors are kept in any case.
    expect(await store.changes('c', 0, 100)).toMatchObject({ complete: true });
    await store.deleteFaces('c', ids.slice(0, 20));
    expect(await store.changes('c', 29, 100)).toBe('truncated');
    expect(await store.changes('c', 30, 100)).toMatchObject({ complete: true });
    await expect(follow(store, 'c')).rejects.toThrow('no longer reaches back');
    const { vectors, sequence } = await snapshot(store, 'c');
    expect([vectors.size, sequence]).toEqual([10, 50]);
  });

  it('sweeps expired tokens', async () => {
    const { store, directory } = await openStore();
    await store.createCollection(newCollection({ collectionId: 'c' }));
    for (let i = 0; i < 60; i++) {
      const times = { nowMs: i * 10, expiresAtMs: i * 10 + 100 };
      const idempotency = { operation: 'o', token: `t${i}`, digest: 'd', ...times };
      await store.createUser('c', `u${i}`, { maxUsers: 100, idempotency });
    }
    const database = new Database(fileOf(directory, 'c'), { readonly: true });
    expect(database.prepare('SELECT count(*) FROM tokens').pluck().get()).toBe(10);
    database.close();
  });
});

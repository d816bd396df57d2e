import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { ApiError, OperatorError } from '../../src/errors.js';
import { openWriter } from '../../src/store/sqlite/connection.js';
import {
  createSqliteStore,
  type SqliteStoreOptions,
  type SqliteStoreTuning,
} from '../../src/store/sqlite/store.js';
import type { Store } from '../../src/store/store.js';
import { storeContract } from './contract.js';
import {
  expectConsistent,
  follow,
  newCollection,
  newFace,
  snapshot,
  storeFaces,
  takeFree,
} from './samples.js';

const scratch = (): string => mkdtempSync(join(tmpdir(), 'likeness-store-'));

const contractOn = (options: Partial<SqliteStoreOptions>) => async () => {
  const parent = scratch();
  const open = () => createSqliteStore({ directory: join(parent, 'data'), ...options });
  let store = await open();
  return {
    store,
    async reopen() {
      await store.close();
      store = await open();
      return store;
    },
    async destroy() {
      rmSync(parent, { recursive: true, force: true });
    },
  };
};

storeContract('SQLite', contractOn({}));
storeContract('SQLite with three files open at a time', contractOn({ maxOpenFiles: 3 }));

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function newDirectory(): string {
  const directory = scratch();
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

interface Opened {
  store: Store;
  directory: string;
  logged: string[];
}

async function open(
  options: Partial<SqliteStoreOptions> = {},
  tuning: SqliteStoreTuning = {},
): Promise<Opened> {
  const directory = options.directory ?? newDirectory();
  const logged: string[] = [];
  const log = (message: string): void => void logged.push(message);
  const store = await createSqliteStore({ log, ...options, directory }, tuning);
  cleanups.push(() => store.close());
  return { store, directory, logged };
}

const collectionFiles = (directory: string): string[] =>
  readdirSync(join(directory, 'collections')).map((name) => join(directory, 'collections', name));

/** The one database file in `directory` that holds this collection. */
function fileOf(directory: string, collectionId: string): string {
  const catalog = new Database(join(directory, 'catalog.db'), { readonly: true });
  const file = catalog
    .prepare('SELECT file FROM collections WHERE collection_id = ?')
    .pluck()
    .get(collectionId) as string;
  catalog.close();
  return join(directory, 'collections', file);
}

describe('data directory', () => {
  it('is made for its owner only, as are the files in it', async () => {
    const directory = join(newDirectory(), 'data');
    const { store } = await open({ directory });
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
    const { store, directory } = await open();
    const second = createSqliteStore({ directory });
    await expect(second).rejects.toThrow(OperatorError);
    await expect(createSqliteStore({ directory })).rejects.toThrow(/in use by another process/);
    await store.check();
    await store.close();
    await open({ directory });
  });

  it('belongs to one process at a time', async () => {
    const { directory } = await open();
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
    ['catalog', (directory: string) => join(directory, 'catalog.db'), 'PRAGMA user_version = 99'],
    [
      'collections',
      (directory: string) => join(directory, 'catalog.db'),
      'UPDATE installation SET collection_schema = 99',
    ],
  ])('refuses data whose %s a newer version wrote', async (_, file, sql) => {
    const { store, directory } = await open();
    await store.close();
    const database = new Database(file(directory));
    database.exec(sql);
    database.close();
    await expect(createSqliteStore({ directory })).rejects.toThrow(
      /was written by a newer version \(schema 99, this program knows 1\): upgrade Likeness/,
    );
    await expect(createSqliteStore({ directory })).rejects.toThrow(OperatorError);
  });

  it('removes what an interrupted creation or deletion left behind, and says so', async () => {
    const { store, directory } = await open();
    await store.createCollection(newCollection({ collectionId: 'kept' }));
    await storeFaces(store, 'kept', 3);
    await store.close();
    const orphan = join(directory, 'collections', `${'0f'.repeat(16)}.db`);
    for (const suffix of ['', '-wal', '-shm']) writeFileSync(orphan + suffix, 'half');
    const foreign = join(directory, 'collections', 'notes.txt');
    writeFileSync(foreign, 'mine');
    const again = await open({ directory });
    expect(again.logged).toEqual([
      'removed a collection file that an interrupted operation left behind',
    ]);
    expect(collectionFiles(directory).filter((path) => path.startsWith(orphan))).toEqual([]);
    expect(existsSync(foreign)).toBe(true);
    await expectConsistent(again.store, 'kept');
  });

  it('never takes collections for litter because the catalog is gone', async () => {
    const { store, directory } = await open();
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
    const { store, directory } = await open();
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
    const { store, directory } = await open();
    await store.createCollection(newCollection({ collectionId: 'c' }));
    const writes = Array.from({ length: 50 }, (_, i) => store.insertFaces('c', [newFace(i)], 100));
    await store.close();
    await Promise.all(writes);
    await expect(store.insertFaces('c', [newFace(1)], 100)).rejects.toThrow('the store is closed');
    await expect(store.collection('c')).rejects.toThrow('the store is closed');
    const again = await open({ directory });
    expect(await again.store.collection('c')).toMatchObject({ faceCount: 50 });
  });
});

describe('bounds', () => {
  it('refuses writes beyond its queue, and only those', async () => {
    const { store } = await open({ maxQueued: 10 });
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
    const { store } = await open({}, { changesKept: 20 });
    await store.createCollection(newCollection({ collectionId: 'c' }));
    await storeFaces(store, 'c', 15);
    await storeFaces(store, 'c', 15);
    expect(await store.changes('c', 9, 100)).toBe('truncated');
    expect(await store.changes('c', 10, 100)).toMatchObject({ complete: true });
    await expect(follow(store, 'c')).rejects.toThrow('no longer reaches back');
    const { vectors, sequence } = await snapshot(store, 'c');
    expect([vectors.size, sequence]).toEqual([30, 30]);
  });

  it('sweeps expired tokens', async () => {
    const { store, directory } = await open();
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

describe('faults', () => {
  const filled = async (tuning: SqliteStoreTuning = {}): Promise<Opened> => {
    const opened = await open({}, tuning);
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

  it.each([
    ['header', 0, 100],
    ['pages', 8192, 400_000],
  ])('fails only the collection whose %s are damaged', async (_, position, length) => {
    const { store, directory } = await filled();
    const path = fileOf(directory, 'damaged');
    await store.close();
    overwrite(path, position, Buffer.alloc(Math.min(length, statSync(path).size - position), 0x5a));
    const again = await open({ directory });
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
      const again = await open({ directory });
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
    const again = await open({ directory });
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

const MOUNTED = mountSmallDisk();

describe.skipIf(!MOUNTED)('on a disk of six megabytes (needs the right to mount a tmpfs)', () => {
  it('fails writes while the disk is full and works again when there is space', async () => {
    const disk = MOUNTED!;
    const directory = join(disk, 'data');
    const logged: string[] = [];
    const log = (message: string): void => void logged.push(message);
    let store = await createSqliteStore({ directory, log });
    try {
      await store.createCollection(newCollection({ collectionId: 'c', dimension: 512 }));
      await store.createUser('c', 'u', { maxUsers: 10 });
      const acknowledged: string[] = [];
      const fill = async () => {
        for (let round = 0; round < 40; round++) {
          const images = Array.from({ length: 4 }, () => [0, 1, 2, 3].map((i) => wideFace(i)));
          const writes = images.map((faces) => store.insertFaces('c', faces, 1e6));
          for (const outcome of await Promise.allSettled(writes)) {
            if (outcome.status === 'fulfilled')
              acknowledged.push(...outcome.value.value.map(({ faceId }) => faceId));
            else expect(String(outcome.reason)).toMatch(/is full: free some space there/);
          }
        }
      };
      writeFileSync(join(disk, 'ballast'), Buffer.alloc(2_500_000));
      await fill();
      expect(logged.filter((message) => message.includes('is full')).length).toBeGreaterThan(0);
      await expect(store.check()).rejects.toThrow(OperatorError);
      const { items } = await store.listFaces('c', { limit: 100_000 });
      expect(items.map(({ faceId }) => faceId).sort()).toEqual([...acknowledged].sort());
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

/** A small tmpfs, where this user may make one. */
function mountSmallDisk(): string | undefined {
  const disk = scratch();
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk]);
  if (status === 0 && readFileSync('/proc/mounts', 'utf8').includes(disk)) return disk;
  rmSync(disk, { recursive: true, force: true });
  return undefined;
}

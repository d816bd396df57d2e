import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach } from 'vitest';
import {
  createSqliteStore,
  type SqliteStoreOptions,
  type SqliteStoreTuning,
} from '../../src/store/sqlite/store.js';
import type { Store } from '../../src/store/store.js';

export const scratch = (): string => mkdtempSync(join(tmpdir(), 'likeness-store-'));

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

export function newDirectory(): string {
  const directory = scratch();
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface Opened {
  store: Store;
  directory: string;
  logged: string[];
}

export async function openStore(
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

export const collectionFiles = (directory: string): string[] =>
  readdirSync(join(directory, 'collections')).map((name) => join(directory, 'collections', name));

/** The one database file in `directory` that holds this collection. */
export function fileOf(directory: string, collectionId: string): string {
  const catalog = new Database(join(directory, 'catalog.db'), { readonly: true });
  const file = catalog
    .prepare('SELECT file FROM collections WHERE collection_id = ?')
    .pluck()
    .get(collectionId) as string;
  catalog.close();
  return join(directory, 'collections', file);
}

/** A tmpfs of six megabytes, where this user may make one; its caller takes it away again with umount. */
export function mountSmallDisk(skip: (note: string) => never): string {
  const disk = scratch();
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk]);
  if (status === 0 && readFileSync('/proc/mounts', 'utf8').includes(disk)) return disk;
  rmSync(disk, { recursive: true, force: true });
  return skip('this user may not mount a tmpfs');
}

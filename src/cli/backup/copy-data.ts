import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import Database from 'better-sqlite3';
import { OperatorError } from '../../errors.js';

const CATALOG = 'catalog.db';
/** Held by the running service; holds no data. */
const LOCK = 'lock.db';
const COLLECTION = /^collections\/[^/]+\.db$/;
const COMPANION = /\.db-(wal|shm|journal)$/;
/** Pages copied at a time: all, for a copy in one go is one snapshot and never starts over. */
const ALL_PAGES = 0x7fff_ffff;
const BUSY_TIMEOUT_MS = 10_000;
/** Collections may come and go meanwhile; this often the catalog is taken again. */
const MOST_ROUNDS = 20;

/**
 * Copies a data directory that may be in use into an empty folder. Each database is copied by SQLite's
 * online backup: one committed state of it. The catalog is taken last, and again until every collection it
 * names is there, so that the copy is one a service could have left behind. A collection's file is copied only
 * once a catalog names it: before that it is still being made. Resolves to the paths copied.
 */
export async function copyData(source: string, target: string): Promise<string[]> {
  const copied = new Set<string>();
  for (const path of await filesOf(source)) {
    if (path === CATALOG || path === LOCK || COMPANION.test(path)) continue;
    if (COLLECTION.test(path)) continue;
    if (await copyOne(source, target, path)) copied.add(path);
  }
  for (let round = 0; ; round++) {
    await rm(join(target, CATALOG), { force: true });
    if (!(await copyOne(source, target, CATALOG)))
      throw new OperatorError(`${source} is no data directory: it has no ${CATALOG}`);
    const missing = collectionPaths(target).filter((path) => !copied.has(path));
    for (const path of missing) if (await copyOne(source, target, path)) copied.add(path);
    if (missing.every((path) => copied.has(path))) break;
    if (round >= MOST_ROUNDS)
      throw new OperatorError(
        `collections were created and deleted too fast to copy them: try again`,
      );
  }
  const named = new Set(collectionPaths(target));
  for (const path of copied)
    if (path.startsWith('collections/') && path.endsWith('.db') && !named.has(path)) {
      await rm(join(target, path), { force: true });
      copied.delete(path);
    }
  return [CATALOG, ...copied].toSorted();
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** The files of the collections a copied catalog names. */
function collectionPaths(target: string): string[] {
  const catalog = new Database(join(target, CATALOG), { readonly: true });
  try {
    const tables = catalog
      .prepare(`SELECT name FROM sqlite_master WHERE name IN ('moves', 'former_spaces')`)
      .all() as { name: string }[];
    // A collection that moves to another model has more than one file.
    const sources = ['collections', ...tables.map(({ name }) => name)];
    const rows = sources.flatMap(
      (table) => catalog.prepare(`SELECT file FROM ${table}`).all() as { file: string }[],
    );
    return rows.map(({ file }) => `collections/${file}`);
  } finally {
    catalog.close();
  }
}

/** False for a file that is gone. */
async function copyOne(source: string, target: string, path: string): Promise<boolean> {
  const to = join(target, path);
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  try {
    if (path.endsWith('.db')) await copyDatabase(join(source, path), to);
    else await copyFile(join(source, path), to);
    await chmod(to, 0o600);
    return true;
  } catch (error) {
    await rm(to, { force: true });
    // A collection deleted meanwhile takes its file away under the copy.
    if (!existsSync(join(source, path))) return false;
    throw error;
  }
}

async function copyDatabase(from: string, to: string): Promise<void> {
  const database = new Database(from, {
    readonly: true,
    fileMustExist: true,
    timeout: BUSY_TIMEOUT_MS,
  });
  try {
    await database.backup(to, { progress: () => ALL_PAGES });
  } finally {
    database.close();
  }
  const copy = new Database(to, { fileMustExist: true });
  try {
    // One file, without a write-ahead log beside it; the service turns that on again.
    copy.pragma('journal_mode = DELETE');
    checkDatabase(copy, to);
  } finally {
    copy.close();
  }
}

/** Throws where SQLite finds a page or an index that cannot be. */
export function checkDatabase(database: Database.Database, path: string): void {
  const result = database.pragma('integrity_check', { simple: true });
  if (result !== 'ok') throw new OperatorError(`${path} is damaged: ${String(result)}`);
}

/** Opens a database of a backup and checks it. */
export function checkDatabaseFile(path: string): void {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    checkDatabase(database, path);
  } finally {
    database.close();
  }
}

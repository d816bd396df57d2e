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
 * online backup: one committed state of it. The catalog is taken before the collections that it names, and again until
 * every one is there and none has moved to another model meanwhile, so that the copy is one a service could have left
 * behind. A collection's file is copied only once a catalog names it: before that it is still being made. Resolves to the
 * paths copied.
 */
export async function copyData(source: string, target: string): Promise<string[]> {
  const copied = new Set<string>();
  for (const path of await filesOf(source)) {
    if (path === CATALOG || path === LOCK || COMPANION.test(path)) continue;
    if (COLLECTION.test(path)) continue;
    if (await copyOne(source, target, path)) copied.add(path);
  }
  const collections = await copyCollections(source, target);
  return [CATALOG, ...copied, ...collections].toSorted();
}

/** Copies the catalog and the files of its collections; the paths of these. */
async function copyCollections(source: string, target: string): Promise<Iterable<string>> {
  /** What each file was to its collection when it was copied. */
  const copied: Roles = new Map();
  for (let round = 0; ; round++) {
    await rm(join(target, CATALOG), { force: true });
    if (!(await copyOne(source, target, CATALOG)))
      throw new OperatorError(`${source} is no data directory: it has no ${CATALOG}`);
    const named = rolesIn(join(target, CATALOG));
    for (const [path, role] of named)
      if (copied.get(path) !== role && (await copyOne(source, target, path)))
        copied.set(path, role);
    const now = rolesIn(join(source, CATALOG));
    const isThere = ([path, role]: [string, string]): boolean =>
      // One that was deleted since is as it was when the catalog was copied.
      copied.get(path) === role && (now.get(path) ?? role) === role;
    if ([...named].every(isThere)) {
      for (const path of copied.keys())
        if (!named.has(path)) {
          await rm(join(target, path), { force: true });
          copied.delete(path);
        }
      return copied.keys();
    }
    if (round >= MOST_ROUNDS)
      throw new OperatorError(
        `collections were created and deleted too fast to copy them: try again`,
      );
  }
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** What files are to their collections, by path: its own, where it moves to, or what it was before. */
type Roles = Map<string, string>;

/** Those that a catalog names. */
function rolesIn(path: string): Roles {
  const catalog = new Database(path, { readonly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    const tables = catalog
      .prepare(`SELECT name FROM sqlite_master WHERE name IN ('moves', 'former_spaces')`)
      .all() as { name: string }[];
    // A collection that moves to another model has more than one file.
    const sources = ['collections', ...tables.map(({ name }) => name)];
    return new Map(
      // One transaction: a switch in between would name a file twice, or not at all.
      catalog.transaction(() =>
        sources.flatMap((table) => {
          const files = catalog.prepare(`SELECT file FROM ${table}`).all() as { file: string }[];
          return files.map(({ file }) => [`collections/${file}`, table] as const);
        }),
      )(),
    );
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

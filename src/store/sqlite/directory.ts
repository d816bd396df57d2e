import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { OperatorError } from '../../errors.js';

/**
 * The data directory:
 *
 *     catalog.db                      collections, tags, secrets
 *     collections/<32 hex digits>.db  one collection each
 *     lock.db                         held by the one process that uses the directory
 */
export interface DataDirectory {
  root: string;
  catalog: string;
  lock: string;
  collections: string;
}

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const COLLECTION_FILE = /^([0-9a-f]{32}\.db)(-wal|-shm|-journal)?$/;
const COMPANIONS = ['-wal', '-shm', '-journal'] as const;

export function dataDirectory(directory: string): DataDirectory {
  const root = resolve(directory);
  return {
    root,
    catalog: join(root, 'catalog.db'),
    lock: join(root, 'lock.db'),
    collections: join(root, 'collections'),
  };
}

/** Makes the directory where it is missing (its parent must be there) and checks that it can be used. */
export function prepareDirectory(directory: DataDirectory): void {
  const { root } = directory;
  try {
    makeDirectory(root);
    accessSync(root, constants.R_OK | constants.W_OK | constants.X_OK);
    makeDirectory(directory.collections);
    makeFile(directory.catalog);
    makeFile(directory.lock);
  } catch (error) {
    throw new OperatorError(`the data directory ${root} cannot be used: ${remedy(error, root)}`, {
      cause: error,
    });
  }
}

function remedy(error: unknown, root: string): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return `${dirname(root)} does not exist: create it or set another data directory`;
    case 'ENOTDIR':
      return 'it, or something above it, is a file: set another data directory';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not write there: change its owner or mode, or set another data directory';
    case 'EROFS':
      return 'its file system is read-only: remount it or set another data directory';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'its disk is full: free some space';
    default:
      return message;
  }
}

/** Also makes the entry durable in the parent. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: DIRECTORY_MODE });
    syncDirectory(dirname(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!statSync(path).isDirectory())
      throw Object.assign(new Error(`${path} is not a directory`), { code: 'ENOTDIR' });
  }
}

/**
 * An empty file only its owner can read; SQLite gives its companions the same mode. One that exists is
 * not even opened: closing it would drop whatever locks this process holds on it (POSIX).
 */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', FILE_MODE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** A new empty collection file under a random name that says nothing about its collection. */
export function makeCollectionFile({ collections }: DataDirectory): string {
  const file = `${randomBytes(16).toString('hex')}.db`;
  closeSync(openSync(join(collections, file), 'wx', FILE_MODE));
  return file;
}

/** Makes the entries of a directory (new files, removed files) durable. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The names of all collection files, whether the catalog knows them or not. */
export function collectionFiles({ collections }: DataDirectory): Set<string> {
  const files = new Set<string>();
  for (const name of readdirSync(collections)) {
    const file = COLLECTION_FILE.exec(name)?.[1];
    if (file) files.add(file);
  }
  return files;
}

/** A file and what SQLite keeps beside it. */
export const withCompanions = (path: string): string[] => [
  path,
  ...COMPANIONS.map((suffix) => path + suffix),
];

/** Whether changes of a collection file wait beside it to be moved in: it is in use, or a crash left them. */
export const hasLog = ({ collections }: DataDirectory, file: string): boolean =>
  (statSync(join(collections, `${file}-wal`), { throwIfNoEntry: false })?.size ?? 0) > 0;

export function removeCollectionFile({ collections }: DataDirectory, file: string): void {
  for (const path of withCompanions(join(collections, file))) rmSync(path, { force: true });
}

/**
 * Takes the directory for this process; `close` the result to give it back. The lock is the operating
 * system's, on an open SQLite file, so that it ends with the process however that ends.
 */
export function lockDirectory({ root, lock }: DataDirectory): { close: () => void } {
  let database: Database.Database | undefined;
  try {
    database = new Database(lock, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (cause) {
    database?.close();
    const { code } = cause as { code?: string };
    throw new OperatorError(
      code === 'SQLITE_BUSY'
        ? `the data directory ${root} is in use by another process: stop it or set another data directory`
        : `the data directory ${root} cannot be locked (${String(cause)}): put it on a local file system`,
      { cause },
    );
  }
}

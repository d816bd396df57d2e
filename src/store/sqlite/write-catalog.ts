import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { collectionExists, collectionMissing, quotaExceeded } from '../refusals.js';
import type { NewCollection } from '../store.js';
import { type Connection, openWriter } from './connection.js';
import {
  type DataDirectory,
  makeCollectionFile,
  removeCollectionFile,
  syncDirectory,
} from './directory.js';
import { COLLECTION, migrate } from './migrations.js';

/**
 * The writes to the catalog. Each is its own transaction: they are rare. A collection exists from the
 * commit of its catalog row to the commit that removes it; a file without a row is litter of a crash.
 */
export interface Catalog {
  connection: Connection;
  directory: DataDirectory;
  /** For tests: how many pages a collection file may grow to. */
  maxPages: number | undefined;
}

/** Makes the file, durable, then the row. The file's name, and its open connection for reuse. */
export function createCollection(
  catalog: Catalog,
  collection: NewCollection,
): { file: string; opened: Connection } {
  const { connection, directory } = catalog;
  // Looked at before a file is made for nothing; this thread is the only writer, so it stays true.
  checkRoom(connection, collection);
  const file = makeCollectionFile(directory);
  let opened: Connection | undefined;
  try {
    opened = openWriter(join(directory.collections, file), catalog.maxPages);
    migrate(opened, COLLECTION);
    // The content moves from the log into the file, which SQLite then syncs; the directory entry is ours to sync.
    opened.pragma('wal_checkpoint(TRUNCATE)');
    syncDirectory(directory.collections);
    connection.transaction('BEGIN IMMEDIATE', () => insertCollection(connection, collection, file));
    return { file, opened };
  } catch (error) {
    opened?.close();
    removeCollectionFile(directory, file);
    throw error;
  }
}

function checkRoom(connection: Connection, { collectionId, maxCollections }: NewCollection): void {
  if (fileOf(connection, collectionId) !== undefined) throw collectionExists(collectionId);
  const found = connection.get<{ count: number }>('SELECT count(*) AS count FROM collections');
  if ((found?.count ?? 0) >= maxCollections) throw quotaExceeded('collections', maxCollections);
}

function insertCollection(connection: Connection, collection: NewCollection, file: string): void {
  connection.run(
    'INSERT INTO collections VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)',
    collection.collectionId,
    file,
    collection.modelId,
    collection.calibrationVersion,
    collection.faceModelVersion,
    collection.dimension,
    collection.createdAtMs,
  );
  for (const [key, value] of Object.entries(collection.tags))
    connection.run('INSERT INTO tags VALUES (?, ?, ?)', collection.collectionId, key, value);
}

/**
 * Removes the row and with it the tags; the names of the files, which are now litter: the collection's own, then
 * those of its moves.
 */
export function deleteCollection(
  { connection }: Catalog,
  collectionId: string,
): [string, ...string[]] {
  const file = fileOf(connection, collectionId);
  if (file === undefined) throw collectionMissing(collectionId);
  const others = connection.all<{ file: string }>(
    `SELECT file FROM moves WHERE collection_id = ?
     UNION SELECT file FROM former_spaces WHERE collection_id = ?`,
    collectionId,
    collectionId,
  );
  connection.transaction('BEGIN IMMEDIATE', () => {
    connection.run('DELETE FROM collections WHERE collection_id = ?', collectionId);
    // Another collection of this id has a history of its own.
    connection.run('DELETE FROM calibration_switches WHERE collection_id = ?', collectionId);
  });
  return [file, ...others.map((other) => other.file)];
}

export interface PutTags {
  collectionId: string;
  tags: Record<string, string>;
  maxTags: number;
}

/** Store.putTags. */
export function putTags({ connection }: Catalog, { collectionId, tags, maxTags }: PutTags): void {
  connection.transaction('BEGIN IMMEDIATE', () => {
    if (fileOf(connection, collectionId) === undefined) throw collectionMissing(collectionId);
    for (const [key, value] of Object.entries(tags))
      connection.run('INSERT OR REPLACE INTO tags VALUES (?, ?, ?)', collectionId, key, value);
    const found = connection.get<{ count: number }>(
      'SELECT count(*) AS count FROM tags WHERE collection_id = ?',
      collectionId,
    );
    if ((found?.count ?? 0) > maxTags) throw quotaExceeded('tags on a collection', maxTags);
  });
}

export interface DeleteTags {
  collectionId: string;
  keys: readonly string[];
}

/** Store.deleteTags. */
export function deleteTags({ connection }: Catalog, { collectionId, keys }: DeleteTags): void {
  connection.transaction('BEGIN IMMEDIATE', () => {
    if (fileOf(connection, collectionId) === undefined) throw collectionMissing(collectionId);
    for (const key of keys)
      connection.run('DELETE FROM tags WHERE collection_id = ? AND tag_key = ?', collectionId, key);
  });
}

const SECRET_BYTES = 32;

/** Makes a secret of this name unless there is one; the stored one. */
export function makeSecret({ connection }: Catalog, name: string): Uint8Array {
  const fresh = randomBytes(SECRET_BYTES);
  connection.run('INSERT OR IGNORE INTO secrets VALUES (?, ?)', name, fresh);
  const stored = connection.get<{ value: Uint8Array }>(
    'SELECT value FROM secrets WHERE name = ?',
    name,
  );
  // A copy of its own: a pooled Buffer would be sent to the other thread with all of its pool.
  return Uint8Array.from(stored?.value ?? fresh);
}

/** One small durable write. */
export function probe({ connection }: Catalog): void {
  connection.run('UPDATE installation SET probes = probes + 1');
}

const fileOf = (connection: Connection, collectionId: string): string | undefined =>
  connection.get<{ file: string }>(
    'SELECT file FROM collections WHERE collection_id = ?',
    collectionId,
  )?.file;

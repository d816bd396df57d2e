import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, openWriter } from './connection.js';
import type { DataDirectory } from './directory.js';
import { cutLog } from './erasing.js';
import { hasTable } from './rows.js';

interface Stray {
  file: string;
  /** The collection's own file. */
  current: string;
}

/**
 * Erases crops and further embeddings in files that are no collection's own: those a collection moves to or came from. A
 * switch carries them over and erases them behind; one that was killed in between leaves them twice, and a face that is
 * deleted would take only one of them along.
 *
 * @param collectionId undefined: of all collections.
 */
export function eraseStrays(
  directory: DataDirectory,
  catalog: Connection,
  collectionId?: string,
): void {
  for (const { file, current } of others(catalog, collectionId)) {
    if (strayTables(join(directory.collections, file)).length === 0) continue;
    const lock = openWriter(join(directory.collections, current));
    try {
      // A switch holds this lock while it works: what it has just carried over is not stray.
      lock.run('BEGIN IMMEDIATE');
      const isStray = others(catalog, collectionId).some(
        (other) => other.file === file && other.current === current,
      );
      if (isStray) erase(join(directory.collections, file));
    } finally {
      lock.rollback();
      lock.close();
    }
  }
}

const others = (catalog: Connection, collectionId: string | undefined): Stray[] =>
  catalog.all<Stray>(
    `SELECT o.file, c.file AS current FROM collections c JOIN
       (SELECT collection_id, file FROM moves UNION ALL SELECT collection_id, file FROM former_spaces) o
       ON o.collection_id = c.collection_id
     WHERE ? IS NULL OR c.collection_id = ?`,
    collectionId ?? null,
    collectionId ?? null,
  );

/** What goes with a face and stands in one file only. */
const GOING_ALONG = ['face_crops', 'further_vectors'] as const;

/** Those that have rows. */
function strayTables(path: string): string[] {
  if (!existsSync(path)) return [];
  const connection = openWriter(path);
  try {
    return tablesWithRows(connection);
  } finally {
    connection.close();
  }
}

const tablesWithRows = (connection: Connection): string[] =>
  GOING_ALONG.filter(
    (table) =>
      hasTable(connection, table) && connection.get(`SELECT 1 FROM ${table} LIMIT 1`) !== undefined,
  );

function erase(path: string): void {
  const connection = openWriter(path);
  try {
    for (const table of tablesWithRows(connection)) connection.run(`DELETE FROM ${table}`);
    cutLog(connection);
  } finally {
    connection.close();
  }
}

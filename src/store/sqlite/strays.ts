import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, openWriter } from './connection.js';
import type { DataDirectory } from './directory.js';
import { cutLog } from './erasing.js';
import { type OtherFile, otherFiles } from './moves.js';
import { hasTable } from './rows.js';

/** What refers to a table comes before it. */
const OF_FACES = ['further_vectors', 'face_crops', 'face_vectors', 'faces'] as const;
const OF_USERS = ['user_vectors', 'users'] as const;

/** What a file of a collection holds that is of no use in it, besides what goes with each face. */
const STRAY = {
  /** Where new embeddings gather: whatever a switch made of them that did not come to its end. */
  goal: ['user_vectors', ...OF_FACES, 'users', 'tokens', 'changes', 'left_behind'],
  /** What a collection was before: all but the embeddings of its faces. */
  former: ['further_vectors', 'face_crops', 'left_behind', ...OF_USERS, 'tokens', 'changes'],
} as const satisfies Record<OtherFile['role'], readonly string[]>;

/** Erases what is of no use in a file that is not its collection's own, inside a transaction. */
export function strip(connection: Connection, role: OtherFile['role']): void {
  const tables = withRows(connection, role);
  if (role === 'former' && tables.includes('users'))
    connection.run('UPDATE main.faces SET user_row = NULL WHERE user_row IS NOT NULL');
  for (const table of tables) connection.run(`DELETE FROM main.${table}`);
}

/** Those that are not empty; files of earlier releases lack some. */
const withRows = (connection: Connection, role: OtherFile['role']): string[] =>
  STRAY[role].filter(
    (table) =>
      hasTable(connection, table) &&
      connection.get(`SELECT 1 FROM main.${table} LIMIT 1`) !== undefined,
  );

/** Erases a face in a former file that is stripped. */
export function eraseFormerFace(connection: Connection, faceId: string): void {
  connection.run(
    'DELETE FROM main.face_vectors WHERE id = (SELECT id FROM main.faces WHERE face_id = ?)',
    faceId,
  );
  connection.run('DELETE FROM main.faces WHERE face_id = ?', faceId);
}

/**
 * Erases what is of no use in files that are no collection's own: those a collection moves to or came from. A switch that
 * was killed leaves crops twice, and a face that is deleted would take only one of them along; and what was left behind
 * is still read for a moment, so that users and their centroids go later.
 *
 * @param collectionId undefined: of all collections.
 */
export function eraseStrays(
  directory: DataDirectory,
  catalog: Connection,
  collectionId?: string,
): void {
  for (const { file, current, role } of otherFiles(catalog, collectionId)) {
    const path = join(directory.collections, file);
    if (!hasStrays(path, role)) continue;
    // What a collection was before it will not be again: going back makes another file.
    if (role === 'former') erase(path, role);
    else
      eraseUnlessSwitching(path, join(directory.collections, current), () =>
        otherFiles(catalog, collectionId).some(
          (other) => other.file === file && other.current === current,
        ),
      );
  }
}

/** A switch holds the lock of the collection's file while it works: what it has just carried over is not stray. */
function eraseUnlessSwitching(path: string, current: string, isStill: () => boolean): void {
  const lock = openWriter(current);
  try {
    lock.run('BEGIN IMMEDIATE');
    if (isStill()) erase(path, 'goal');
  } finally {
    lock.rollback();
    lock.close();
  }
}

function hasStrays(path: string, role: OtherFile['role']): boolean {
  if (!existsSync(path)) return false;
  const connection = openWriter(path);
  try {
    return withRows(connection, role).length > 0;
  } finally {
    connection.close();
  }
}

function erase(path: string, role: OtherFile['role']): void {
  const connection = openWriter(path);
  try {
    connection.transaction('BEGIN IMMEDIATE', () => strip(connection, role));
    cutLog(connection);
  } finally {
    connection.close();
  }
}

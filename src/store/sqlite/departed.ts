import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, openWriter } from './connection.js';
import type { DataDirectory } from './directory.js';
import { cutLog } from './erasing.js';
import type { Target } from './group-commit.js';
import { type OtherFile, otherFiles } from './moves.js';
import { eraseFormerFace, strip } from './strays.js';

/** A command is writing there; the disk is full. */
const PASSING = ['SQLITE_BUSY', 'SQLITE_FULL'];

/** Above this many it is found out anew which faces are gone. */
const MOST_KNOWN = 50_000;

interface Gone {
  collectionId: string;
  /** Undefined: it is not known which. */
  faceIds: Set<string> | undefined;
}

/**
 * Faces and users that were deleted, until they are gone from the other files of their collection, too: from where new
 * embeddings gather for a move, and from what it was before. Not done with the deletion itself, as a command may be writing
 * there.
 */
export class Departed {
  readonly #directory: DataDirectory;
  readonly #catalog: Connection;
  /** By the file that they were deleted from. */
  readonly #gone = new Map<string, Gone>();

  constructor(directory: DataDirectory, catalog: Connection) {
    this.#directory = directory;
    this.#catalog = catalog;
  }

  /** @param faceIds of faces; users go in any case. Undefined: they are not known, as this program was killed. */
  note({ collectionId, file }: Target, faceIds: readonly string[] | undefined): void {
    const known = this.#gone.has(file) ? this.#gone.get(file)?.faceIds : new Set<string>();
    for (const faceId of faceIds ?? []) known?.add(faceId);
    const isKnown = faceIds && known && known.size <= MOST_KNOWN;
    this.#gone.set(file, { collectionId, faceIds: isKnown ? known : undefined });
  }

  /** Erases what was deleted from a file; false where it has to be tried again. */
  erase(file: string): boolean {
    const gone = this.#gone.get(file);
    if (!gone) return true;
    try {
      for (const other of otherFiles(this.#catalog, gone.collectionId))
        if (existsSync(this.#path(other.file))) this.#eraseIn(other, gone.faceIds);
      this.#gone.delete(file);
      return true;
    } catch (error) {
      // Anything else, as a damaged file, does not pass by itself: it stays noted for the next deletion.
      return !PASSING.some((code) => (error as { code?: unknown }).code === code);
    }
  }

  #path(file: string): string {
    return join(this.#directory.collections, file);
  }

  #eraseIn({ file, current, role }: OtherFile, faceIds: Gone['faceIds']): void {
    const connection = openWriter(this.#path(file));
    try {
      connection.pragma('busy_timeout = 0');
      connection.run('ATTACH ? AS own', this.#path(current));
      // Locks both files: what comes to either meanwhile is not taken for gone.
      connection.transaction('BEGIN IMMEDIATE', () => {
        if (role === 'former') strip(connection, role);
        for (const faceId of faceIds ?? missingIn(connection, role))
          if (role === 'former') eraseFormerFace(connection, faceId);
          else connection.run('DELETE FROM main.staged WHERE face_id = ?', faceId);
      });
      cutLog(connection);
    } finally {
      connection.close();
    }
  }
}

const TABLES = { goal: 'staged', former: 'faces' } as const;

/** The faces that the collection's own file has no more. */
const missingIn = (connection: Connection, role: OtherFile['role']): string[] =>
  connection
    .all<{ faceId: string }>(
      `SELECT face_id AS faceId FROM main.${TABLES[role]}
       WHERE face_id NOT IN (SELECT face_id FROM own.faces)`,
    )
    .map(({ faceId }) => faceId);

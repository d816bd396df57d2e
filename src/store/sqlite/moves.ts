import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EmbeddingSpace, Move, OtherSpaces } from '../moving.js';
import { collectionMissing } from '../refusals.js';
import type { Connection } from './connection.js';
import { type DataDirectory, withCompanions } from './directory.js';

/** A collection's row of the catalog, as far as a move changes it. */
export interface SpaceRow extends EmbeddingSpace {
  file: string;
}

const SPACE = `file, model_id AS modelId, calibration_version AS calibrationVersion,
  face_model_version AS faceModelVersion, dimension`;

/** The move that is under way for a collection, if any, and the file where it gathers. */
export const moveOf = (
  catalog: Connection,
  collectionId: string,
): (Move & { file: string }) | undefined => {
  const row = catalog.get<SpaceRow & { startedAtMs: number }>(
    `SELECT ${SPACE}, started_at_ms AS startedAtMs FROM moves WHERE collection_id = ?`,
    collectionId,
  );
  if (!row) return undefined;
  const { file, startedAtMs, ...to } = row;
  return { file, startedAtMs, to };
};

/** What a collection was before its moves, the last first. */
export const formerSpaces = (catalog: Connection, collectionId: string): SpaceRow[] =>
  catalog.all<SpaceRow>(
    `SELECT ${SPACE} FROM former_spaces WHERE collection_id = ? ORDER BY left_at_ms DESC`,
    collectionId,
  );

/** ResourceNotFoundException where there is no such collection. */
export const spaceOf = (catalog: Connection, collectionId: string): SpaceRow => {
  const row = catalog.get<SpaceRow>(
    `SELECT ${SPACE} FROM collections WHERE collection_id = ?`,
    collectionId,
  );
  if (!row) throw collectionMissing(collectionId);
  return row;
};

/** A move that is under way, and where it leads from. */
export interface Begun {
  collectionId: string;
  from: SpaceRow;
  move: Move & { file: string };
}

/** Removes a file of a collection with what SQLite keeps beside it. */
export function removeFile(directory: DataDirectory, file: string): void {
  for (const path of withCompanions(join(directory.collections, file)))
    rmSync(path, { force: true });
}

/** A file of a collection that is not its own: where it moves to, or what it was before. */
export interface OtherFile {
  file: string;
  /** The collection's own. */
  current: string;
  role: 'goal' | 'former';
}

/** @param collectionId undefined: of all collections. */
export const otherFiles = (catalog: Connection, collectionId?: string): OtherFile[] =>
  catalog.all<OtherFile>(
    `SELECT o.file, c.file AS current, o.role FROM collections c JOIN
       (SELECT collection_id, file, 'goal' AS role FROM moves
        UNION ALL SELECT collection_id, file, 'former' FROM former_spaces) o
       ON o.collection_id = c.collection_id
     WHERE ? IS NULL OR c.collection_id = ?`,
    collectionId ?? null,
    collectionId ?? null,
  );

/** See Store.otherSpaces. */
export function otherSpaces(catalog: Connection, collectionId: string): OtherSpaces {
  const former = formerSpaces(catalog, collectionId).map(({ file: _file, ...space }) => space);
  return { goal: moveOf(catalog, collectionId)?.to, former };
}

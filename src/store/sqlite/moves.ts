import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { encodeEmbedding } from '../embeddings.js';
import type { EmbeddingSpace, Move } from '../moving.js';
import { collectionMissing } from '../refusals.js';
import { type Connection, openWriter } from './connection.js';
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

/** Removes a file of a collection with what SQLite keeps beside it. */
export function removeFile(directory: DataDirectory, file: string): void {
  for (const path of withCompanions(join(directory.collections, file)))
    rmSync(path, { force: true });
}

/** Removes what a collection was before its moves; how many such files there were. */
export function forgetFormer(directory: DataDirectory, collectionId: string): number {
  const catalog = openWriter(directory.catalog);
  try {
    const former = formerSpaces(catalog, collectionId);
    catalog.run('DELETE FROM former_spaces WHERE collection_id = ?', collectionId);
    for (const { file } of former) removeFile(directory, file);
    return former.length;
  } finally {
    catalog.close();
  }
}

/**
 * Keeps new embeddings of faces in the file of a move: what the service does with the faces it takes in meanwhile.
 * Their dimension was checked.
 */
export function stageIn(
  connection: Connection,
  embeddings: readonly { faceId: string; embedding: Float32Array }[],
): void {
  for (const { faceId, embedding } of embeddings)
    connection.run(
      'INSERT OR REPLACE INTO staged VALUES (?, ?)',
      faceId,
      encodeEmbedding(embedding),
    );
}

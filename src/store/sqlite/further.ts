import { encodeEmbedding } from '../embeddings.js';
import type { NewFace } from '../store.js';
import type { Connection } from './connection.js';
import { otherSpaces } from './moves.js';

/** So many are erased in one transaction: what the service writes waits no longer than for these. */
const ROWS_A_PAGE = 1000;

/** The models whose embeddings are kept beside those of a collection: of its move, and of those before. */
export function otherModels(catalog: Connection, collectionId: string): Set<string> {
  const { goal, former } = otherSpaces(catalog, collectionId);
  return new Set([...(goal ? [goal] : []), ...former].map(({ modelId }) => modelId));
}

/** Keeps what a face has under these models, inside the transaction that stores it. */
export function keepFurther(
  connection: Connection,
  id: number,
  further: NonNullable<NewFace['further']>,
  models: ReadonlySet<string>,
): void {
  for (const { modelId, embedding } of further)
    if (models.has(modelId))
      connection.run(
        'INSERT OR IGNORE INTO further_vectors VALUES (?, ?, ?)',
        id,
        modelId,
        encodeEmbedding(embedding),
      );
}

const strays = (table: string): string =>
  `SELECT rowid FROM ${table} WHERE model_id NOT IN (SELECT value FROM json_each(?)) LIMIT ?`;

/**
 * Erases embeddings, and faces that were left behind, under models that the collection is neither on its way to nor was of,
 * once the catalog says so. Whoever keeps one looks there inside its transaction, too, so none comes after this. Gives how
 * many they were, page by page; what the service writes comes in between.
 */
export function* eraseFurther(
  connection: Connection,
  catalog: Connection,
  collectionId: string,
): Generator<number> {
  const known = (): string => JSON.stringify([...otherModels(catalog, collectionId)]);
  // Looked at first: to erase nothing would wait for the lock all the same.
  for (const table of ['further_vectors', 'left_behind'])
    while (connection.get(strays(table), known(), 1))
      yield connection.transaction('BEGIN IMMEDIATE', () =>
        connection.run(
          `DELETE FROM ${table} WHERE rowid IN (${strays(table)})`,
          known(),
          ROWS_A_PAGE,
        ),
      );
}

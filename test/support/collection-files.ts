import { join } from 'node:path';
import Database from 'better-sqlite3';

/** What a query gives in a database of a data directory, row by row, behind the back of its service. */
export function query(path: string, sql: string, ...values: string[]): unknown[][] {
  const database = new Database(path, { readonly: true });
  try {
    return database
      .prepare(sql)
      .raw()
      .all(...values) as unknown[][];
  } finally {
    database.close();
  }
}

/** The files of a collection that these tables of the catalog name. */
export const filesOf = (
  dataDirectory: string,
  collectionId: string,
  ...tables: readonly ('collections' | 'moves' | 'former_spaces')[]
): string[] =>
  tables.flatMap((table) =>
    query(
      join(dataDirectory, 'catalog.db'),
      `SELECT file FROM ${table} WHERE collection_id = ?`,
      collectionId,
    ).map(([file]) => join(dataDirectory, 'collections', String(file))),
  );

/** How many new embeddings a move has gathered. */
export const stagedOf = (dataDirectory: string, collectionId: string): number =>
  filesOf(dataDirectory, collectionId, 'moves').reduce(
    (sum, file) => sum + Number(query(file, 'SELECT count(*) FROM staged')[0]?.[0]),
    0,
  );

/** The stored bytes of each embedding of a collection, by FaceId. */
export const vectorsOf = (dataDirectory: string, collectionId: string): Map<string, Buffer> =>
  new Map(
    filesOf(dataDirectory, collectionId, 'collections').flatMap(
      (file) =>
        query(file, 'SELECT face_id, vector FROM faces JOIN face_vectors USING (id)') as [
          string,
          Buffer,
        ][],
    ),
  );

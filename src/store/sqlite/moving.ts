import { join } from 'node:path';
import { OperatorError } from '../../errors.js';
import { checkEmbedding, decodeEmbedding, encodeEmbedding } from '../embeddings.js';
import type {
  Carriage,
  CollectionMove,
  EmbeddingSpace,
  Move,
  Moved,
  MoveProgress,
  MovingFace,
  MovingUser,
} from '../moving.js';
import { type Connection, openReader, openWriter } from './connection.js';
import { type DataDirectory, makeCollectionFile, syncDirectory } from './directory.js';
import { forgetFurther } from './forget-former.js';
import { COLLECTION, checkIdentity, migrate } from './migrations.js';
import { type Begun, formerSpaces, moveOf, removeFile, type SpaceRow, spaceOf } from './moves.js';
import { eraseStrays } from './strays.js';
import { switchSpace } from './switch-space.js';

const FACES_A_PAGE = 1000;
const USERS_A_PAGE = 64;

/** Begins a move, or goes on with the one that was begun. See CollectionMove. */
export function openMove(
  directory: DataDirectory,
  collectionId: string,
  { to, nowMs }: { to: EmbeddingSpace; nowMs: number },
): CollectionMove {
  const catalog = openWriter(directory.catalog);
  try {
    eraseStrays(directory, catalog, collectionId);
    const begun = beginOrGoOn(catalog, directory, { collectionId, to, nowMs });
    const gathered = openGathering(directory, begun);
    try {
      return new SqliteMove(directory, begun, { catalog, gathered });
    } catch (error) {
      gathered.close();
      throw error;
    }
  } catch (error) {
    catalog.close();
    throw error;
  }
}

function beginOrGoOn(
  catalog: Connection,
  directory: DataDirectory,
  { collectionId, to, nowMs }: { collectionId: string; to: EmbeddingSpace; nowMs: number },
): Begun {
  const from = spaceOf(catalog, collectionId);
  if (from.modelId === to.modelId)
    throw new OperatorError(`the collection ${collectionId} is of the model ${to.modelId} already`);
  const known = moveOf(catalog, collectionId);
  if (known && known.to.modelId !== to.modelId)
    throw new OperatorError(
      `the collection ${collectionId} is on its way to ${known.to.modelId}: end that move first, or forget it with --cancel`,
    );
  if (known) return { collectionId, from, move: known };
  // The file comes first: a name in the catalog without its file would be a move that cannot be opened.
  const file = makeCollectionFile(directory);
  const path = join(directory.collections, file);
  try {
    const connection = openWriter(path);
    try {
      migrate(connection, COLLECTION);
      connection.exec(
        'CREATE TABLE staged (face_id TEXT NOT NULL PRIMARY KEY, vector BLOB NOT NULL) STRICT, WITHOUT ROWID',
      );
      seed(connection, directory, formerSpaces(catalog, collectionId), to);
    } finally {
      connection.close();
    }
    syncDirectory(directory.collections);
    catalog.run(
      'INSERT INTO moves VALUES (?, ?, ?, ?, ?, ?, ?)',
      collectionId,
      file,
      to.modelId,
      to.calibrationVersion,
      to.faceModelVersion,
      to.dimension,
      nowMs,
    );
  } catch (error) {
    removeFile(directory, file);
    throw error;
  }
  return { collectionId, from, move: { file, to, startedAtMs: nowMs } };
}

const attach = (connection: Connection, path: string, name: string): void => {
  connection.run(`ATTACH ? AS ${name}`, path);
};

/** On the way back most embeddings are there already. */
function seed(
  connection: Connection,
  directory: DataDirectory,
  former: readonly SpaceRow[],
  to: EmbeddingSpace,
): void {
  const known = former.find(({ modelId }) => modelId === to.modelId);
  if (!known) return;
  attach(connection, join(directory.collections, known.file), 'former');
  connection.exec(
    'INSERT INTO staged SELECT f.face_id, v.vector FROM former.faces f JOIN former.face_vectors v ON v.id = f.id',
  );
  connection.exec('DETACH former');
}

/** The file where new embeddings gather, open, with the collection as the service has it attached as `old`. */
function openGathering({ collections }: DataDirectory, { from, move }: Begun): Connection {
  const present = join(collections, from.file);
  checkFile(present);
  const connection = openWriter(join(collections, move.file));
  try {
    // Begun by an older version, it lacks what came since.
    migrate(connection, COLLECTION);
    attach(connection, present, 'old');
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** A file that was emptied is not a collection without faces. */
function checkFile(path: string): void {
  const connection = openReader(path);
  try {
    checkIdentity(connection, COLLECTION);
  } finally {
    connection.close();
  }
}

class SqliteMove implements CollectionMove {
  readonly move: Move;
  readonly #catalog: Connection;
  readonly #directory: DataDirectory;
  readonly #begun: Begun;
  /** See openGathering. */
  readonly #gathered: Connection;

  constructor(
    directory: DataDirectory,
    begun: Begun,
    { catalog, gathered }: { catalog: Connection; gathered: Connection },
  ) {
    this.#catalog = catalog;
    this.#directory = directory;
    this.#begun = begun;
    this.#gathered = gathered;
    this.move = begun.move;
    this.#takeKept();
  }

  /** What the service kept of faces under the new model. */
  #takeKept(): void {
    // In the order of the table that they go to: in any other each would rewrite a page of it.
    this.#gathered.run(
      `INSERT INTO staged SELECT f.face_id, v.vector
       FROM old.further_vectors v JOIN old.faces f ON f.id = v.id LEFT JOIN staged s ON s.face_id = f.face_id
       WHERE v.model_id = ? AND s.face_id IS NULL ORDER BY f.face_id`,
      this.move.to.modelId,
    );
  }

  progress(): MoveProgress {
    const found = this.#gathered.get<MoveProgress>(
      `SELECT count(*) AS faces, count(*) - count(s.face_id) AS missing
       FROM old.faces f LEFT JOIN staged s ON s.face_id = f.face_id`,
    );
    return found ?? { faces: 0, missing: 0 };
  }

  *missing(): Generator<MovingFace[]> {
    let after = 0;
    for (;;) {
      const page = this.#gathered.all<MovingFace & { id: number }>(
        `SELECT f.id, f.face_id AS faceId, f.image_id AS imageId, f.external_image_id AS externalImageId,
           coalesce(u.user_id, '') AS userId
         FROM old.faces f LEFT JOIN staged s ON s.face_id = f.face_id LEFT JOIN old.users u ON u.id = f.user_row
         WHERE f.id > ? AND s.face_id IS NULL ORDER BY f.id LIMIT ?`,
        after,
        FACES_A_PAGE,
      );
      const last = page.at(-1);
      if (!last) return;
      yield page.map(({ id: _id, ...face }) => face);
      after = last.id;
    }
  }

  *carry(over: Carriage): Generator<number> {
    const { dimension } = this.#begun.from;
    let carried = 0;
    let after = '';
    for (;;) {
      // In the order of the table that they go to, as above.
      const page = this.#gathered.all<{ faceId: string; vector: Uint8Array }>(
        `SELECT f.face_id AS faceId, v.vector
         FROM old.faces f JOIN old.face_vectors v ON v.id = f.id LEFT JOIN staged s ON s.face_id = f.face_id
         WHERE f.face_id > ? AND s.face_id IS NULL ORDER BY f.face_id LIMIT ?`,
        after,
        FACES_A_PAGE,
      );
      const last = page.at(-1);
      if (!last) return;
      this.stage(
        page.map(({ faceId, vector }) => ({
          faceId,
          embedding: over(decodeEmbedding(vector, dimension, `face ${faceId}`)),
        })),
      );
      yield (carried += page.length);
      after = last.faceId;
    }
  }

  embedding(faceId: string): Float32Array | undefined {
    const row = this.#gathered.get<{ vector: Uint8Array }>(
      'SELECT v.vector FROM old.faces f JOIN old.face_vectors v ON v.id = f.id WHERE f.face_id = ?',
      faceId,
    );
    return row && decodeEmbedding(row.vector, this.#begun.from.dimension, `face ${faceId}`);
  }

  crop(faceId: string): Uint8Array | undefined {
    return this.#gathered.get<{ sealed: Uint8Array }>(
      'SELECT c.sealed FROM old.faces f JOIN old.face_crops c ON c.id = f.id WHERE f.face_id = ?',
      faceId,
    )?.sealed;
  }

  stage(embeddings: readonly { faceId: string; embedding: Float32Array }[]): void {
    const { dimension } = this.move.to;
    for (const { faceId, embedding } of embeddings)
      checkEmbedding(embedding, dimension, `face ${faceId}`);
    // Not IMMEDIATE: that would take the write lock of the attached collection, too.
    this.#gathered.transaction('BEGIN', () => {
      for (const { faceId, embedding } of embeddings)
        this.#gathered.run(
          `INSERT OR REPLACE INTO staged
           SELECT ?, ? WHERE EXISTS (SELECT 1 FROM old.faces WHERE face_id = ?)`,
          faceId,
          encodeEmbedding(embedding),
          faceId,
        );
    });
  }

  *users(): Generator<MovingUser[]> {
    let after = 0;
    for (;;) {
      const page = this.#gathered.all<{ id: number; userId: string }>(
        `SELECT id, user_id AS userId FROM old.users WHERE id > ? AND face_count > 0
         ORDER BY id LIMIT ?`,
        after,
        USERS_A_PAGE,
      );
      const last = page.at(-1);
      if (!last) return;
      yield page.map(({ id, userId }) => ({ userId, faces: this.#facesOf(id) }));
      after = last.id;
    }
  }

  #facesOf(userRow: number): MovingUser['faces'] {
    const { from, move } = this.#begun;
    const rows = this.#gathered.all<{
      faceId: string;
      before: Uint8Array;
      after: Uint8Array | null;
    }>(
      `SELECT f.face_id AS faceId, v.vector AS before, s.vector AS after
       FROM old.faces f JOIN old.face_vectors v ON v.id = f.id LEFT JOIN staged s ON s.face_id = f.face_id
       WHERE f.user_row = ? ORDER BY f.id`,
      userRow,
    );
    return rows.map(({ faceId, before, after }) => ({
      faceId,
      before: decodeEmbedding(before, from.dimension, `face ${faceId}`),
      after: after
        ? decodeEmbedding(after, move.to.dimension, `the new face ${faceId}`)
        : undefined,
    }));
  }

  switch(
    centroidOf: Parameters<CollectionMove['switch']>[0],
    nowMs: number,
    {
      over,
      withoutMissing = false,
      facesPerUser = Number.MAX_SAFE_INTEGER,
    }: Parameters<CollectionMove['switch']>[2] = {},
  ): Moved {
    const { collectionId, from } = this.#begun;
    const lock = openWriter(join(this.#directory.collections, from.file));
    try {
      // From here on the service's writes to this collection wait; they find it moved.
      lock.run('BEGIN IMMEDIATE');
      this.#takeKept();
      if (over) Array.from(this.carry(over));
      const { faces, missing } = this.progress();
      if (missing > 0 && !(withoutMissing && missing < faces))
        throw new OperatorError(
          `${missing} of ${faces} faces of ${collectionId} have no new embedding: give their photos first${withoutMissing ? '' : ', or leave them behind with --without-missing'}`,
        );
      const { superseded, ...moved } = switchSpace({
        ...this.#begun,
        catalog: this.#catalog,
        gathered: this.#gathered,
        left: lock,
        centroidOf,
        nowMs,
        facesPerUser,
      });
      // The move that led here is over, and the one before may lead to the same model no more.
      this.close();
      for (const file of superseded) removeFile(this.#directory, file);
      return moved;
    } finally {
      lock.rollback();
      lock.close();
    }
  }

  async cancel(): Promise<void> {
    const { collectionId, move } = this.#begun;
    this.#catalog.run('DELETE FROM moves WHERE collection_id = ?', collectionId);
    this.#gathered.close();
    removeFile(this.#directory, move.file);
    await forgetFurther(this.#directory, this.#catalog, collectionId);
    this.close();
  }

  close(): void {
    for (const connection of [this.#gathered, this.#catalog])
      if (connection.isOpen) connection.close();
  }
}

import { join } from 'node:path';
import { collectionMoved } from '../../errors.js';
import { collectionMissing } from '../refusals.js';
import type { Collection, Listing, Page, VectorBatch } from '../store.js';
import { type Connection, openReader } from './connection.js';
import { ConnectionCache } from './connection-cache.js';
import type { DataDirectory } from './directory.js';
import { endsBatch, type Faults } from './faults.js';
import { CATALOG, COLLECTION, checkIdentity, type Schema } from './migrations.js';
import type { OpenCollection } from './read-collection.js';
import { readVectors } from './read-vectors.js';
import { readState } from './rows.js';

/** A row of the catalog. */
interface CatalogRow extends Omit<Collection, 'faceCount' | 'userCount'> {
  id: number;
  file: string;
}

const SELECT_COLLECTION = `
  SELECT id, collection_id AS collectionId, file, model_id AS modelId,
         calibration_version AS calibrationVersion, face_model_version AS faceModelVersion,
         dimension, created_at_ms AS createdAtMs
  FROM collections`;

/** Reads on the event loop: short, synchronous, each seeing all that was committed before it. */
export class Reader {
  readonly #directory: DataDirectory;
  readonly #faults: Faults;
  readonly #catalog: Connection;
  readonly #connections: ConnectionCache;
  /** Iterations of `vectors` under way, each with a connection of its own. */
  readonly #iterations = new Set<OpenCollection>();
  #closed = false;

  constructor(directory: DataDirectory, maxOpenFiles: number, faults: Faults) {
    this.#directory = directory;
    this.#faults = faults;
    this.#catalog = openChecked(directory.catalog, CATALOG);
    this.#connections = new ConnectionCache(maxOpenFiles, (file) =>
      openChecked(this.path(file), COLLECTION),
    );
  }

  path(file: string): string {
    return join(this.#directory.collections, file);
  }

  /**
   * The collection's row of the catalog; ResourceNotFoundException.
   *
   * @param modelId of the model that the caller takes it to be of; ThrottlingException where it has moved to another.
   */
  locate(collectionId: string, modelId?: string): CatalogRow {
    const row = this.fromCatalog((catalog) =>
      catalog.get<CatalogRow>(`${SELECT_COLLECTION} WHERE collection_id = ?`, collectionId),
    );
    if (!row) throw collectionMissing(collectionId);
    if (modelId !== undefined && row.modelId !== modelId) throw collectionMoved(collectionId);
    return row;
  }

  fromCatalog<T>(work: (catalog: Connection) => T): T {
    if (this.#closed) throw storeClosed();
    try {
      return work(this.#catalog);
    } catch (error) {
      throw this.#faults.explain(error, { path: this.#directory.catalog });
    }
  }

  /** Runs a reading of one collection. It must not keep the connection. */
  read<T>(collectionId: string, work: (collection: OpenCollection) => T, modelId?: string): T {
    const { file, dimension } = this.locate(collectionId, modelId);
    try {
      return work({ collectionId, file, dimension, connection: this.#connections.get(file) });
    } catch (error) {
      if (endsBatch(error)) this.#connections.discard(file);
      throw this.#faults.explain(error, { path: this.path(file), collectionId });
    }
  }

  collection(collectionId: string): Collection {
    const row = this.locate(collectionId);
    return toCollection(
      row,
      this.read(collectionId, ({ connection }) => counts(connection)),
    );
  }

  /** A page of the catalog, without the counts, which are in the collections' own files. */
  listRows(page: Page<number>): Listing<CatalogRow, number> {
    const rows = this.fromCatalog((catalog) =>
      catalog.all<CatalogRow>(
        `${SELECT_COLLECTION} WHERE id > ? ORDER BY id LIMIT ?`,
        page.after ?? 0,
        page.limit + 1,
      ),
    );
    const items = rows.slice(0, page.limit);
    const last = items.at(-1);
    return { items, ...(rows.length > page.limit && last && { next: last.id }) };
  }

  /**
   * Adds the counts to a row; undefined when the collection was deleted since. Counts of a collection that cannot be
   * read are 0: its fault is logged, and the listing must go on.
   */
  withCounts(row: CatalogRow): Collection | undefined {
    const isListed = this.fromCatalog((catalog) =>
      catalog.get('SELECT 1 FROM collections WHERE file = ?', row.file),
    );
    return isListed ? toCollection(row, this.look(row, counts) ?? NO_COUNTS) : undefined;
  }

  /**
   * A short look into a collection among many; undefined where its file cannot be read, which is logged. A file that
   * is not open is closed again at once, so that a listing does not displace the files in use.
   */
  look<T>(
    { file, collectionId }: Pick<CatalogRow, 'file' | 'collectionId'>,
    work: (connection: Connection) => T,
  ): T | undefined {
    let opened: Connection | undefined;
    try {
      const open = this.#connections.peek(file);
      opened = open ? undefined : openChecked(this.path(file), COLLECTION);
      const connection = open ?? opened;
      return connection && work(connection);
    } catch (error) {
      this.#faults.explain(error, { path: this.path(file), collectionId });
      return undefined;
    } finally {
      opened?.close();
    }
  }

  /** Store.vectors. */
  async *vectors(
    collectionId: string,
    modelId?: string,
  ): AsyncGenerator<VectorBatch, void, undefined> {
    const { file, dimension } = this.locate(collectionId, modelId);
    const path = this.path(file);
    let iteration: OpenCollection | undefined;
    try {
      const connection = openChecked(path, COLLECTION);
      iteration = { collectionId, file, dimension, connection };
      this.#iterations.add(iteration);
      yield* readVectors(iteration, () => {
        if (this.#closed) throw storeClosed();
        if (!connection.isOpen) throw collectionMissing(collectionId);
      });
    } catch (error) {
      throw this.#faults.explain(error, { path, collectionId });
    } finally {
      if (iteration) this.#iterations.delete(iteration);
      iteration?.connection.close();
    }
  }

  /** Closes everything that reads a file, which is about to be removed. */
  drop(file: string): void {
    this.#connections.discard(file);
    for (const iteration of this.#iterations)
      if (iteration.file === file) iteration.connection.close();
    this.#faults.forget(this.path(file));
  }

  close(): void {
    this.#closed = true;
    for (const { connection } of this.#iterations) connection.close();
    this.#connections.close();
    this.#catalog.close();
  }
}

/** Thrown by whatever comes after close. */
export const storeClosed = (): Error => new Error('the store is closed');

function openChecked(path: string, schema: Schema): Connection {
  const connection = openReader(path);
  try {
    checkIdentity(connection, schema);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

type Counts = Pick<Collection, 'faceCount' | 'userCount'>;

const NO_COUNTS: Counts = { faceCount: 0, userCount: 0 };

function counts(connection: Connection): Counts {
  const { faceCount, userCount } = readState(connection);
  return { faceCount, userCount };
}

const toCollection = (
  { id: _id, file: _file, ...row }: CatalogRow,
  { faceCount, userCount }: Counts,
): Collection => ({ ...row, faceCount, userCount });

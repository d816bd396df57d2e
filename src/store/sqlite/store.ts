import { rm, statfs } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ApiError, OperatorError } from '../../errors.js';
import type { CalibrationStore } from '../calibrations.js';
import { KeyedMutex } from '../keyed-mutex.js';
import type { OtherSpaces } from '../moving.js';
import type {
  Collection,
  Committed,
  Face,
  FaceDeletion,
  Idempotency,
  KeptCrops,
  Listing,
  NewCollection,
  NewFace,
  Page,
  Store,
  User,
  UserFacesChange,
  UserFacesState,
  VectorBatch,
  VectorChanges,
} from '../store.js';
import { Turns } from '../turns.js';
import { calibrationStore } from './calibrations.js';
import { CropTotals } from './crop-totals.js';
import {
  type DataDirectory,
  dataDirectory,
  lockDirectory,
  prepareDirectory,
  withCompanions,
} from './directory.js';
import { Faults, type Log } from './faults.js';
import { otherSpaces } from './moves.js';
import * as reads from './read-collection.js';
import { Reader, storeClosed } from './reader.js';
import { readState } from './rows.js';
import { changeUserFaces, type UserFacesRequest } from './user-faces.js';
import { portable } from './write-faces.js';
import { Writer } from './writer.js';
import type { StartReport } from './writer-core.js';

export interface SqliteStoreOptions {
  /** Made when missing; its parent must exist. One process at a time. */
  directory: string;
  /** Told about what an operator should know: faults, what a crash left behind. */
  log?: Log;
  /** Writes accepted at a time; more are refused with ThrottlingException. */
  maxQueued?: number;
  /** Collections whose files stay open, for reading and again for writing; three descriptors each. */
  maxOpenFiles?: number;
}

/** What only tests change. */
export interface SqliteStoreTuning {
  changesKept?: number;
  maxPages?: number;
}

const MAX_QUEUED = 1024;
const MAX_OPEN_FILES = 64;
const CHANGES_KEPT = 100_000;
const LISTED_A_TURN = 8;
/** Below this the store reports itself unfit: a checkpoint or an image's faces may no longer fit. */
const MIN_FREE_BYTES = 16 * 1024 * 1024;

/**
 * The embedded store: one SQLite file a collection and a catalog. Reads run on the event loop, writes
 * in one thread that commits everything waiting for a collection at once. Rejects with an
 * OperatorError when the directory cannot be used, is in use, or was written by a newer version.
 */
export async function createSqliteStore(
  options: SqliteStoreOptions,
  tuning: SqliteStoreTuning = {},
): Promise<Store> {
  const { log = () => undefined, maxOpenFiles = MAX_OPEN_FILES } = options;
  const directory = dataDirectory(options.directory);
  prepareDirectory(directory);
  const lock = lockDirectory(directory);
  const faults = new Faults(log, directory.root);
  const writer = new Writer(faults, log);
  try {
    const { changesKept = CHANGES_KEPT, maxPages } = tuning;
    logStart(await writer.open({ directory, maxOpenFiles, changesKept, maxPages }), log);
    const reader = new Reader(directory, maxOpenFiles, faults);
    const maxQueued = options.maxQueued ?? MAX_QUEUED;
    return new SqliteStore({ directory, lock, writer, reader, log, maxQueued });
  } catch (cause) {
    await writer.terminate();
    lock.close();
    if (cause instanceof OperatorError) throw cause;
    const reason = faults.explain(cause, { path: directory.catalog });
    throw new OperatorError(
      `the store in ${directory.root} cannot be opened: ${reason instanceof Error ? reason.message : String(reason)}`,
      { cause },
    );
  }
}

function logStart({ orphansRemoved, filesMissing, notMigrated }: StartReport, log: Log): void {
  for (const file of orphansRemoved)
    log('removed a collection file that an interrupted operation left behind', { file });
  for (const missing of filesMissing)
    log(
      'the file of a collection is missing: restore it from a backup or delete the collection',
      missing,
    );
  for (const failed of notMigrated)
    log('a collection could not be brought to the present schema: restore it or delete it', failed);
}

interface Parts {
  directory: DataDirectory;
  lock: { close: () => void };
  writer: Writer;
  reader: Reader;
  log: Log;
  maxQueued: number;
}

class SqliteStore implements Store {
  readonly calibrations: CalibrationStore;
  readonly #parts: Parts;
  readonly #users = new KeyedMutex();
  readonly #turns = new Turns();
  readonly #crops: CropTotals;
  /** Writes accepted and not yet answered. */
  readonly #accepted = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { reader, writer } = parts;
    this.#crops = new CropTotals(reader);
    this.calibrations = calibrationStore({
      read: (work) => reader.fromCatalog(work),
      add: (each) => this.#write(() => writer.call('addCalibration', each, this.#catalog)),
      switch: (change) =>
        this.#write(() => writer.call('switchCalibration', change, this.#catalog)),
    });
  }

  createCollection(collection: NewCollection): Promise<Collection> {
    return this.#write(async () => {
      await this.#parts.writer.call('createCollection', collection, this.#catalog);
      const { maxCollections: _max, tags: _tags, ...created } = collection;
      return { ...created, faceCount: 0, userCount: 0 };
    });
  }

  deleteCollection(collectionId: string): Promise<void> {
    return this.#write(async () => {
      const { writer, reader, log } = this.#parts;
      const file = await writer.call('deleteCollection', collectionId, this.#catalog);
      reader.drop(file);
      const path = reader.path(file);
      try {
        for (const each of withCompanions(path)) await rm(each, { force: true });
      } catch (error) {
        // The collection is gone all the same; the next start removes the file.
        log('the file of a deleted collection could not be removed', {
          path,
          error: String(error),
        });
      }
    });
  }

  collection(collectionId: string): Promise<Collection> {
    return this.#turns.run(() => this.#parts.reader.collection(collectionId));
  }

  async listCollections(page: Page<number>): Promise<Listing<Collection, number>> {
    const { items: rows, ...rest } = this.#parts.reader.listRows(checked(page));
    const items: Collection[] = [];
    for (const [index, row] of rows.entries()) {
      if (index % LISTED_A_TURN === LISTED_A_TURN - 1) await nextTurn();
      const collection = this.#parts.reader.withCounts(row);
      if (collection) items.push(collection);
    }
    return { items, ...rest };
  }

  async tags(collectionId: string): Promise<Record<string, string>> {
    this.#parts.reader.locate(collectionId);
    const rows = this.#parts.reader.fromCatalog((catalog) =>
      catalog.all<{ key: string; value: string }>(
        `SELECT tag_key AS key, tag_value AS value FROM tags WHERE collection_id = ?`,
        collectionId,
      ),
    );
    return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
  }

  putTags(collectionId: string, tags: Record<string, string>, maxTags: number): Promise<void> {
    return this.#write(() =>
      this.#parts.writer.call('putTags', { collectionId, tags, maxTags }, this.#catalog),
    );
  }

  deleteTags(collectionId: string, keys: readonly string[]): Promise<void> {
    return this.#write(() =>
      this.#parts.writer.call('deleteTags', { collectionId, keys }, this.#catalog),
    );
  }

  insertFaces(
    collectionId: string,
    faces: readonly NewFace[],
    maxFaces: number,
    modelId?: string,
  ): Promise<Committed<Face[]>> {
    return this.#write(() => {
      const { file, path, dimension } = this.#target(collectionId, modelId);
      const target = { collectionId, file };
      const others = this.#parts.reader.fromCatalog((catalog) =>
        otherSpaces(catalog, collectionId),
      );
      const inserted = faces.map((face) => portable(face, dimension, others));
      const request = { target, faces: inserted, maxFaces };
      return this.#changingCrops(file, () =>
        this.#parts.writer.call('insertFaces', request, { path, collectionId }),
      );
    });
  }

  crops(): Promise<KeptCrops> {
    return this.#crops.all();
  }

  newestCrop(collectionId: string): Promise<{ faceId: string; crop: Uint8Array } | undefined> {
    return this.#read(collectionId, reads.readNewestCrop);
  }

  async otherSpaces(collectionId: string): Promise<OtherSpaces> {
    return this.#parts.reader.fromCatalog((catalog) => otherSpaces(catalog, collectionId));
  }

  deleteFaces(collectionId: string, faceIds: readonly string[]): Promise<Committed<FaceDeletion>> {
    return this.#write(() => {
      const { file, path } = this.#target(collectionId);
      const request = { target: { collectionId, file }, faceIds };
      return this.#changingCrops(file, () =>
        this.#parts.writer.call('deleteFaces', request, { path, collectionId }),
      );
    });
  }

  face(collectionId: string, faceId: string): Promise<Face | undefined> {
    return this.#read(collectionId, (open) => reads.readFaces(open, [faceId])[0]);
  }

  faces(collectionId: string, faceIds: readonly string[]): Promise<Face[]> {
    return this.#read(collectionId, (open) => reads.readFaces(open, faceIds));
  }

  faceEmbedding(collectionId: string, faceId: string): Promise<Float32Array | undefined> {
    return this.#read(collectionId, (open) => reads.readFaceEmbedding(open, faceId));
  }

  listFaces(
    collectionId: string,
    page: Page<number> & { userId?: string; faceIds?: readonly string[] },
  ): Promise<Listing<Face, number>> {
    return this.#read(collectionId, (open) => reads.listFaces(open, checked(page)));
  }

  createUser(
    collectionId: string,
    userId: string,
    options: { maxUsers: number; idempotency?: Idempotency },
  ): Promise<void> {
    return this.#write(() => {
      const { file, path } = this.#target(collectionId);
      const request = { target: { collectionId, file }, userId, ...options };
      return this.#parts.writer.call('createUser', request, { path, collectionId });
    });
  }

  deleteUser(
    collectionId: string,
    userId: string,
    options: { idempotency?: Idempotency },
  ): Promise<Committed<void>> {
    return this.#write(() => {
      const { file, path } = this.#target(collectionId);
      const request = { target: { collectionId, file }, userId, ...options };
      return this.#parts.writer.call('deleteUser', request, { path, collectionId });
    });
  }

  user(collectionId: string, userId: string): Promise<User | undefined> {
    return this.#read(collectionId, (open) => reads.readUser(open, userId));
  }

  users(collectionId: string, userIds: readonly string[]): Promise<User[]> {
    return this.#read(collectionId, (open) => reads.readUsers(open, userIds));
  }

  userCentroid(collectionId: string, userId: string): Promise<Float32Array | undefined> {
    return this.#read(collectionId, (open) => reads.readUserCentroid(open, userId));
  }

  listUsers(collectionId: string, page: Page<number>): Promise<Listing<User, number>> {
    return this.#read(collectionId, (open) => reads.listUsers(open, checked(page)));
  }

  changeUserFaces<R>(
    collectionId: string,
    request: UserFacesRequest,
    decide: (state: UserFacesState) => UserFacesChange<R>,
  ): Promise<Committed<R>> {
    const ports: Parameters<typeof changeUserFaces>[0] = {
      read: (work) => this.#read(collectionId, work, request.modelId),
      write: (file, change) =>
        this.#parts.writer.call(
          'changeUserFaces',
          { target: { collectionId, file }, ...change },
          { path: this.#parts.reader.path(file), collectionId },
        ),
    };
    return this.#write(() =>
      // A space can be in neither id.
      this.#users.run(`${collectionId} ${request.userId}`, () =>
        changeUserFaces(ports, request, decide),
      ),
    );
  }

  changeSequence(collectionId: string): Promise<number> {
    return this.#read(collectionId, ({ connection }) => readState(connection).sequence);
  }

  changes(
    collectionId: string,
    after: number,
    limit: number,
    modelId?: string,
  ): Promise<VectorChanges | 'truncated'> {
    return this.#read(collectionId, (open) => reads.readChanges(open, after, limit), modelId);
  }

  vectors(collectionId: string, modelId?: string): AsyncIterable<VectorBatch> {
    return this.#parts.reader.vectors(collectionId, modelId);
  }

  async secret(name: string): Promise<Buffer> {
    const stored = this.#parts.reader.fromCatalog((catalog) =>
      catalog.get<{ value: Buffer }>('SELECT value FROM secrets WHERE name = ?', name),
    );
    if (stored) return stored.value;
    return Buffer.from(
      await this.#write(() => this.#parts.writer.call('makeSecret', name, this.#catalog)),
    );
  }

  async check(): Promise<void> {
    const { directory, writer } = this.#parts;
    if (this.#closing) throw storeClosed();
    try {
      await writer.call('probe', undefined, this.#catalog);
    } catch (cause) {
      throw new OperatorError(
        `the store cannot write: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
    const { bavail, bsize, blocks } = await statfs(directory.root);
    // Some file systems report no size at all.
    if (blocks > 0 && bavail * bsize < MIN_FREE_BYTES)
      throw new OperatorError(
        `less than ${MIN_FREE_BYTES / 1024 / 1024} MiB are free on the disk that holds ${directory.root}: free some space there`,
      );
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { reader, writer, lock } = this.#parts;
    await Promise.allSettled(this.#accepted);
    // Readers first: the last to close a file moves its log into it, which only the writer can.
    reader.close();
    try {
      await writer.close();
    } finally {
      lock.close();
    }
  }

  /** Whatever becomes of it, what was known of the file's crops is known no more. */
  async #changingCrops<T>(file: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } finally {
      this.#crops.changed(file);
    }
  }

  get #catalog(): { path: string } {
    return { path: this.#parts.directory.catalog };
  }

  #target(
    collectionId: string,
    modelId?: string,
  ): { file: string; path: string; dimension: number } {
    const { file, dimension } = this.#parts.reader.locate(collectionId, modelId);
    return { file, path: this.#parts.reader.path(file), dimension };
  }

  #read<T>(
    collectionId: string,
    work: (open: reads.OpenCollection) => T,
    modelId?: string,
  ): Promise<T> {
    return this.#turns.run(() => this.#parts.reader.read(collectionId, work, modelId));
  }

  /** Accepts a write, unless too many wait already. */
  async #write<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing) throw storeClosed();
    if (this.#accepted.size >= this.#parts.maxQueued) throw new ApiError('ThrottlingException');
    const accepted = work();
    this.#accepted.add(accepted);
    try {
      return await accepted;
    } finally {
      this.#accepted.delete(accepted);
    }
  }
}

/** A page whose limit is one; anything else is a caller's mistake. */
function checked<P extends Page<unknown>>(page: P): P {
  if (!Number.isSafeInteger(page.limit) || page.limit < 1)
    throw new RangeError(`a page needs a limit of at least 1, got ${page.limit}`);
  return page;
}

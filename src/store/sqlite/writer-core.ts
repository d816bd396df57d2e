import { join } from 'node:path';
import type { Calibration } from '../../domain/calibration.js';
import { OperatorError } from '../../errors.js';
import type { CalibrationSwitch } from '../calibrations.js';
import type { Committed, Face, FaceDeletion, NewCollection } from '../store.js';
import { addCalibration, switchCalibration } from './calibrations.js';
import { type Connection, openWriter } from './connection.js';
import { ConnectionCache } from './connection-cache.js';
import { Departed } from './departed.js';
import { collectionFiles, type DataDirectory, hasLog, removeCollectionFile } from './directory.js';
import { Erasing } from './erasing.js';
import { eraseFurther, otherModels } from './further.js';
import { GroupCommit, type Target } from './group-commit.js';
import {
  CATALOG,
  COLLECTION,
  checkIdentity,
  latestVersion,
  migrate,
  newerVersion,
} from './migrations.js';
import { otherFiles } from './moves.js';
import { hasTable } from './rows.js';
import { eraseStrays } from './strays.js';
import type { Catalog, DeleteTags, PutTags } from './write-catalog.js';
import * as catalogWrites from './write-catalog.js';
import { type DeleteFaces, deleteFaces, type InsertFaces, insertFaces } from './write-faces.js';
import {
  type ChangeOutcome,
  type ChangeUserFaces,
  type CreateUser,
  changeUserFaces,
  createUser,
  type DeleteUser,
  deleteUser,
} from './write-users.js';

export interface WriterOptions {
  directory: DataDirectory;
  /** Collections whose files stay open for writing. */
  maxOpenFiles: number;
  /** Changes kept in each collection's log. */
  changesKept: number;
  /** For tests: how many pages a collection file may grow to. */
  maxPages: number | undefined;
}

/** What was found in the data directory, for the log. */
export interface StartReport {
  orphansRemoved: string[];
  /** Collections whose file is gone. */
  filesMissing: { collectionId: string; file: string }[];
  /** Collections that could not be brought to the present schema. */
  notMigrated: { collectionId: string; file: string; reason: string }[];
}

/** A write to one collection. */
export type Addressed<A> = A & { target: Target };

/** Owns every connection that can write. Lives in a worker thread, because each commit waits for the disk. */
export class WriterCore {
  readonly #catalog: Catalog;
  readonly #connections: ConnectionCache;
  readonly #batches: GroupCommit;
  readonly #departed: Departed;
  readonly #erasing: Erasing;
  readonly #options: WriterOptions;
  /** Files of collections without further embeddings of no use. */
  readonly #lookedThrough = new Set<string>();

  /** Opens the catalog, bringing it and where necessary all collections to the present schema. */
  constructor(options: WriterOptions) {
    const { directory, maxOpenFiles, maxPages } = options;
    this.#options = options;
    this.#connections = new ConnectionCache(maxOpenFiles, (file) => this.#open(file));
    this.#catalog = { connection: openCatalog(directory), directory, maxPages };
    this.#departed = new Departed(directory, this.#catalog.connection);
    this.#erasing = new Erasing(
      (file) => this.#connections.get(file),
      (file) => this.#departed.erase(file),
    );
    this.#batches = new GroupCommit({
      state: (target) => this.#stateOf(target),
      open: (file) => this.#connections.get(file),
      discard: (file) => this.#connections.discard(file),
      finish: (connection) => this.#trimChanges(connection),
    });
  }

  /** Removes what a crash left behind, once at start, and migrates older collections. */
  tidy(): StartReport {
    const { directory } = this.#options;
    const files = collectionFiles(directory);
    const collections = this.#catalog.connection.all<Target>(
      'SELECT collection_id AS collectionId, file FROM collections',
    );
    // The files of moves, and those that lead back from one, are not the collections' own.
    const others = this.#catalog.connection.all<{ file: string }>(
      'SELECT file FROM moves UNION SELECT file FROM former_spaces',
    );
    const known = new Set([...collections, ...others].map(({ file }) => file));
    const orphansRemoved = [...files].filter((file) => !known.has(file));
    for (const file of orphansRemoved) removeCollectionFile(directory, file);
    eraseStrays(directory, this.#catalog.connection);
    this.#eraseLeft(collections);
    return {
      orphansRemoved,
      filesMissing: collections.filter(({ file }) => !files.has(file)),
      notMigrated: this.#migrateAll(collections.filter(({ file }) => files.has(file))),
    };
  }

  /** What a crash left in a log may be the last copy of what was deleted; earlier releases left it in other files. */
  #eraseLeft(collections: readonly Target[]): void {
    const { directory } = this.#options;
    const { connection } = this.#catalog;
    const isUpgrade = collectionSchema(connection) < latestVersion(COLLECTION);
    const moved = new Set(otherFiles(connection).map(({ current }) => current));
    for (const target of collections) {
      if (!hasLog(directory, target.file) && !(isUpgrade && moved.has(target.file))) continue;
      this.#departed.note(target, undefined);
      this.#erasing.after(target.file);
    }
  }

  createCollection(collection: NewCollection): void {
    const { file, opened } = catalogWrites.createCollection(this.#catalog, collection);
    this.#connections.add(file, opened);
  }

  /** The name of the file, to be removed once nothing reads it any more. */
  deleteCollection(collectionId: string): string {
    const [file, ...others] = catalogWrites.deleteCollection(this.#catalog, collectionId);
    for (const each of [file, ...others]) this.#connections.discard(each);
    // Nothing but this thread has these open.
    for (const each of others) removeCollectionFile(this.#options.directory, each);
    return file;
  }

  putTags(request: PutTags): void {
    catalogWrites.putTags(this.#catalog, request);
  }

  deleteTags(request: DeleteTags): void {
    catalogWrites.deleteTags(this.#catalog, request);
  }

  makeSecret(name: string): Uint8Array {
    return catalogWrites.makeSecret(this.#catalog, name);
  }

  addCalibration(calibration: Calibration): void {
    addCalibration(this.#catalog.connection, calibration);
  }

  switchCalibration(change: CalibrationSwitch): void {
    switchCalibration(this.#catalog.connection, change);
  }

  probe(): void {
    catalogWrites.probe(this.#catalog);
  }

  insertFaces({ target, ...request }: Addressed<InsertFaces>): Promise<Committed<Face[]>> {
    const models = (): ReadonlySet<string> =>
      otherModels(this.#catalog.connection, target.collectionId);
    return this.#batches.run(target, (connection) => insertFaces(connection, request, models));
  }

  async deleteFaces({
    target,
    ...request
  }: Addressed<DeleteFaces>): Promise<Committed<FaceDeletion>> {
    const done = await this.#batches.run(target, (connection) => deleteFaces(connection, request));
    if (done.value.deleted.length > 0) {
      this.#departed.note(target, done.value.deleted);
      this.#erasing.after(target.file);
    }
    return done;
  }

  createUser({ target, ...request }: Addressed<CreateUser>): Promise<void> {
    return this.#batches.run(target, (connection) => createUser(connection, request));
  }

  async deleteUser({ target, ...request }: Addressed<DeleteUser>): Promise<Committed<undefined>> {
    const done = await this.#batches.run(target, (connection) => deleteUser(connection, request));
    this.#departed.note(target, []);
    this.#erasing.after(target.file);
    return done;
  }

  changeUserFaces({ target, ...request }: Addressed<ChangeUserFaces>): Promise<ChangeOutcome> {
    return this.#batches.run(target, (connection) => changeUserFaces(connection, request));
  }

  /** Commits what waits and closes every file. */
  close(): void {
    this.#batches.flush();
    this.#erasing.close();
    this.#connections.close();
    this.#catalog.connection.close();
  }

  #open(file: string): Connection {
    const { directory, maxPages } = this.#options;
    const connection = openWriter(join(directory.collections, file), maxPages);
    try {
      checkIdentity(connection, COLLECTION);
      this.#endMove(file, connection);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** A command that was killed right after a switch, or while it forgot a space, leaves embeddings of no use. */
  #endMove(file: string, connection: Connection): void {
    const catalog = this.#catalog.connection;
    const current = catalog.get<{ collectionId: string }>(
      'SELECT collection_id AS collectionId FROM collections WHERE file = ?',
      file,
    );
    if (!current) return;
    connection.exec('DROP TABLE IF EXISTS staged');
    // Once: to look for them goes through all that are kept.
    if (this.#lookedThrough.has(file) || !hasTable(connection, 'left_behind')) return;
    Array.from(eraseFurther(connection, catalog, current.collectionId));
    this.#lookedThrough.add(file);
  }

  #stateOf({ collectionId, file }: Target): 'current' | 'moved' | 'gone' {
    const row = this.#catalog.connection.get<{ file: string }>(
      'SELECT file FROM collections WHERE collection_id = ?',
      collectionId,
    );
    if (!row) return 'gone';
    return row.file === file ? 'current' : 'moved';
  }

  /** As many changes as there are vectors are kept in any case: reading these would take a follower as long. */
  #trimChanges(connection: Connection): void {
    connection.run(
      `DELETE FROM changes WHERE sequence <=
         (SELECT sequence - max(?, face_count + user_count) FROM state)`,
      this.#options.changesKept,
    );
  }

  /** Once for each new schema version: readers may then rely on every file having it. */
  #migrateAll(collections: readonly Target[]): StartReport['notMigrated'] {
    const { connection } = this.#catalog;
    if (collectionSchema(connection) === latestVersion(COLLECTION)) return [];
    const failed: StartReport['notMigrated'] = [];
    for (const { collectionId, file } of collections) {
      try {
        migrate(this.#connections.get(file), COLLECTION);
      } catch (error) {
        failed.push({ collectionId, file, reason: String(error) });
      }
    }
    connection.run('UPDATE installation SET collection_schema = ?', latestVersion(COLLECTION));
    return failed;
  }
}

const collectionSchema = (catalog: Connection): number =>
  catalog.get<{ version: number }>('SELECT collection_schema AS version FROM installation')
    ?.version ?? 0;

function openCatalog(directory: DataDirectory): Connection {
  const connection = openWriter(directory.catalog);
  try {
    // An empty catalog beside collections would declare every one of them litter.
    if (Number(connection.pragma('user_version')) === 0 && collectionFiles(directory).size > 0)
      throw new OperatorError(
        `${directory.catalog} is empty or missing although there are collections beside it: restore it from a backup, or move ${directory.collections} away to begin anew`,
      );
    migrate(connection, CATALOG);
    const schema = collectionSchema(connection);
    if (schema > latestVersion(COLLECTION))
      throw newerVersion(directory.root, schema, latestVersion(COLLECTION));
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

import { OperatorError } from '../../errors.js';
import type { Connection } from './connection.js';

/** A kind of database file and how it came to its present form. */
export interface Schema {
  /** How messages name it. */
  name: string;
  /** SQLite's application_id: tells our files from others and the two kinds from each other. */
  applicationId: number;
  /** Number n stands at index n − 1. Only ever appended to; a published one never changes. */
  migrations: readonly string[];
}

/** catalog.db: which collections there are, in which files, with what tags, and the calibration versions. */
export const CATALOG: Schema = {
  name: 'catalog',
  applicationId: 0x4c_4b_43_41,
  migrations: [
    `CREATE TABLE collections (
       -- Never used twice: pages of the list rely on it.
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       collection_id TEXT NOT NULL UNIQUE,
       file TEXT NOT NULL UNIQUE,
       model_id TEXT NOT NULL,
       calibration_version TEXT NOT NULL,
       face_model_version TEXT NOT NULL,
       dimension INTEGER NOT NULL CHECK (dimension > 0),
       created_at_ms INTEGER NOT NULL
     ) STRICT;
     CREATE TABLE tags (
       collection_id TEXT NOT NULL REFERENCES collections (collection_id) ON DELETE CASCADE,
       tag_key TEXT NOT NULL,
       tag_value TEXT NOT NULL,
       PRIMARY KEY (collection_id, tag_key)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE secrets (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT;
     -- collection_schema: every collection file has at least this version.
     CREATE TABLE installation (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       collection_schema INTEGER NOT NULL,
       probes INTEGER NOT NULL
     ) STRICT;
     INSERT INTO installation VALUES (1, 0, 0);`,
    `CREATE TABLE calibrations (
       id INTEGER PRIMARY KEY,
       model_id TEXT NOT NULL,
       version TEXT NOT NULL,
       exponent REAL NOT NULL,
       -- JSON: pairs of cosine and log10 FMR.
       points TEXT NOT NULL,
       evidence TEXT NOT NULL,
       created_at_ms INTEGER NOT NULL,
       UNIQUE (model_id, version)
     ) STRICT;
     CREATE TRIGGER calibrations_never_change BEFORE UPDATE ON calibrations
       BEGIN SELECT raise(ABORT, 'a calibration version is never changed'); END;
     CREATE TRIGGER calibrations_stay BEFORE DELETE ON calibrations
       BEGIN SELECT raise(ABORT, 'a calibration version is never removed'); END;
     CREATE TABLE calibration_defaults (
       model_id TEXT NOT NULL PRIMARY KEY,
       version TEXT NOT NULL,
       FOREIGN KEY (model_id, version) REFERENCES calibrations (model_id, version)
     ) STRICT, WITHOUT ROWID;
     -- No collection_id: the default of the model. No version: the one shipped with the model.
     CREATE TABLE calibration_switches (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       model_id TEXT NOT NULL,
       collection_id TEXT,
       from_version TEXT,
       to_version TEXT,
       switched_at_ms INTEGER NOT NULL
     ) STRICT;`,
    `-- Collections on their way to another model, and the file where their new embeddings gather.
     CREATE TABLE moves (
       collection_id TEXT NOT NULL PRIMARY KEY REFERENCES collections (collection_id) ON DELETE CASCADE,
       file TEXT NOT NULL UNIQUE,
       model_id TEXT NOT NULL,
       calibration_version TEXT NOT NULL,
       face_model_version TEXT NOT NULL,
       dimension INTEGER NOT NULL CHECK (dimension > 0),
       started_at_ms INTEGER NOT NULL
     ) STRICT;
     -- What collections were before they moved: the way back.
     CREATE TABLE former_spaces (
       collection_id TEXT NOT NULL REFERENCES collections (collection_id) ON DELETE CASCADE,
       file TEXT NOT NULL UNIQUE,
       model_id TEXT NOT NULL,
       calibration_version TEXT NOT NULL,
       face_model_version TEXT NOT NULL,
       dimension INTEGER NOT NULL,
       left_at_ms INTEGER NOT NULL,
       PRIMARY KEY (collection_id, model_id)
     ) STRICT;`,
    `-- JSON: a gain for each point; none: users are read like photos.
     ALTER TABLE calibrations ADD COLUMN gains TEXT;`,
  ],
};

/**
 * One collection. Vectors stand in tables of their own, so that a change of a face row never rewrites
 * two kilobytes. `users.version` is the change number of the user's last change, so it never comes again.
 * Row ids come from `state.next_id` and are never used twice: pages and optimistic writes rely on it.
 * An external_image_id of '' means none.
 */
export const COLLECTION: Schema = {
  name: 'collection',
  applicationId: 0x4c_4b_43_4f,
  migrations: [
    `CREATE TABLE state (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       sequence INTEGER NOT NULL,
       face_count INTEGER NOT NULL CHECK (face_count >= 0),
       user_count INTEGER NOT NULL CHECK (user_count >= 0),
       next_id INTEGER NOT NULL
     ) STRICT;
     INSERT INTO state VALUES (1, 0, 0, 0, 1);
     CREATE TABLE users (
       id INTEGER PRIMARY KEY,
       user_id TEXT NOT NULL UNIQUE,
       face_count INTEGER NOT NULL CHECK (face_count >= 0),
       version INTEGER NOT NULL
     ) STRICT;
     CREATE TABLE user_vectors (
       id INTEGER PRIMARY KEY REFERENCES users,
       vector BLOB NOT NULL
     ) STRICT;
     CREATE TABLE faces (
       id INTEGER PRIMARY KEY,
       face_id TEXT NOT NULL UNIQUE,
       image_id TEXT NOT NULL,
       external_image_id TEXT NOT NULL,
       box_width REAL NOT NULL,
       box_height REAL NOT NULL,
       box_left REAL NOT NULL,
       box_top REAL NOT NULL,
       confidence REAL NOT NULL,
       created_at_ms INTEGER NOT NULL,
       user_row INTEGER REFERENCES users
     ) STRICT;
     CREATE INDEX faces_by_image ON faces (image_id, external_image_id);
     CREATE INDEX faces_by_user ON faces (user_row) WHERE user_row IS NOT NULL;
     CREATE TABLE face_vectors (
       id INTEGER PRIMARY KEY REFERENCES faces,
       vector BLOB NOT NULL
     ) STRICT;
     CREATE TABLE changes (
       sequence INTEGER PRIMARY KEY,
       kind TEXT NOT NULL CHECK (kind IN ('face', 'user')),
       vector_key TEXT NOT NULL
     ) STRICT;
     CREATE TABLE tokens (
       operation TEXT NOT NULL,
       token TEXT NOT NULL,
       digest TEXT NOT NULL,
       response TEXT NOT NULL,
       expires_at_ms INTEGER NOT NULL,
       UNIQUE (operation, token)
     ) STRICT;
     CREATE INDEX tokens_by_expiry ON tokens (expires_at_ms);`,
    `-- Encrypted crops of faces, where the operator keeps them.
     CREATE TABLE face_crops (
       id INTEGER PRIMARY KEY REFERENCES faces,
       sealed BLOB NOT NULL
     ) STRICT;`,
    `-- How many crops there are and how large, so that nobody has to go through them.
     CREATE TABLE crop_totals (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       crops INTEGER NOT NULL CHECK (crops >= 0),
       bytes INTEGER NOT NULL CHECK (bytes >= 0)
     ) STRICT;
     INSERT INTO crop_totals SELECT 1, count(*), coalesce(sum(length(sealed)), 0) FROM face_crops;
     CREATE TRIGGER crop_kept AFTER INSERT ON face_crops
       BEGIN UPDATE crop_totals SET crops = crops + 1, bytes = bytes + length(new.sealed); END;
     CREATE TRIGGER crop_erased AFTER DELETE ON face_crops
       BEGIN UPDATE crop_totals SET crops = crops - 1, bytes = bytes - length(old.sealed); END;`,
    `-- Embeddings of faces under models other than the collection's: that of its move, and those it was of before.
     CREATE TABLE further_vectors (
       id INTEGER NOT NULL REFERENCES faces,
       model_id TEXT NOT NULL,
       vector BLOB NOT NULL,
       PRIMARY KEY (id, model_id)
     ) STRICT;`,
    `-- Faces that a move left behind, as they were under the model before: for the way back to it.
     CREATE TABLE left_behind (
       face_id TEXT NOT NULL PRIMARY KEY,
       model_id TEXT NOT NULL,
       image_id TEXT NOT NULL,
       external_image_id TEXT NOT NULL,
       box_width REAL NOT NULL,
       box_height REAL NOT NULL,
       box_left REAL NOT NULL,
       box_top REAL NOT NULL,
       confidence REAL NOT NULL,
       created_at_ms INTEGER NOT NULL,
       -- '' for none.
       user_id TEXT NOT NULL,
       vector BLOB NOT NULL,
       sealed BLOB
     ) STRICT;`,
  ],
};

/** The version of a file that has every migration. */
export const latestVersion = (schema: Schema): number => schema.migrations.length;

/** The refusal to touch data of a later program. */
export const newerVersion = (what: string, found: number, known: number): OperatorError =>
  new OperatorError(
    `${what} was written by a newer version (schema ${found}, this program knows ${known}): upgrade Likeness`,
  );

/** Brings a writable file to the latest version, each migration in its own transaction. */
export function migrate(connection: Connection, schema: Schema): void {
  let version = versionOf(connection);
  if (version === 0) connection.pragma(`application_id = ${schema.applicationId}`);
  else checkIdentity(connection, schema);
  for (; version < latestVersion(schema); version++) {
    connection.transaction('BEGIN IMMEDIATE', () => {
      connection.exec(schema.migrations[version] ?? '');
      connection.pragma(`user_version = ${version + 1}`);
    });
  }
}

/**
 * Checks that an opened file is one of this kind and of a version this program knows. A file of
 * version 0 is empty: never finished, or emptied by someone. Its data must not be taken as "none".
 */
export function checkIdentity(connection: Connection, schema: Schema): void {
  const version = versionOf(connection);
  if (version > latestVersion(schema))
    throw newerVersion(connection.path, version, latestVersion(schema));
  if (version === 0 || connection.pragma('application_id') !== schema.applicationId)
    throw Object.assign(new Error(`${connection.path} is not a ${schema.name} of Likeness`), {
      code: 'SQLITE_NOTADB',
    });
}

const versionOf = (connection: Connection): number => Number(connection.pragma('user_version'));

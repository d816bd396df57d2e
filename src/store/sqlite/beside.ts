import { existsSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../../errors.js';
import { decodeEmbedding } from '../embeddings.js';
import type { CollectionMove, EmbeddingSpace, Move } from '../moving.js';
import type { Collection, Listing, Page, Store } from '../store.js';
import { addCalibration, calibrationStore, switchCalibration } from './calibrations.js';
import { openWriter } from './connection.js';
import { type DataDirectory, dataDirectory } from './directory.js';
import { Faults } from './faults.js';
import { forgetFormer } from './forget-former.js';
import { CATALOG, COLLECTION, latestVersion } from './migrations.js';
import { moveOf, otherSpaces } from './moves.js';
import { openMove } from './moving.js';
import { Reader } from './reader.js';
import { eraseStrays } from './strays.js';
import { readMembers } from './user-faces.js';

/** A user with its faces. */
export interface Person {
  userId: string;
  faces: { faceId: string; embedding: Float32Array }[];
}

/**
 * What a program may do with a data directory beside the service that uses it: read, and change which
 * calibration versions there are and who uses which. Each read sees what was committed before it.
 */
export interface StoreBeside extends Pick<Store, 'calibrations'> {
  /** ResourceNotFoundException. */
  collection(collectionId: string): Promise<Collection>;
  /** Oldest first. */
  listCollections(page: Page<number>): Promise<Listing<Collection, number>>;
  /** The users of a collection and their faces, oldest first, page by page; those without a face too. */
  people(collectionId: string): AsyncIterable<Person>;
  readonly moves: Moves;
  close(): void;
}

/** Collections on their way to another model. */
export interface Moves {
  /** The one under way, if any. */
  current(collectionId: string): Move | undefined;
  /** What a collection was before it moved, the last first; its embeddings of then are kept. */
  former(collectionId: string): readonly EmbeddingSpace[];
  /** Begins a move, or goes on with the one that was begun. */
  open(collectionId: string, to: EmbeddingSpace, nowMs: number): CollectionMove;
  /** Erases what a switch left behind that was read until then. */
  settle(collectionId: string): Promise<void>;
  /** Removes what a collection was before; how many such spaces there were. */
  forget(collectionId: string): Promise<number>;
}

const MAX_OPEN_FILES = 8;
/** After a switch nobody begins to read the file that was left for longer than this. */
const SETTLED_MS = 1000;
const USERS_A_PAGE = 64;

/**
 * Opens a data directory without taking it from the service. OperatorError where there is none, or one
 * of another version than this program's: the service brings an older one up to date when it starts.
 */
export function openBeside(directory: string): StoreBeside {
  const place = dataDirectory(directory);
  if (!existsSync(place.catalog))
    throw new OperatorError(
      `${place.root} is no data directory of Likeness: set --data or LIKENESS_DATA`,
    );
  const faults = new Faults(() => undefined, place.root);
  const reader = openReader(place, faults);
  /** A connection for one short transaction: SQLite keeps it apart from the service's. */
  const write = async (work: (catalog: ReturnType<typeof openWriter>) => void): Promise<void> => {
    try {
      const catalog = openWriter(place.catalog);
      try {
        work(catalog);
      } finally {
        catalog.close();
      }
    } catch (error) {
      throw faults.explain(error, { path: place.catalog });
    }
  };
  return {
    calibrations: calibrationStore({
      read: (work) => reader.fromCatalog(work),
      add: (calibration) => write((catalog) => addCalibration(catalog, calibration)),
      switch: (change) => write((catalog) => switchCalibration(catalog, change)),
    }),
    collection: async (collectionId) => reader.collection(collectionId),
    listCollections: async (page) => {
      const { items, ...rest } = reader.listRows(page);
      return { items: items.flatMap((row) => reader.withCounts(row) ?? []), ...rest };
    },
    moves: {
      current: (collectionId) => reader.fromCatalog((catalog) => moveOf(catalog, collectionId)),
      former: (collectionId) =>
        reader.fromCatalog((catalog) => otherSpaces(catalog, collectionId)).former,
      open: (collectionId, to, nowMs) =>
        explained(
          explain(place, faults, () => openMove(place, collectionId, { to, nowMs })),
          <T>(work: () => T) => explain(place, faults, work),
        ),
      settle: async (collectionId) => {
        await sleep(SETTLED_MS);
        await write((catalog) => eraseStrays(place, catalog, collectionId)).catch(() => {
          // No failure of the switch: the next start, or the next deletion, does it.
        });
      },
      forget: async (collectionId) =>
        explain(place, faults, () => forgetFormer(place, collectionId)),
    },
    people: (collectionId) => people(reader, collectionId),
    close: () => reader.close(),
  };
}

/** Tells a full disk or a damaged file for what it is, also where the work goes on. */
function explain<T>({ collections }: DataDirectory, faults: Faults, work: () => T): T {
  const explained = (cause: unknown): unknown => {
    const error = faults.explain(cause, { path: collections });
    return error === cause ? cause : new OperatorError((error as Error).message, { cause });
  };
  try {
    const result = work();
    if (!(result instanceof Promise)) return result;
    return result.catch((cause: unknown) => Promise.reject(explained(cause) as Error)) as T;
  } catch (cause) {
    throw explained(cause);
  }
}

/** A move whose writes explain what goes wrong. */
const explained = (move: CollectionMove, explaining: <T>(work: () => T) => T): CollectionMove => ({
  move: move.move,
  progress: () => move.progress(),
  missing: () => move.missing(),
  embedding: (faceId) => move.embedding(faceId),
  crop: (faceId) => move.crop(faceId),
  stage: (embeddings) => explaining(() => move.stage(embeddings)),
  *carry(over) {
    const pages = move.carry(over);
    for (;;) {
      const page = explaining(() => pages.next());
      if (page.done === true) return;
      yield page.value;
    }
  },
  users: () => move.users(),
  switch: (centroidOf, nowMs, options) => explaining(() => move.switch(centroidOf, nowMs, options)),
  cancel: () => explaining(() => move.cancel()),
  close: () => move.close(),
});

function openReader(place: DataDirectory, faults: Faults): Reader {
  let reader: Reader | undefined;
  try {
    reader = new Reader(place, MAX_OPEN_FILES, faults);
    const found = Number(reader.fromCatalog((catalog) => catalog.pragma('user_version')));
    const collections = Number(
      reader.fromCatalog((catalog) =>
        Object.values(catalog.get('SELECT collection_schema FROM installation') ?? {}),
      )[0],
    );
    if (found < latestVersion(CATALOG) || collections < latestVersion(COLLECTION))
      throw new OperatorError(
        `${place.root} was last used by an older version of Likeness: start the service of this version once`,
      );
    return reader;
  } catch (error) {
    reader?.close();
    throw faults.explain(error, { path: place.catalog });
  }
}

async function* people(reader: Reader, collectionId: string): AsyncGenerator<Person> {
  let after = 0;
  for (;;) {
    const { page, last } = reader.read(collectionId, ({ connection, dimension }) => {
      const users = connection.all<{ id: number; userId: string }>(
        'SELECT id, user_id AS userId FROM users WHERE id > ? ORDER BY id LIMIT ?',
        after,
        USERS_A_PAGE,
      );
      return {
        last: users.at(-1)?.id,
        page: users.map(({ id, userId }) => ({
          userId,
          faces: readMembers(connection, id).map(({ faceId, vector }) => ({
            faceId,
            embedding: decodeEmbedding(vector, dimension, `face ${faceId}`),
          })),
        })),
      };
    });
    if (last === undefined) return;
    yield* page;
    after = last;
    // An interrupt is heard between pages.
    await nextTurn();
  }
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it, vi } from 'vitest';
import type { EmbeddingSpace } from '../../src/store/moving.js';
import { openBeside, type StoreBeside } from '../../src/store/sqlite/beside.js';
import type { NewFace, Store } from '../../src/store/store.js';
import { filesOf, query } from '../support/collection-files.js';
import { CLI, runLikeness } from '../support/likeness.js';
import { DIMENSION, newCollection, newFace, unitVector } from './samples.js';
import { collectionFiles, newDirectory, openStore } from './sqlite-store.js';

const ID = 'moved';
const space = (modelId: string, dimension = DIMENSION): EmbeddingSpace => ({
  modelId,
  calibrationVersion: 'curve-1',
  faceModelVersion: '7.0',
  dimension,
});
const [FIRST, SECOND, THIRD] = [space('model'), space('second', 24), space('third', 8)];

/** The embedding of a face under a model. */
const under = ({ dimension }: EmbeddingSpace, seed: number): Float32Array =>
  unitVector(seed + dimension, dimension);

/** A face with its embeddings under further models, as a service stores one. */
const faceOf = (seed: number, own: EmbeddingSpace, ...others: EmbeddingSpace[]): NewFace =>
  newFace(seed, {
    embedding: under(own, seed),
    further: others.map((other) => ({ modelId: other.modelId, embedding: under(other, seed) })),
  });

const keep = async (store: Store, face: NewFace, modelId: string): Promise<string> => {
  const { value } = await store.insertFaces(ID, [face], 1e6, modelId);
  return value[0]!.faceId;
};

interface Moved {
  store: Store;
  directory: string;
  beside: StoreBeside;
  /** Moves the collection, where these faces are embedded anew. */
  move: (to: EmbeddingSpace, given?: readonly string[]) => void;
  /** Faces that a move there would need photos for. */
  missing: (to: EmbeddingSpace) => number;
}

/** A collection of one face that has moved from the first model to the second. */
async function moved(): Promise<Moved> {
  const { store, directory } = await openStore();
  await store.createCollection(newCollection({ collectionId: ID, ...FIRST }));
  const first = await keep(store, faceOf(1, FIRST), FIRST.modelId);
  const beside = openBeside(directory);
  const move: Moved['move'] = (to, given = []) => {
    const opened = beside.moves.open(ID, to, 1);
    opened.stage(given.map((faceId) => ({ faceId, embedding: under(to, 1) })));
    opened.switch((faces) => faces[0]?.embedding, 2);
    opened.close();
  };
  const missing: Moved['missing'] = (to) => {
    const opened = beside.moves.open(ID, to, 1);
    const { missing: count } = opened.progress();
    opened.close();
    return count;
  };
  move(SECOND, [first]);
  return { store, directory, beside, move, missing };
}

/** The models under which further embeddings lie in the collection's own file, one a face. */
const furtherIn = (directory: string): unknown[] =>
  filesOf(directory, ID, 'collections').flatMap((file) =>
    query(file, 'SELECT model_id FROM further_vectors ORDER BY id').flat(),
  );

it('a face that comes after a move goes back with the others, and to no model that nothing is kept of', async () => {
  const { store, directory, beside, move, missing } = await moved();
  const faceId = await keep(store, faceOf(2, SECOND, FIRST, THIRD), SECOND.modelId);
  expect(furtherIn(directory)).toEqual([FIRST.modelId]);
  expect(missing(FIRST)).toBe(0);
  move(FIRST);
  expect(await store.faceEmbedding(ID, faceId)).toEqual(under(FIRST, 2));
  // What was kept is now the collection's own.
  expect(furtherIn(directory)).toEqual([]);
  beside.close();
});

it('goes along when the collection moves on, until it is back', async () => {
  const { store, directory, beside, move, missing } = await moved();
  const ids = await Promise.all(
    [2, 3].map((seed) => keep(store, faceOf(seed, SECOND, FIRST), SECOND.modelId)),
  );
  const all = (await store.listFaces(ID, { limit: 10 })).items.map(({ faceId }) => faceId);
  move(THIRD, all);
  expect(furtherIn(directory)).toEqual([FIRST.modelId, FIRST.modelId]);
  await store.deleteFaces(ID, [ids[0]!]);
  expect(furtherIn(directory)).toEqual([FIRST.modelId]);
  expect(missing(FIRST)).toBe(0);
  move(FIRST);
  expect(await store.faceEmbedding(ID, ids[1]!)).toEqual(under(FIRST, 3));
  beside.close();
});

it('a face that is there already gets what it lacks', async () => {
  const { store, beside, missing } = await moved();
  const face = faceOf(2, SECOND);
  const faceId = await keep(store, face, SECOND.modelId);
  const again = { ...faceOf(2, SECOND, FIRST), imageId: face.imageId };
  expect(await keep(store, again, SECOND.modelId)).toBe(faceId);
  expect(missing(FIRST)).toBe(0);
  beside.close();
});

it('is refused where it is no embedding of that model', async () => {
  const { store, beside } = await moved();
  const further = [{ modelId: FIRST.modelId, embedding: under(SECOND, 2) }];
  await expect(keep(store, { ...faceOf(2, SECOND), further }, SECOND.modelId)).rejects.toThrow(
    'under model',
  );
  beside.close();
});

it('a move that is given up keeps what leads back, and nothing else', async () => {
  const { store, directory, beside, missing } = await moved();
  beside.moves.open(ID, THIRD, 1).close();
  await keep(store, faceOf(2, SECOND, FIRST, THIRD), SECOND.modelId);
  expect(furtherIn(directory).toSorted()).toEqual([FIRST.modelId, THIRD.modelId]);
  await beside.moves.open(ID, THIRD, 1).cancel();
  expect(furtherIn(directory)).toEqual([FIRST.modelId]);
  await beside.moves.open(ID, FIRST, 1).cancel();
  expect(missing(FIRST)).toBe(0);
  beside.close();
});

it('nothing is kept once what a collection was before is forgotten', async () => {
  const { store, directory, beside } = await moved();
  const face = faceOf(2, SECOND, FIRST);
  await keep(store, face, SECOND.modelId);
  expect(await store.otherSpaces(ID)).toEqual({ goal: undefined, former: [FIRST] });
  expect(await beside.moves.forget(ID)).toBe(1);
  expect(furtherIn(directory)).toEqual([]);
  await keep(store, faceOf(3, SECOND, FIRST), SECOND.modelId);
  expect(furtherIn(directory)).toEqual([]);
  beside.close();
});

/** The next command; the next service, once it writes. */
const NEXT = {
  command: async ({ beside }: Moved): Promise<void> => {
    await beside.moves.forget(ID);
  },
  start: async ({ store, directory }: Moved): Promise<void> => {
    await store.close();
    const again = await openStore({ directory });
    await keep(again.store, faceOf(1, SECOND, FIRST), SECOND.modelId);
  },
};

it.each(['command', 'start'] as const)(
  'what a forgetting command left that was killed goes with the next %s',
  async (next) => {
    const collection = await moved();
    const { store, directory, beside } = collection;
    const faces = Array.from({ length: 4000 }, (_, at) => faceOf(at + 2, SECOND, FIRST));
    await store.insertFaces(ID, faces, 1e6, SECOND.modelId);
    const finish = ['collections', 'migrate', ID, '--finish', '--data', directory];
    const killed = spawn(process.execPath, [CLI, ...finish]);
    const ended = once(killed, 'exit');
    await vi.waitFor(() => expect(beside.moves.former(ID)).toEqual([]), {
      timeout: 30_000,
      interval: 1,
    });
    killed.kill('SIGKILL');
    await ended;
    await NEXT[next](collection);
    beside.close();
    expect(furtherIn(directory)).toEqual([]);
  },
);

it('is in a backup, and leads back from there', async () => {
  const { store, directory, beside } = await moved();
  const faceId = await keep(store, faceOf(2, SECOND, FIRST), SECOND.modelId);
  beside.close();
  const copy = join(newDirectory(), 'copy');
  await runLikeness({}, 'backup', copy, '--data', directory);
  const restored = await openStore({ directory: copy });
  const there = openBeside(copy);
  const move = there.moves.open(ID, FIRST, 1);
  move.switch((members) => members[0]?.embedding, 2);
  there.close();
  expect(await restored.store.faceEmbedding(ID, faceId)).toEqual(under(FIRST, 2));
});

/** Takes a data directory back to what the release before this one made of it. */
function asBefore(directory: string): void {
  for (const path of collectionFiles(directory).filter((each) => each.endsWith('.db'))) {
    const file = new Database(path);
    file.exec('DROP TABLE further_vectors; DROP TABLE left_behind; PRAGMA user_version = 3');
    file.close();
  }
  const catalog = new Database(join(directory, 'catalog.db'));
  catalog.exec('UPDATE installation SET collection_schema = 3');
  catalog.close();
}

it('a collection that moved with an earlier release goes on, without the faces that were deleted since', async () => {
  const { store, directory, beside } = await moved();
  const [{ faceId: first } = { faceId: '' }] = (await store.listFaces(ID, { limit: 1 })).items;
  beside.close();
  const gone = await keep(store, faceOf(2, SECOND), SECOND.modelId);
  await store.close();
  const [former] = filesOf(directory, ID, 'former_spaces') as [string];
  const left = new Database(former);
  left.exec(
    "INSERT INTO faces SELECT 9, 'deleted', image_id, '9', 0, 0, 0, 0, 9, 9, NULL FROM faces",
  );
  left.close();
  asBefore(directory);

  const { store: again } = await openStore({ directory });
  await vi.waitFor(
    () => expect(query(former, 'SELECT face_id FROM faces').flat()).toEqual([first]),
    { timeout: 15_000, interval: 100 },
  );
  await keep(again, faceOf(3, SECOND, FIRST), SECOND.modelId);
  const next = openBeside(directory);
  const move = next.moves.open(ID, FIRST, 1);
  // Of the one that the earlier release took in, nothing else was kept.
  expect([...move.missing()].flat()).toMatchObject([{ faceId: gone }]);
  move.close();
  next.close();
});

import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it, vi } from 'vitest';
import type { EmbeddingSpace } from '../../src/store/moving.js';
import { openBeside } from '../../src/store/sqlite/beside.js';
import type { NewFace, Store } from '../../src/store/store.js';
import { DIMENSION, newCollection, newFace, takeFree, unitVector } from './samples.js';
import { fileOf, newDirectory, openStore } from './sqlite-store.js';

/** As large as those of faces. */
const newCrop = (): Buffer => randomBytes(12_000);

/** A part of each 4 KiB of what was stored: wherever a page of it is left, it is seen. */
const partsOf = (bytes: Buffer): Buffer[] =>
  [100, 4000, 8000, 11_900].map((at) => bytes.subarray(at, at + 48));

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

/** How many of these are in any file of the data directory. */
const onDisk = (directory: string, wanted: readonly Buffer[]): number => {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  return wanted.filter((part) => files.some((bytes) => bytes.includes(part))).length;
};

/** A collection of faces with crops; the first two are a user's. */
async function populated(store: Store, count: number): Promise<{ id: string; faces: NewFace[] }> {
  const id = newCollection().collectionId;
  await store.createCollection(newCollection({ collectionId: id }));
  const faces = Array.from({ length: count }, (_, i) => newFace(i, { crop: newCrop() }));
  await store.insertFaces(id, faces, 1e6);
  await store.createUser(id, 'ada', { maxUsers: 9 });
  const faceIds = faces.slice(0, 2).map(({ faceId }) => faceId);
  await store.changeUserFaces(id, { userId: 'ada', faceIds }, takeFree);
  return { id, faces };
}

const cropParts = (faces: readonly NewFace[]): Buffer[] =>
  faces.flatMap(({ crop }) => partsOf(Buffer.from(crop!)));

const soon = { timeout: 15_000, interval: 200 };

it('a face that is deleted takes its crop and its embedding from the disk while the service runs', async () => {
  const { store, directory } = await openStore();
  const { id, faces } = await populated(store, 30);
  const gone = faces.slice(10, 20);
  const kept = faces.filter((face) => !gone.includes(face));
  expect(onDisk(directory, cropParts(faces))).toBe(120);
  await store.deleteFaces(
    id,
    gone.map(({ faceId }) => faceId),
  );
  await vi.waitFor(() => expect(onDisk(directory, cropParts(gone))).toBe(0), soon);
  expect(
    onDisk(
      directory,
      gone.map(({ embedding }) => bytesOf(embedding)),
    ),
  ).toBe(0);
  expect(onDisk(directory, cropParts(kept))).toBe(80);
  expect(await store.crops()).toEqual({ crops: 20, bytes: 240_000 });
});

it('waits for those who read', async () => {
  const { store, directory } = await openStore();
  const { id, faces } = await populated(store, 3);
  const iteration = store.vectors(id)[Symbol.asyncIterator]();
  await iteration.next();
  await store.deleteFaces(id, [faces[2]!.faceId]);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await iteration.return?.();
  await vi.waitFor(() => expect(onDisk(directory, cropParts(faces.slice(2)))).toBe(0), soon);
});

it('a user who is deleted leaves the faces and their crops, as they stay in the collection', async () => {
  const { store, directory } = await openStore();
  const { id, faces } = await populated(store, 3);
  await store.deleteUser(id, 'ada', {});
  expect(onDisk(directory, cropParts(faces))).toBe(12);
  expect(await store.crops()).toMatchObject({ crops: 3 });
});

it('a collection that is deleted takes all of it along', async () => {
  const { store, directory } = await openStore();
  const one = await populated(store, 3);
  const other = await populated(store, 3);
  await store.deleteCollection(one.id);
  expect(onDisk(directory, cropParts(one.faces))).toBe(0);
  expect(onDisk(directory, cropParts(other.faces))).toBe(12);
  expect(await store.crops()).toEqual({ crops: 3, bytes: 36_000 });
});

it('what a killed service had deleted is erased by the next one', async () => {
  const directory = newDirectory();
  const first = await openStore({ directory });
  const { id, faces } = await populated(first.store, 6);
  await first.store.deleteFaces(id, [faces[5]!.faceId]);
  // A reader that stays keeps the log where it is, as a kill would.
  const beside = openBeside(directory);
  await beside.collection(id);
  await first.store.close();
  expect(onDisk(directory, cropParts(faces.slice(5)))).toBeGreaterThan(0);
  beside.close();
  await openStore({ directory });
  await vi.waitFor(() => expect(onDisk(directory, cropParts(faces.slice(5)))).toBe(0), soon);
  expect(onDisk(directory, cropParts(faces.slice(0, 5)))).toBe(20);
});

it('a collection that moved to another model keeps each crop once, and a deleted face under neither model', async () => {
  const { store, directory } = await openStore();
  const { id, faces } = await populated(store, 6);
  const beside = openBeside(directory);
  const to: EmbeddingSpace = {
    modelId: 'other',
    calibrationVersion: 'curve-2',
    faceModelVersion: '8.0',
    dimension: 24,
  };
  const move = beside.moves.open(id, to, 1);
  move.stage(faces.map(({ faceId }, i) => ({ faceId, embedding: unitVector(i, 24) })));
  move.switch((members) => members[0]?.embedding, 2);
  expect(await store.collection(id)).toMatchObject({ modelId: 'other', faceCount: 6 });
  // One that came since is kept under the former model, too, and goes from there as well.
  const embedding = unitVector(100);
  const further = [{ modelId: newCollection().modelId, embedding }];
  const late = newFace(7, { embedding: unitVector(7, 24), further });
  await store.insertFaces(id, [late], 1e6);
  expect(onDisk(directory, [bytesOf(embedding)])).toBe(1);
  await store.deleteFaces(id, [late.faceId]);
  await vi.waitFor(() => expect(onDisk(directory, [bytesOf(embedding)])).toBe(0), soon);
  expect(await store.crops()).toEqual({ crops: 6, bytes: 72_000 });
  await store.deleteFaces(
    id,
    faces.slice(2).map(({ faceId }) => faceId),
  );
  await vi.waitFor(() => expect(onDisk(directory, cropParts(faces.slice(2)))).toBe(0), soon);
  expect(onDisk(directory, cropParts(faces.slice(0, 2)))).toBe(8);
  beside.close();
});

const OTHER: EmbeddingSpace = {
  modelId: 'other',
  calibrationVersion: 'curve-2',
  faceModelVersion: '8.0',
  dimension: 24,
};

/** The embeddings of some faces under the other model, for what is moved there. */
const staged = (faces: readonly NewFace[]): { faceId: string; embedding: Float32Array }[] =>
  faces.map(({ faceId }, i) => ({ faceId, embedding: unitVector(500 + i, 24) }));

/** Embeddings as they lie on the disk. */
const embeddings = (faces: readonly { embedding: Float32Array }[]): Buffer[] =>
  faces.map(({ embedding }) => bytesOf(embedding));

it('a deleted face leaves what the collection was before, and a user its centroid there', async () => {
  const { store, directory } = await openStore();
  const { id, faces } = await populated(store, 6);
  const centroid = (await store.userCentroid(id, 'ada'))!;
  const beside = openBeside(directory);
  const move = beside.moves.open(id, OTHER, 1);
  move.stage(staged(faces));
  move.switch((members) => members[0]?.embedding, 2);
  expect(onDisk(directory, embeddings(faces))).toBe(6);
  await store.deleteUser(id, 'ada', {});
  await vi.waitFor(() => expect(onDisk(directory, [bytesOf(centroid)])).toBe(0), soon);
  const gone = faces.slice(4).map(({ faceId }) => faceId);
  await store.deleteFaces(id, gone);
  await vi.waitFor(() => expect(onDisk(directory, embeddings(faces.slice(4)))).toBe(0), soon);
  // The others' lead back.
  expect(onDisk(directory, embeddings(faces.slice(0, 4)))).toBe(4);
  const back = beside.moves.open(
    id,
    { ...OTHER, modelId: newCollection().modelId, dimension: DIMENSION },
    3,
  );
  back.switch((members) => members[0]?.embedding, 4);
  expect(await store.faceEmbedding(id, faces[0]!.faceId)).toEqual(faces[0]!.embedding);
  beside.close();
});

it('a face that is deleted during a move leaves where new embeddings gather, a switch or not', async () => {
  const { store, directory } = await openStore();
  const { id, faces } = await populated(store, 6);
  const beside = openBeside(directory);
  const move = beside.moves.open(id, OTHER, 1);
  const given = staged(faces);
  move.stage(given);
  await store.deleteFaces(id, [faces[5]!.faceId]);
  await vi.waitFor(() => expect(onDisk(directory, embeddings(given.slice(5)))).toBe(0), soon);
  // A command that had it already comes too late.
  move.stage(given);
  expect(onDisk(directory, embeddings(given))).toBe(5);
  move.close();
  beside.close();
});

it('what a service deleted that was killed then is erased from there by the next one', async () => {
  const directory = newDirectory();
  const first = await openStore({ directory });
  const { id, faces } = await populated(first.store, 6);
  const beside = openBeside(directory);
  const move = beside.moves.open(id, OTHER, 1);
  move.stage(staged(faces));
  move.switch((members) => members[0]?.embedding, 2);
  // A deletion behind the back of the service, and a log that is left: as a kill right after it would leave both.
  const database = new Database(fileOf(directory, id));
  database.exec(
    `DELETE FROM face_crops WHERE id = 6; DELETE FROM face_vectors WHERE id = 6; DELETE FROM faces WHERE id = 6;
     UPDATE state SET face_count = 5`,
  );
  await first.store.close();
  expect(onDisk(directory, embeddings(faces.slice(5)))).toBe(1);
  await openStore({ directory });
  await vi.waitFor(() => expect(onDisk(directory, embeddings(faces.slice(5)))).toBe(0), soon);
  expect(onDisk(directory, embeddings(faces.slice(0, 5)))).toBe(5);
  database.close();
  beside.close();
});

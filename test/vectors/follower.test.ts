import { afterEach, expect, it } from 'vitest';
import { createVectors } from '../../src/vectors/create.js';
import { kernels } from '../../src/vectors/kernels.js';
import type { CollectionRef, SearchRequest, Vectors } from '../../src/vectors/vectors.js';
import { Gate, MemorySource, Random } from './data.js';

const C: CollectionRef = { collectionId: 'c', dimension: 8 };
const random = new Random(1);
const ANY: SearchRequest = {
  kind: 'face',
  query: random.direction(8),
  limit: 100,
  minCosine: -1,
};

const open: Vectors[] = [];
function follow(source: MemorySource): Vectors {
  const vectors = createVectors(source, {
    flatLimits: { face: 20_000, user: 20_000 },
    engine: 'auto',
  });
  open.push(vectors);
  return vectors;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((vectors) => vectors.close()));
});

const keys = async (vectors: Vectors, atLeast: number, request = ANY, collection = C) =>
  (await vectors.search(collection, request, atLeast)).map(({ key }) => key).toSorted();

function enrol(source: MemorySource, ...names: string[]): void {
  for (const name of names) source.set('face', name, random.direction(8));
}

it('loads nothing before it is asked, then what is there', async () => {
  const source = new MemorySource(8);
  enrol(source, 'a', 'b');
  source.set('user', 'u', random.direction(8));
  const vectors = follow(source);
  expect(source.reads).toEqual({ changes: 0, vectors: 0 });
  expect(await keys(vectors, source.sequence)).toEqual(['a', 'b']);
  expect(await keys(vectors, source.sequence, { ...ANY, kind: 'user' })).toEqual(['u']);
  expect(vectors.status()).toEqual({
    collections: 1,
    faces: 2,
    users: 1,
    engines: { flat: 2, hnsw: 0, hnswlib: 0 },
    pending: 0,
    kernel: kernels()[0].name,
  });
  expect(source.reads).toEqual({ changes: 0, vectors: 1 });
});

it('shows every change asked for: new, replaced, gone', async () => {
  const source = new MemorySource(8);
  enrol(source, 'a', 'b');
  const vectors = follow(source);
  await vectors.reach(C, source.sequence);
  source.set('face', 'a', undefined);
  enrol(source, 'c');
  source.set('face', 'b', ANY.query);
  expect(await keys(vectors, source.sequence)).toEqual(['b', 'c']);
  const [best] = await vectors.search(C, ANY, source.sequence);
  expect(best?.key).toBe('b');
  expect(best?.cosine).toBeCloseTo(1, 6);
});

it('reads nothing for what it already shows', async () => {
  const source = new MemorySource(8);
  enrol(source, 'a');
  const vectors = follow(source);
  await vectors.reach(C, 1);
  const before = { ...source.reads };
  await Promise.all([vectors.reach(C, 1), vectors.reach(C, 0), keys(vectors, 1)]);
  expect(source.reads).toEqual(before);
});

it('serves a crowd with few reads', async () => {
  const source = new MemorySource(8);
  enrol(source, 'a');
  const vectors = follow(source);
  await vectors.reach(C, 1);
  enrol(source, 'b', 'c', 'd');
  await Promise.all(Array.from({ length: 50 }, (_, i) => keys(vectors, 1 + (i % 4))));
  expect(source.reads).toEqual({ changes: 1, vectors: 1 });
});

it('follows a long log in parts', async () => {
  const source = new MemorySource(8);
  const vectors = follow(source);
  await vectors.reach(C, 0);
  for (let i = 0; i < 3500; i++) enrol(source, `k${i % 2000}`);
  await vectors.reach(C, source.sequence);
  expect(vectors.status().faces).toBe(2000);
  expect(source.reads.changes).toBe(4);
});

it('loads anew when the log was cut off', async () => {
  const source = new MemorySource(8);
  enrol(source, 'a', 'b');
  const vectors = follow(source);
  await vectors.reach(C, source.sequence);
  source.set('face', 'a', undefined);
  enrol(source, 'c');
  source.truncate();
  enrol(source, 'd');
  expect(await keys(vectors, source.sequence)).toEqual(['b', 'c', 'd']);
  expect(source.reads.vectors).toBe(2);
});

it('loads anew an empty collection whose log was cut off', async () => {
  const source = new MemorySource(8);
  enrol(source, 'a');
  const vectors = follow(source);
  await vectors.reach(C, 1);
  source.set('face', 'a', undefined);
  source.truncate();
  expect(await keys(vectors, source.sequence)).toEqual([]);
});

it('answers with the old state while a new one is loaded', async () => {
  const source = new MemorySource(8);
  enrol(source, 'a');
  const vectors = follow(source);
  await vectors.reach(C, 1);
  enrol(source, 'b');
  source.truncate();
  const gate = new Gate();
  source.delay = () => gate.opened;
  const later = keys(vectors, 2);
  expect(await keys(vectors, 1)).toEqual(['a']);
  gate.open();
  expect(await later).toEqual(['a', 'b']);
});

it('rejects when reading fails, and tries again at the next call', async () => {
  const source = new MemorySource(8);
  enrol(source, 'a');
  const vectors = follow(source);
  source.failure = new Error('the disk is gone');
  await expect(keys(vectors, 1)).rejects.toThrow('the disk is gone');
  expect(vectors.status().collections).toBe(0);
  expect(await keys(vectors, 1)).toEqual(['a']);
  enrol(source, 'b');
  source.failure = new Error('the disk is gone again');
  await expect(vectors.reach(C, 2)).rejects.toThrow('the disk is gone again');
  expect(await keys(vectors, 1)).toEqual(['a']);
  expect(await keys(vectors, 2)).toEqual(['a', 'b']);
});

it('says so when a change is asked for that is not there', async () => {
  const source = new MemorySource(8);
  enrol(source, 'a');
  const vectors = follow(source);
  await expect(keys(vectors, 7)).rejects.toThrow('has no change 7; its newest is 1');
  expect(await keys(vectors, 1)).toEqual(['a']);
});

it('names the vector that the store should never have held', async () => {
  const source = new MemorySource(8);
  source.set('face', 'bad', new Float32Array(8));
  const vectors = follow(source);
  await expect(keys(vectors, 1)).rejects.toThrow(/vector of bad.*expected a unit vector/);
});

it('forgets a collection, and loads what stands under its id afterwards', async () => {
  const source = new MemorySource(8);
  enrol(source, 'a', 'b', 'c');
  const vectors = follow(source);
  await vectors.reach(C, 3);
  await vectors.drop('c');
  await vectors.drop('never there');
  expect(vectors.status()).toMatchObject({ collections: 0, faces: 0 });
  source.vectorsNow.face.clear();
  source.truncate();
  source.sequence = 0;
  enrol(source, 'new');
  expect(await keys(vectors, 1)).toEqual(['new']);
});

it('lets go of a collection that is dropped while it loads', async () => {
  const source = new MemorySource(8, 10);
  for (let i = 0; i < 100; i++) enrol(source, `k${i}`);
  const vectors = follow(source);
  const gate = new Gate();
  source.delay = () => gate.opened;
  const loading = keys(vectors, 100);
  void vectors.drop('c');
  await expect(loading).rejects.toThrow('The collection id: c does not exist');
  const again = keys(vectors, 100);
  gate.open();
  expect(await again).toHaveLength(100);
  expect(vectors.status()).toMatchObject({ collections: 1, faces: 100 });
});

it('takes a collection created again for another one, even before it is told to drop the old', async () => {
  const source = new MemorySource(8);
  enrol(source, 'a', 'b');
  const vectors = follow(source);
  expect(await keys(vectors, 2, ANY, { ...C, createdAtMs: 1 })).toEqual(['a', 'b']);
  source.vectorsNow.face.clear();
  source.truncate();
  source.sequence = 0;
  enrol(source, 'new');
  expect(await keys(vectors, 1, ANY, { ...C, createdAtMs: 2 })).toEqual(['new']);
});

it('keeps collections apart', async () => {
  const source = new MemorySource(8);
  enrol(source, 'a');
  const vectors = follow(source);
  await vectors.reach(C, 1);
  await vectors.reach({ ...C, collectionId: 'other' }, 1);
  await vectors.drop('c');
  expect(vectors.status().collections).toBe(1);
});

it('refuses everything once closed, and rejects what waits', async () => {
  const source = new MemorySource(8);
  enrol(source, 'a');
  const vectors = follow(source);
  const gate = new Gate();
  source.delay = () => gate.opened;
  const waiting = keys(vectors, 1);
  const closing = vectors.close();
  await expect(waiting).rejects.toThrow('The collection id: c does not exist');
  await closing;
  await expect(vectors.reach(C, 1)).rejects.toThrow('closed');
  gate.open();
});

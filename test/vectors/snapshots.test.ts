import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createVectors, type VectorsOptions } from '../../src/vectors/create.js';
import { loadNativeSnapshots } from '../../src/vectors/snapshot-file.js';
import type { CollectionRef, SearchRequest, Vectors } from '../../src/vectors/vectors.js';
import { MemorySource, people, Random } from './data.js';

const DIMENSION = 24;
const C: CollectionRef = { collectionId: 'c', dimension: DIMENSION, createdAtMs: 1, modelId: 'm' };
/** No file is written but when the index is closed. */
const NEVER = { minRows: 1, checkMs: 1_000_000 };

let directory: string;
const open: Vectors[] = [];
let notes: { message: string; details: Record<string, unknown> }[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'likeness-snapshots-'));
  notes = [];
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((vectors) => vectors.close()));
  rmSync(directory, { recursive: true });
});

const files = (): string[] => readdirSync(directory).toSorted();
const theFile = (): string => join(directory, files()[0]!);

function start(source: MemorySource, options: Partial<VectorsOptions> = {}): Vectors {
  const vectors = createVectors(source, {
    flatLimits: { face: 500, user: 500 },
    engine: 'auto',
    log: (message, details) => notes.push({ message, details }),
    snapshots: { directory, closeMs: 60_000, tuning: NEVER },
    ...options,
  });
  open.push(vectors);
  return vectors;
}

async function idle(vectors: Vectors): Promise<void> {
  while ((vectors.status().pending ?? 0) > 0) await sleep(5);
}

/** A source with this many faces, five of a person, and a tenth as many users. */
function enrolled(faces: number, seed = 1): MemorySource {
  const source = new MemorySource(DIMENSION, 2048);
  const all = people({ people: faces / 5, each: 5, dimension: DIMENSION }, seed);
  for (const [i, { centre, faces: theirs }] of all.entries()) {
    for (const [j, face] of theirs.entries()) source.set('face', `face-${i}-${j}`, face);
    if (i % 2 === 0) source.set('user', `user-${i}`, centre);
  }
  return source;
}

/** What searches near some of the faces find, all that is similar. */
async function answers(vectors: Vectors, source: MemorySource, collection = C): Promise<unknown> {
  const random = new Random(5);
  const faces = [...source.vectorsNow.face.values()].filter((_, i) => i % 97 === 0);
  const requests = faces.map(
    (face, i): SearchRequest => ({
      kind: i % 3 === 0 ? 'user' : 'face',
      query: random.near(face, 0.9),
      limit: 20,
      minCosine: 0.45,
    }),
  );
  return Promise.all(
    requests.map((request) => vectors.search(collection, request, source.sequence)),
  );
}

/** Loads everything, closes and so writes a snapshot. */
async function written(
  source: MemorySource,
  options: Partial<VectorsOptions> = {},
): Promise<unknown> {
  const vectors = start(source, options);
  await vectors.reach(C, source.sequence);
  await idle(vectors);
  const found = await answers(vectors, source);
  await vectors.close();
  return found;
}

const said = (text: string): Record<string, unknown> | undefined =>
  notes.find(({ message }) => message.includes(text))?.details;

describe.skipIf(!loadNativeSnapshots())('snapshots', () => {
  it.for([
    ['a graph', 4000, 'hnsw', 'ram'],
    ['mapped rows', 17_500, 'flat', 'mapped'],
  ] as const)(
    'with %s give the answers of before without reading the store',
    async ([, faces, engine, kind]) => {
      const all = { engine, memory: kind === 'ram' ? { kind } : { kind, directory } };
      const source = enrolled(faces);
      const before = await written(source, all);
      const again = start(source, all);
      await again.reach(C, source.sequence);
      expect(again.status()).toMatchObject({
        faces,
        users: faces / 10,
        pending: 0,
        readFromStore: 0,
        snapshots: { restored: 1 },
      });
      expect(await answers(again, source)).toEqual(before);
      expect(source.reads.vectors).toBe(1);
    },
  );

  it('are one file for its owner only, made over when something changed', async () => {
    const source = enrolled(1000);
    await written(source);
    expect(files()).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.snapshot$/)]);
    const { mode, ino } = statSync(theFile());
    expect(mode & 0o777).toBe(0o600);
    await written(source);
    expect(statSync(theFile()).ino).toBe(ino);
    source.set('face', 'face-0-0', undefined);
    await written(source);
    expect([files().length, statSync(theFile()).ino === ino]).toEqual([1, false]);
  });

  it('are followed by what changed since', async () => {
    const source = enrolled(3000);
    await written(source);
    const random = new Random(9);
    for (let i = 0; i < 300; i++) source.set('face', `face-${i}-1`, undefined);
    for (let i = 0; i < 300; i++) source.set('face', `face-${i}-2`, random.direction(DIMENSION));
    for (let i = 0; i < 100; i++) source.set('face', `new-${i}`, random.direction(DIMENSION));
    const vectors = start(source);
    const { reads } = source;
    const vectorsBefore = reads.vectors;
    const found = await answers(vectors, source);
    const flat = start(source, { engine: 'flat', snapshots: undefined as never });
    expect(found).toEqual(await answers(flat, source));
    expect(vectors.status()).toMatchObject({ faces: 2800, snapshots: { restored: 1 } });
    expect(reads.vectors).toBe(vectorsBefore + 1);
  });

  it('keep nothing of a face that was erased', async () => {
    const source = enrolled(2000);
    const gone = source.vectorsNow.face.get('face-7-3')!;
    const bytes = Buffer.from(gone.buffer.slice(0));
    await written(source);
    expect(readFileSync(theFile()).includes(bytes)).toBe(true);
    const vectors = start(source);
    await vectors.reach(C, source.sequence);
    source.set('face', 'face-7-3', undefined);
    source.set('face', 'new', new Random(3).direction(DIMENSION));
    await vectors.reach(C, source.sequence);
    await vectors.close();
    const after = readFileSync(theFile());
    expect([after.includes(bytes), after.includes('face-7-3'), after.includes('face-7-4')]).toEqual(
      [false, false, true],
    );
    const again = start(source);
    await again.reach(C, source.sequence);
    expect(again.status()).toMatchObject({ faces: 2000, snapshots: { restored: 1 } });
  });

  it('go with their collection, also while one is written', async () => {
    const source = enrolled(2000);
    await written(source);
    const vectors = start(source, {
      snapshots: {
        directory,
        closeMs: 1000,
        tuning: { minRows: 1, checkMs: 5, bytesPerSecond: 200_000 },
      },
    });
    await vectors.reach(C, source.sequence);
    source.set('face', 'face-0-0', undefined);
    for (let i = 0; i < 1000; i++)
      source.set('face', `face-0-${i % 5}`, source.vectorsNow.face.get('face-1-1'));
    await vectors.reach(C, source.sequence);
    while (files().length < 2) await sleep(5);
    await vectors.drop('c');
    expect(files()).toEqual([]);
    await sleep(50);
    expect(files()).toEqual([]);
  });

  it('are written in the background once enough has changed', async () => {
    const source = enrolled(1000);
    const vectors = start(source, {
      snapshots: { directory, closeMs: 0, tuning: { minRows: 1, checkMs: 5 } },
    });
    await vectors.reach(C, source.sequence);
    while (vectors.status().snapshots?.['written'] !== 1) await sleep(5);
    expect(files().length).toBe(1);
    source.set('face', 'one', new Random(3).direction(DIMENSION));
    await vectors.reach(C, source.sequence);
    await sleep(100);
    expect(vectors.status().snapshots?.['written']).toBe(1);
  });

  it.for([
    ['another collection under its id', { ...C, createdAtMs: 2 }],
    ['another model', { ...C, modelId: 'n' }],
  ] as const)('of %s are not used and removed', async ([, other]) => {
    const source = enrolled(1000);
    await written(source);
    const vectors = start(source);
    await vectors.reach(other, source.sequence);
    expect(vectors.status()).toMatchObject({
      faces: 1000,
      readFromStore: 1100,
      snapshots: { stale: 1 },
    });
    expect(files()).toEqual([]);
  });

  it('of another dimension are not used', async () => {
    await written(enrolled(1000));
    const other = new MemorySource(8);
    other.set('face', 'a', new Random(1).direction(8));
    const vectors = start(other);
    await vectors.reach({ ...C, dimension: 8 }, 1);
    expect(vectors.status()).toMatchObject({ faces: 1, snapshots: { stale: 1 } });
  });

  it.for([
    ['is shorter', 300],
    ['went another way', 2000],
  ] as const)('of a history that %s in the store are not used', async ([, faces]) => {
    await written(enrolled(1000));
    const other = new MemorySource(DIMENSION);
    const random = new Random(1);
    for (let i = 0; i < faces; i++) other.set('face', `other-${i}`, random.direction(DIMENSION));
    const vectors = start(other);
    await vectors.reach(C, other.sequence);
    expect(vectors.status()).toMatchObject({ faces, users: 0, snapshots: { stale: 1 } });
  });

  it('that the log does not reach back to are not used', async () => {
    const source = enrolled(1000);
    await written(source);
    source.truncate();
    source.set('face', 'new', new Random(1).direction(DIMENSION));
    const vectors = start(source);
    await vectors.reach(C, source.sequence);
    expect(vectors.status()).toMatchObject({ faces: 1001, snapshots: { stale: 1 } });
  });

  it('that are damaged are set aside, named in the log, and forgotten with the next', async () => {
    const source = enrolled(1000);
    const before = await written(source);
    const bytes = readFileSync(theFile());
    bytes[bytes.length >> 1]! ^= 4;
    writeFileSync(theFile(), bytes);
    const vectors = start(source);
    expect(await answers(vectors, source)).toEqual(before);
    expect(vectors.status()).toMatchObject({ readFromStore: 1100, snapshots: { setAside: 1 } });
    expect(said('set aside')).toMatchObject({ file: expect.stringMatching(/\.broken$/) });
    expect(files()).toEqual([expect.stringMatching(/\.snapshot\.broken$/)]);
    await vectors.close();
    expect(files()).toEqual([expect.stringMatching(/\.snapshot$/)]);
  });

  it('of no collection, and unfinished ones, are swept away', async () => {
    const source = enrolled(1000);
    await written(source);
    const stranger = `${'0'.repeat(32)}.snapshot`;
    for (const name of [stranger, `${stranger}.broken`, `${files()[0]}.tmp`])
      copyFileSync(theFile(), join(directory, name));
    writeFileSync(join(directory, 'notes.txt'), 'not ours');
    const vectors = start(source);
    await vectors.sweep(['c']);
    expect(files()).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.snapshot$/), 'notes.txt']);
    expect(existsSync(join(directory, stranger))).toBe(false);
  });

  it('may be taken while a graph is built, which then goes on', async () => {
    const source = enrolled(10_000);
    const vectors = start(source);
    await vectors.reach(C, source.sequence);
    await sleep(20);
    expect(vectors.status().pending).toBeGreaterThan(0);
    await vectors.close();
    const again = start(source);
    await again.reach(C, source.sequence);
    expect(again.status().snapshots).toMatchObject({ restored: 1 });
    await idle(again);
    const flat = start(source, { engine: 'flat', snapshots: undefined as never });
    expect(await answers(again, source)).toEqual(await answers(flat, source));
  });
});

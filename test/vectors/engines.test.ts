import { afterEach, expect, it } from 'vitest';
import { ENGINE_TAG } from '../../src/domain/search-settings.js';
import { createVectors } from '../../src/vectors/create.js';
import { loadNativeIndex } from '../../src/vectors/table.js';
import type { Vectors } from '../../src/vectors/vectors.js';
import { MemorySource, Random } from './data.js';

const DIMENSION = 8;
const collection = { collectionId: 'c', dimension: DIMENSION };

/** What `auto` and `hnsw` come to on this host. */
const BEST = loadNativeIndex() ? 'hnsw' : 'hnswlib';

const open: Vectors[] = [];
const notes: string[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((vectors) => vectors.close()));
  notes.length = 0;
});

/** 200 faces and 200 users; faces are scanned up to 100, users up to 1000. */
function enrolled(tag?: string) {
  const random = new Random(1);
  const source = new MemorySource(DIMENSION);
  for (let i = 0; i < 200; i++) {
    source.set('face', `f${i}`, random.direction(DIMENSION));
    source.set('user', `u${i}`, random.direction(DIMENSION));
  }
  if (tag !== undefined) source.tagsNow[ENGINE_TAG] = tag;
  const vectors = createVectors(source, {
    flatLimits: { face: 100, user: 1000 },
    engine: 'auto',
    log: (message) => notes.push(message),
  });
  open.push(vectors);
  const ask = async (only?: ReadonlySet<string>) => {
    const query = new Random(2).direction(DIMENSION);
    const request = {
      kind: 'face' as const,
      query,
      limit: 5,
      minCosine: -1,
      ...(only && { only }),
    };
    return (await vectors.search(collection, request, source.sequence)).map(({ key }) => key);
  };
  return { source, vectors, ask };
}

const engines = (counts: object) => ({ flat: 0, hnsw: 0, hnswlib: 0, ...counts });

it.each([
  [undefined, { flat: 1, [BEST]: 1 }],
  ['auto', { flat: 1, [BEST]: 1 }],
  ['flat', { flat: 2 }],
  ['hnsw flat=0', { [BEST]: 2 }],
  ['hnswlib flat=150', { hnswlib: 2 }],
  ['hnswlib', { flat: 1, hnswlib: 1 }],
  ['hnsw flat=200', { flat: 2 }],
])(
  'searches a collection with the tag %j by %o, each with the same answer',
  async (tag, counts) => {
    const { vectors, ask } = enrolled(tag);
    const plain = await enrolled('flat').ask();
    expect(await ask()).toEqual(plain);
    expect(vectors.status().engines).toEqual(engines(counts));
  },
);

it('follows a tag that changes, also back', async () => {
  const { source, vectors, ask } = enrolled();
  const want = await ask();
  source.tagsNow[ENGINE_TAG] = 'flat';
  expect(vectors.status().engines).toEqual(engines({ flat: 1, [BEST]: 1 }));
  await vectors.reconfigure('c');
  expect(vectors.status().engines).toEqual(engines({ flat: 2 }));
  expect(await ask()).toEqual(want);
  delete source.tagsNow[ENGINE_TAG];
  await vectors.reconfigure('c');
  expect(vectors.status().engines).toEqual(engines({ flat: 1, [BEST]: 1 }));
  expect(await ask()).toEqual(want);
  await vectors.reconfigure('never loaded');
});

it('says so where a stored tag is not valid, and searches as the service is set', async () => {
  const { vectors, ask } = enrolled('fast please');
  expect(await ask()).toHaveLength(5);
  expect(notes).toEqual([`a collection's tag ${ENGINE_TAG} is not valid; it is ignored`]);
  expect(vectors.status().engines).toEqual(engines({ flat: 1, [BEST]: 1 }));
});

it.each(['flat', 'hnsw flat=0', 'hnswlib flat=0'])(
  'finds only the keys asked for by %s',
  async (tag) => {
    const { source, ask } = enrolled(tag);
    const all = [...source.vectorsNow.face.keys()];
    for (const every of [1, 3, 50]) {
      const only = new Set(all.filter((_, i) => i % every === 0));
      const found = await ask(only);
      const rest = new Set(all.filter((key) => !only.has(key)));
      for (const key of rest) source.set('face', key, undefined);
      expect(await ask()).toEqual(found);
      for (const [i, key] of all.entries())
        if (rest.has(key)) source.set('face', key, new Random(i + 10).direction(DIMENSION));
    }
    expect(await ask(new Set(['u1', 'nobody']))).toEqual([]);
  },
);

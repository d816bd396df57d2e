import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createVectors, type VectorsOptions } from '../../src/vectors/create.js';
import { HNSWLIB_SETTINGS } from '../../src/vectors/hnswlib.js';
import { loadNativeIndex } from '../../src/vectors/table.js';
import type { SearchRequest, Vectors } from '../../src/vectors/vectors.js';
import { dot, MemorySource, normalise, people, Random } from './data.js';

const collection = (dimension: number) => ({ collectionId: 'c', dimension });

/** The engines that keep a graph; the native one is left out where there is no addon. */
const GRAPH_ENGINES = loadNativeIndex() ? (['hnsw', 'hnswlib'] as const) : (['hnswlib'] as const);

const NEVER_FLAT = { face: 0, user: 0 };

/** Graphs are used from the first row on, and asked for few candidates, so that small tests reach them. */
const EAGER_GRAPH = {
  flatLimits: NEVER_FLAT,
  graphSettings: { ...HNSWLIB_SETTINGS, candidates: () => 24, maxShare: 1 },
};

const ENGINES: [string, VectorsOptions][] = [
  ['flat', { flatLimits: NEVER_FLAT, engine: 'flat' }],
  ...GRAPH_ENGINES.map((engine): [string, VectorsOptions] => [engine, { ...EAGER_GRAPH, engine }]),
];

const open: Vectors[] = [];
const complaints: unknown[] = [];
const log = (message: string, details: object): void => void complaints.push([message, details]);
function start(source: MemorySource, options: VectorsOptions): Vectors {
  const vectors = createVectors(source, { ...options, log });
  open.push(vectors);
  return vectors;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((vectors) => vectors.close()));
  // A graph that fails is scanned in place of, so only its complaint would show it.
  if (complaints.length > 0) throw new Error(JSON.stringify(complaints.splice(0)));
});

/** Waits until every graph has taken in every row. */
async function settled(vectors: Vectors): Promise<void> {
  while ((vectors.status().pending ?? 0) > 0) await new Promise((done) => setTimeout(done, 5));
}

type Found = { key: string; cosine: number }[];

/** The definition of a search, in double precision. */
function bruteForce(source: MemorySource, request: SearchRequest): Found {
  return [...source.vectorsNow[request.kind]]
    .map(([key, vector]) => ({ key, cosine: dot(request.query, vector) }))
    .filter(({ key, cosine }) => key !== request.exclude && cosine >= request.minCosine)
    .toSorted((a, b) => b.cosine - a.cosine || (a.key < b.key ? -1 : 1))
    .slice(0, request.limit);
}

function expectSame(found: Found, want: Found): void {
  expect(found.map(({ key }) => key)).toEqual(want.map(({ key }) => key));
  for (const [i, { cosine }] of found.entries())
    expect(Math.abs(cosine - want[i]!.cosine)).toBeLessThan(3e-7);
}

/** Unit vectors of small whole numbers: equal scores are exactly equal in every kernel. */
const coarse = fc
  .array(fc.integer({ min: -1, max: 1 }), { minLength: 4, maxLength: 4 })
  .filter((values) => values.filter((value) => value !== 0).length === 1 || !values.includes(0))
  .map((values) => normalise(Float32Array.from(values)));

describe.each(ENGINES)('searching with %s', (_, options) => {
  it('finds what a brute-force search finds after any changes', { timeout: 120_000 }, async () => {
    const kind = fc.constantFrom('face' as const, 'user' as const);
    const step = fc.record({
      kind,
      key: fc.integer({ min: 0, max: 30 }).map(String),
      vector: fc.option(coarse, { freq: 4, nil: undefined }),
    });
    const request = fc.record({
      kind,
      query: coarse,
      limit: fc.constantFrom(1, 2, 5, 100),
      minCosine: fc.constantFrom(-1, -0.1, 0.4, 0.9),
      exclude: fc.option(fc.integer({ min: 0, max: 30 }).map(String), { nil: undefined }),
    });
    const round = fc.record({
      steps: fc.array(step, { maxLength: 40 }),
      truncate: fc.boolean(),
      request,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(round, { maxLength: 5 }), async (rounds) => {
        const source = new MemorySource(4, 7);
        const vectors = start(source, options);
        try {
          for (const { steps, truncate, request: asked } of rounds) {
            for (const change of steps) source.set(change.kind, change.key, change.vector);
            if (truncate) source.truncate();
            const { exclude, ...rest } = asked;
            const wanted = exclude === undefined ? rest : { ...rest, exclude };
            const found = await vectors.search(collection(4), wanted, source.sequence);
            const want = bruteForce(source, wanted);
            expect(found).toHaveLength(want.length);
            expectSame(found, want);
          }
        } finally {
          await vectors.close();
        }
      }),
      { numRuns: 40 },
    );
  });

  it('keeps ties in the order of their keys, also at the cut', async () => {
    const source = new MemorySource(4);
    const vector = Float32Array.of(0, 1, 0, 0);
    for (const key of ['m', 'z', 'b', 'k', 'a', 'y']) source.set('face', key, vector);
    const vectors = start(source, options);
    const request = { kind: 'face' as const, query: vector, minCosine: 0 };
    const keys = async (limit: number, exclude?: string) => {
      const asked = { ...request, limit, ...(exclude !== undefined && { exclude }) };
      const found = await vectors.search(collection(4), asked, source.sequence);
      return found.map(({ key }) => key).join('');
    };
    expect(await keys(1)).toBe('a');
    expect(await keys(3)).toBe('abk');
    expect(await keys(2, 'a')).toBe('bk');
    expect(await keys(100, 'm')).toBe('abkyz');
  });

  it('refuses a query that is not a unit vector of the dimension, and a limit that is none', async () => {
    const source = new MemorySource(4);
    source.set('face', 'a', Float32Array.of(1, 0, 0, 0));
    const vectors = start(source, options);
    const good = {
      kind: 'face' as const,
      query: Float32Array.of(1, 0, 0, 0),
      limit: 1,
      minCosine: 0,
    };
    const search = (change: Partial<SearchRequest>) =>
      vectors.search(collection(4), { ...good, ...change }, 1);
    await expect(search({ query: Float32Array.of(1, 0) })).rejects.toThrow(RangeError);
    await expect(search({ query: Float32Array.of(NaN, 0, 0, 0) })).rejects.toThrow(RangeError);
    await expect(search({ query: new Float32Array(4) })).rejects.toThrow(RangeError);
    await expect(search({ limit: 0 })).rejects.toThrow(RangeError);
    await expect(search({ limit: 1.5 })).rejects.toThrow(RangeError);
    await expect(search({ minCosine: NaN })).rejects.toThrow(RangeError);
    expect(await search({})).toHaveLength(1);
  });

  it('answers rightly while vectors come, change and go', { timeout: 120_000 }, async () => {
    const dimension = 24;
    const random = new Random(5);
    const source = new MemorySource(dimension);
    const stable = random.direction(dimension);
    for (let i = 0; i < 10; i++) source.set('face', `stable${i}`, random.near(stable, 0.95));
    for (let i = 0; i < 3000; i++) source.set('face', `k${i}`, random.direction(dimension));
    const vectors = start(source, options);
    const request = { kind: 'face' as const, query: stable, limit: 10, minCosine: 0.9 };
    const gone = new Set<string>();
    const search = async () => {
      const goneBefore = new Set(gone);
      const found = await vectors.search(collection(dimension), request, source.sequence);
      const keys = found.map(({ key }) => key);
      expect(keys.filter((key) => key.startsWith('stable'))).toHaveLength(10);
      expect(keys.filter((key) => goneBefore.has(key))).toEqual([]);
    };
    for (let round = 0; round < 25; round++) {
      const searches = Array.from({ length: 4 }, search);
      for (let i = 0; i < 60; i++) {
        const key = `k${random.below(3000)}`;
        const remove = random.unit() < 0.4;
        source.set('face', key, remove ? undefined : random.direction(dimension));
        if (remove) gone.add(key);
        else gone.delete(key);
      }
      await Promise.all([...searches, vectors.reach(collection(dimension), source.sequence)]);
    }
    await settled(vectors);
    const wanted = { ...request, query: random.direction(dimension), minCosine: -1 };
    const found = await vectors.search(collection(dimension), wanted, source.sequence);
    expectSame(found, bruteForce(source, wanted));
  });
});

describe.each(GRAPH_ENGINES)('with a graph of %s', (engine) => {
  /** Never scans because that would be cheaper. */
  const ALWAYS = { ...HNSWLIB_SETTINGS, maxShare: 1 };

  const dimension = 64;
  const crowd = people({ people: 1500, each: 4, dimension }, 11);
  const random = new Random(12);
  const probes = crowd.map(({ centre }) => random.near(centre, Math.sqrt(0.7)));

  async function enrolled(options: VectorsOptions) {
    const source = new MemorySource(dimension);
    for (const [i, { faces }] of crowd.entries())
      for (const [j, face] of faces.entries()) source.set('face', `${i}/${j}`, face);
    const vectors = start(source, options);
    await vectors.reach(collection(dimension), source.sequence);
    await settled(vectors);
    return { source, vectors };
  }

  it('finds the right person among 6000 faces as often as a scan does', {
    timeout: 120_000,
  }, async () => {
    const { source, vectors } = await enrolled({
      flatLimits: { face: 1000, user: 1000 },
      engine,
      graphSettings: ALWAYS,
    });
    const scan = start(source, { flatLimits: NEVER_FLAT, engine: 'flat' });
    let genuine = 0;
    let found = 0;
    for (const query of probes.slice(0, 500)) {
      const request = { kind: 'face' as const, query, limit: 1, minCosine: 0.4 };
      const [want] = await scan.search(collection(dimension), request, source.sequence);
      const [got] = await vectors.search(collection(dimension), request, source.sequence);
      if (!want) continue;
      genuine++;
      if (got?.key === want.key) found++;
    }
    expect(genuine).toBeGreaterThan(400);
    expect(found / genuine).toBeGreaterThanOrEqual(0.99);
  });

  it('finds all matches above a cosine, few or many', { timeout: 120_000 }, async () => {
    const { source, vectors } = await enrolled({
      flatLimits: { face: 1000, user: 1000 },
      engine,
      graphSettings: ALWAYS,
    });
    let wanted = 0;
    let got = 0;
    for (const [i, query] of probes.slice(0, 60).entries()) {
      const minCosine = [0.5, 0.25, 0][i % 3]!;
      const request = { kind: 'face' as const, query, limit: 4096, minCosine };
      const want = new Set(bruteForce(source, request).map(({ key }) => key));
      const found = await vectors.search(collection(dimension), request, source.sequence);
      wanted += want.size;
      got += found.filter(({ key }) => want.has(key)).length;
      expect(found.every(({ cosine }) => cosine >= minCosine)).toBe(true);
    }
    expect(got / wanted).toBeGreaterThanOrEqual(0.999);
  });

  it('never returns what was deleted, and rebuilds a graph that is worn', {
    timeout: 120_000,
  }, async () => {
    const { source, vectors } = await enrolled({
      flatLimits: { face: 1000, user: 1000 },
      engine,
      graphSettings: ALWAYS,
    });
    for (const [i, { faces }] of crowd.entries())
      if (i % 2 === 0) for (const j of faces.keys()) source.set('face', `${i}/${j}`, undefined);
    await vectors.reach(collection(dimension), source.sequence);
    let missed = 0;
    // At once, and when the new graph is there.
    for (let round = 0; round < 2; round++) {
      for (const [i, query] of probes.slice(0, 200).entries()) {
        const request = { kind: 'face' as const, query, limit: 4, minCosine: 0.5 };
        const found = await vectors.search(collection(dimension), request, source.sequence);
        const owners = new Set(found.map(({ key }) => Number(key.split('/')[0])));
        expect([...owners].filter((owner) => owner % 2 === 0)).toEqual([]);
        if (i % 2 === 1 && !owners.has(i)) missed++;
      }
      await settled(vectors);
    }
    expect(missed).toBeLessThanOrEqual(2);
  });

  it('goes back to scanning when few are left', { timeout: 120_000 }, async () => {
    const { source, vectors } = await enrolled({ flatLimits: { face: 5000, user: 0 }, engine });
    for (const [i, { faces }] of crowd.entries())
      if (i >= 10) for (const j of faces.keys()) source.set('face', `${i}/${j}`, undefined);
    const request = { kind: 'face' as const, query: probes[3]!, limit: 40, minCosine: -1 };
    const found = await vectors.search(collection(dimension), request, source.sequence);
    expectSame(found, bruteForce(source, request));
    expect(vectors.status()).toMatchObject({ faces: 40, pending: 0 });
  });
});

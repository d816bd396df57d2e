import { describe, expect, it } from 'vitest';
import { Arena } from '../../src/vectors/arena.js';
import { exactEngine } from '../../src/vectors/exact.js';
import { HNSW_SETTINGS, hnswGraphs } from '../../src/vectors/hnsw.js';
import { GraphEngine, type GraphSettings } from '../../src/vectors/hnsw-engine.js';
import { loadNativeGraph } from '../../src/vectors/hnsw-native.js';
import { kernels } from '../../src/vectors/kernels.js';
import { Pacer } from '../../src/vectors/pacer.js';
import { Random } from './data.js';

const dimension = 16;
const Graph = loadNativeGraph();
const graphs = hnswGraphs(Graph!);

/** An arena of random rows under a graph that is asked from the first row on. */
function enrolled(rows: number, settings: Partial<GraphSettings> = {}) {
  const random = new Random(rows);
  const arena = new Arena(dimension, kernels()[0]);
  for (let i = 0; i < rows; i++) arena.put(`k${i}`, random.direction(dimension));
  const exact = exactEngine(arena, new Pacer());
  const complaints: string[] = [];
  const made: number[] = [];
  const engine = new GraphEngine(arena, {
    exact,
    maker: {
      ...graphs,
      newGraph(...args) {
        const graph = graphs.newGraph(...args);
        made.push(graph.m);
        return graph;
      },
    },
    settings: { ...HNSW_SETTINGS, maxShare: 1, ...settings },
    log: (message) => complaints.push(message),
  });
  const wanted = { query: random.direction(dimension), limit: 10, minCosine: -1 };
  return { random, arena, exact, engine, complaints, wanted, made };
}

async function settled(engine: GraphEngine): Promise<void> {
  do await new Promise((done) => setTimeout(done, 2));
  while (engine.pending > 0);
}

describe.skipIf(!Graph)('the hnsw engine', () => {
  it('answers rightly before, while and after its graph is built', async () => {
    const { exact, engine, wanted, complaints } = enrolled(3000);
    const want = await exact.search(wanted);
    expect(engine.pending).toBe(3000);
    for (let i = 0; i < 20; i++) expect(await engine.search(wanted)).toEqual(want);
    expect(engine.pending).toBeGreaterThan(0);
    await settled(engine);
    expect(await engine.search(wanted)).toEqual(want);
    expect(complaints).toEqual([]);
  });

  it('gives the current vector of a row written again while a search waits', async () => {
    const { arena, engine, wanted } = enrolled(1500);
    await settled(engine);
    const { query } = wanted;
    const found = engine.search({ ...wanted, minCosine: 0.99 });
    engine.written(arena.put('k7', query));
    expect(await engine.search({ ...wanted, minCosine: 0.99 })).toMatchObject([{ key: 'k7' }]);
    for (const { key, cosine } of await found) {
      expect(key).toBe('k7');
      expect(cosine).toBeCloseTo(1, 6);
    }
  });

  it('drops a row freed while a search waits, also when another key has its place', async () => {
    const { arena, engine, wanted, random } = enrolled(1500);
    await settled(engine);
    const best = (await engine.search({ ...wanted, limit: 1 }))[0]!.key;
    const waiting = engine.search(wanted);
    engine.freed(arena.remove(best)!);
    engine.written(arena.put('newcomer', random.near(wanted.query, -0.9)));
    const keys = (await waiting).map(({ key }) => key);
    expect(keys).not.toContain(best);
    expect(keys).not.toContain('newcomer');
    expect(keys).toHaveLength(10);
  });

  it('finds a user whose centroid changes with every face', async () => {
    const { arena, engine, wanted, random } = enrolled(2000);
    await settled(engine);
    for (let i = 0; i < 400; i++) {
      engine.written(arena.put('k9', random.near(wanted.query, 0.995)));
      if (i % 40 === 0) await settled(engine);
      const [best] = await engine.search({ ...wanted, limit: 1 });
      expect(best?.key).toBe('k9');
    }
  });

  it('answers searches that were under way when it was closed', async () => {
    const { exact, engine, wanted, complaints } = enrolled(2000, { candidates: () => 1500 });
    const want = await exact.search(wanted);
    const building = engine.search(wanted);
    await settled(engine);
    const waiting = Array.from({ length: 20 }, () => engine.search(wanted));
    engine.close();
    expect(await building).toEqual(want);
    for (const matches of await Promise.all(waiting)) expect(matches).toEqual(want);
    expect(await engine.search(wanted)).toEqual(want);
    expect(complaints).toEqual([]);
  });

  it('builds a new graph when too many rows were replaced', async () => {
    const { arena, random, exact, engine, wanted, complaints, made } = enrolled(2000);
    await settled(engine);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 2000; i++)
        engine.written(arena.put(`k${i}`, random.direction(dimension)));
      await settled(engine);
      expect(await engine.search(wanted)).toEqual(await exact.search(wanted));
    }
    expect(made.length).toBeGreaterThanOrEqual(3);
    expect(complaints).toEqual([]);
  });

  it('builds a graph with more links for a collection that has outgrown its own', async () => {
    const m = (rows: number): number => (rows <= 500 ? 8 : 16);
    const { arena, random, exact, engine, wanted, made } = enrolled(400, { m });
    await settled(engine);
    for (let i = 400; i < 800; i++) engine.written(arena.put(`k${i}`, random.direction(dimension)));
    await settled(engine);
    await settled(engine);
    expect(made).toEqual([8, 16]);
    expect(await engine.search(wanted)).toEqual(await exact.search(wanted));
  });

  it('tells callers when too much is asked of it, and stays in service', async () => {
    const { engine, wanted, exact, complaints } = enrolled(2000, { candidates: () => 1900 });
    await settled(engine);
    const want = await exact.search(wanted);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6000 }, () => engine.search(wanted)),
    );
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(3000);
    for (const outcome of refused)
      expect(outcome).toMatchObject({ reason: { code: 'ThrottlingException' } });
    expect(await engine.search(wanted)).toEqual(want);
    expect(complaints).toEqual([]);
  });
});

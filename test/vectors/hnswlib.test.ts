import { afterEach, describe, expect, it } from 'vitest';
import { Arena } from '../../src/vectors/arena.js';
import { exactEngine } from '../../src/vectors/exact.js';
import { GRAPH_SETTINGS, HnswlibEngine } from '../../src/vectors/hnswlib.js';
import { HnswlibHost } from '../../src/vectors/hnswlib-host.js';
import { kernels } from '../../src/vectors/kernels.js';
import { Pacer } from '../../src/vectors/pacer.js';
import { Random } from './data.js';

const dimension = 16;
const host = { now: new HnswlibHost() };
afterEach(async () => {
  await host.now.close();
  host.now = new HnswlibHost();
});

/** An arena of random rows under a graph that is asked from the first row on. */
function enrolled(rows: number) {
  const random = new Random(rows);
  const arena = new Arena(dimension, kernels()[0]);
  for (let i = 0; i < rows; i++) arena.put(`k${i}`, random.direction(dimension));
  const exact = exactEngine(arena, new Pacer());
  const complaints: string[] = [];
  const engine = new HnswlibEngine(arena, {
    exact,
    host: host.now,
    settings: { ...GRAPH_SETTINGS, maxShare: 1 },
    log: (message) => complaints.push(message),
  });
  const wanted = { query: random.direction(dimension), limit: 10, minCosine: -1 };
  return { random, arena, exact, engine, complaints, wanted };
}

async function settled(engine: HnswlibEngine): Promise<void> {
  while (engine.pending > 0) await new Promise((done) => setTimeout(done, 2));
}

describe('the hnswlib engine', () => {
  it('answers rightly before, while and after its graph is built', async () => {
    const { exact, engine, wanted, complaints } = enrolled(2000);
    const want = await exact.search(wanted);
    expect(engine.pending).toBe(2000);
    expect(await engine.search(wanted)).toEqual(want);
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

  it('scans on when its worker has ended, and says so', async () => {
    const { exact, engine, wanted, complaints } = enrolled(2000);
    const want = await exact.search(wanted);
    await settled(engine);
    const waiting = engine.search(wanted);
    await host.now.close();
    expect(await waiting).toEqual(want);
    expect(await engine.search(wanted)).toEqual(want);
    expect(complaints).toEqual(['a search graph failed; searches scan instead']);
    engine.close();
  });

  it('answers searches that were under way when it was closed', async () => {
    const { exact, engine, wanted, complaints } = enrolled(2000);
    const want = await exact.search(wanted);
    const building = engine.search(wanted);
    await settled(engine);
    const waiting = engine.search(wanted);
    engine.close();
    expect(await building).toEqual(want);
    expect(await waiting).toEqual(want);
    expect(complaints).toEqual([]);
  });

  it('builds a new graph when too many rows were replaced', async () => {
    const { arena, random, exact, engine, wanted, complaints } = enrolled(2000);
    await settled(engine);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 2000; i++)
        engine.written(arena.put(`k${i}`, random.direction(dimension)));
      await settled(engine);
      expect(await engine.search(wanted)).toEqual(await exact.search(wanted));
    }
    expect(complaints).toEqual([]);
  });
});

describe('the hnswlib worker', () => {
  it('ends at any moment without taking the process with it', async () => {
    // hnswlib-node aborts the process when its thread is stopped inside a call.
    for (let round = 0; round < 60; round++) {
      const engines = Array.from({ length: 4 }, () => {
        const { engine, wanted } = enrolled(300);
        return { engine, asked: engine.search(wanted).catch(() => undefined) };
      });
      await new Promise((done) => setTimeout(done, round % 20));
      for (const { engine } of engines) engine.close();
      await host.now.close();
      await Promise.all(engines.map(({ asked }) => asked));
      host.now = new HnswlibHost();
    }
    expect(host.now.newGraph().graph).toBe(1);
  });
});

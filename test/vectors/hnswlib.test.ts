import { afterEach, describe, expect, it } from 'vitest';
import { hnswlibGraphs } from '../../src/vectors/hnswlib.js';
import { HnswlibHost } from '../../src/vectors/hnswlib-host.js';
import { enrolled as enrolledIn, settled } from './indexes.js';

const dimension = 16;
const host = { now: new HnswlibHost() };
afterEach(async () => {
  await host.now.close();
  host.now = new HnswlibHost();
});

const enrolled = (rows: number) => enrolledIn(rows, { dimension, graphs: hnswlibGraphs(host.now) });

describe('the hnswlib engine', () => {
  it('answers rightly before, while and after its graph is built', async () => {
    const { scan, index, wanted, complaints } = enrolled(2000);
    const want = await scan.search(wanted);
    expect(index.pending).toBe(2000);
    expect(await index.search(wanted)).toEqual(want);
    expect(index.pending).toBeGreaterThan(0);
    await settled(index);
    expect(await index.search(wanted)).toEqual(want);
    expect(complaints).toEqual([]);
  });

  it('gives the current vector of a row written again while a search waits', async () => {
    const { set, index, wanted } = enrolled(1500);
    await settled(index);
    const { query } = wanted;
    const found = index.search({ ...wanted, minCosine: 0.99 });
    set('k7', query);
    expect(await index.search({ ...wanted, minCosine: 0.99 })).toMatchObject([{ key: 'k7' }]);
    for (const { key, cosine } of await found) {
      expect(key).toBe('k7');
      expect(cosine).toBeCloseTo(1, 6);
    }
  });

  it('drops a row freed while a search waits, also when another key has its place', async () => {
    const { set, index, wanted, random } = enrolled(1500);
    await settled(index);
    const best = (await index.search({ ...wanted, limit: 1 }))[0]!.key;
    const waiting = index.search(wanted);
    set(best, undefined);
    set('newcomer', random.near(wanted.query, -0.9));
    const keys = (await waiting).map(({ key }) => key);
    expect(keys).not.toContain(best);
    expect(keys).not.toContain('newcomer');
    expect(keys).toHaveLength(10);
  });

  it('scans on when its worker has ended, and says so', async () => {
    const { scan, index, wanted, complaints } = enrolled(2000);
    const want = await scan.search(wanted);
    await settled(index);
    const waiting = index.search(wanted);
    await host.now.close();
    expect(await waiting).toEqual(want);
    expect(await index.search(wanted)).toEqual(want);
    expect(complaints).toEqual(['a search graph failed; searches scan instead']);
    index.close();
  });

  it('answers searches that were under way when it was closed', async () => {
    const { scan, index, wanted, complaints } = enrolled(2000);
    const want = await scan.search(wanted);
    const building = index.search(wanted);
    await settled(index);
    const waiting = index.search(wanted);
    index.close();
    expect(await building).toEqual(want);
    expect(await waiting).toEqual(want);
    expect(complaints).toEqual([]);
  });

  it('builds a new graph when too many rows were replaced', async () => {
    const { set, random, scan, index, wanted, complaints } = enrolled(2000);
    await settled(index);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 2000; i++) set(`k${i}`, random.direction(dimension));
      await settled(index);
      expect(await index.search(wanted)).toEqual(await scan.search(wanted));
    }
    expect(complaints).toEqual([]);
  });
});

describe('the hnswlib worker', () => {
  it('ends at any moment without taking the process with it', { timeout: 180_000 }, async () => {
    // hnswlib-node aborts the process when its thread is stopped inside a call.
    for (let round = 0; round < 60; round++) {
      const indexes = Array.from({ length: 4 }, () => {
        const { index, wanted } = enrolled(300);
        return { index, asked: index.search(wanted).catch(() => undefined) };
      });
      await new Promise((done) => setTimeout(done, round % 20));
      for (const { index } of indexes) index.close();
      await host.now.close();
      await Promise.all(indexes.map(({ asked }) => asked));
      host.now = new HnswlibHost();
    }
    expect(host.now.newGraph().graph).toBe(1);
  });
});

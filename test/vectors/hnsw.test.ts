import { describe, expect, it } from 'vitest';
import type { GraphSettings } from '../../src/vectors/graph-engine.js';
import { hnswGraphs } from '../../src/vectors/hnsw.js';
import { enrolled as enrolledIn, native, pacer, settled } from './indexes.js';

const dimension = 16;

const enrolled = (rows: number, settings: Partial<GraphSettings> = {}) =>
  enrolledIn(rows, { dimension, graphs: hnswGraphs(native!, pacer), settings });

describe.skipIf(!native)('the hnsw engine', () => {
  it('answers rightly before, while and after its graph is built', async () => {
    const { scan, index, wanted, complaints } = enrolled(3000);
    const want = await scan.search(wanted);
    expect(index.pending).toBe(3000);
    for (let i = 0; i < 20; i++) expect(await index.search(wanted)).toEqual(want);
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

  it('finds a user whose centroid changes with every face', async () => {
    const { set, index, wanted, random } = enrolled(2000);
    await settled(index);
    for (let i = 0; i < 400; i++) {
      set('k9', random.near(wanted.query, 0.995));
      if (i % 40 === 0) await settled(index);
      const [best] = await index.search({ ...wanted, limit: 1 });
      expect(best?.key).toBe('k9');
    }
  });

  it('answers searches that were under way when it was closed', async () => {
    const { scan, index, wanted, complaints } = enrolled(2000, { candidates: () => 1500 });
    const want = await scan.search(wanted);
    const building = index.search(wanted);
    await settled(index);
    const waiting = Array.from({ length: 20 }, () => index.search(wanted));
    index.close();
    expect(await building).toEqual(want);
    for (const matches of await Promise.all(waiting)) expect(matches).toEqual(want);
    expect(await index.search(wanted)).toEqual(want);
    expect(complaints).toEqual([]);
  });

  it('builds a new graph when too many rows were replaced', async () => {
    const { set, random, scan, index, wanted, complaints, made } = enrolled(2000);
    await settled(index);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 2000; i++) set(`k${i}`, random.direction(dimension));
      await settled(index);
      expect(await index.search(wanted)).toEqual(await scan.search(wanted));
    }
    expect(made.length).toBeGreaterThanOrEqual(3);
    expect(complaints).toEqual([]);
  });

  it('builds a graph with more links for a collection that has outgrown its own', async () => {
    const m = (rows: number): number => (rows <= 500 ? 8 : 16);
    const { set, random, scan, index, wanted, made } = enrolled(400, { m });
    await settled(index);
    for (let i = 400; i < 800; i++) set(`k${i}`, random.direction(dimension));
    await settled(index);
    await settled(index);
    expect(made).toEqual([8, 16]);
    expect(await index.search(wanted)).toEqual(await scan.search(wanted));
  });

  it('does not finish a graph that a collection outgrows while it is loaded', async () => {
    const m = (rows: number): number => (rows <= 500 ? 8 : 16);
    const { scan, index, wanted, made } = enrolled(2000, { m });
    expect(made).toEqual([8, 16]);
    await settled(index);
    expect(made).toEqual([8, 16]);
    expect(await index.search(wanted)).toEqual(await scan.search(wanted));
  });

  it('tells callers when too much is asked of it, and stays in service', async () => {
    const { index, wanted, scan, complaints } = enrolled(2000, { candidates: () => 1900 });
    await settled(index);
    const want = await scan.search(wanted);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6000 }, () => index.search(wanted)),
    );
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(3000);
    for (const outcome of refused)
      expect(outcome).toMatchObject({ reason: { code: 'ThrottlingException' } });
    expect(await index.search(wanted)).toEqual(want);
    expect(complaints).toEqual([]);
  });
});

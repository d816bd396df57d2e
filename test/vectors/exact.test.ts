import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { Arena, SEGMENT_ROWS } from '../../src/vectors/arena.js';
import type { Engine, Wanted } from '../../src/vectors/engine.js';
import { exactEngine } from '../../src/vectors/exact.js';
import { Pacer } from '../../src/vectors/pacer.js';
import { Random } from './data.js';
import { javascriptKernel } from './kernel-javascript.js';

/** Enough rows for several segments, and for a scan by the slowest kernel to give way several times. */
const ROWS = 7 * SEGMENT_ROWS;
const dimension = 96;

const names = (...numbers: number[]) => numbers.map((number) => `match${number}`);

describe('a long scan', () => {
  const random = new Random(1);
  const query = random.direction(dimension);
  const wanted: Wanted = { query, limit: 5, minCosine: 0.5 };
  /** Ten matches, the best first, spread over the arena. */
  const matches = Array.from({ length: 10 }, (_, i) => ({
    key: `match${i}`,
    vector: random.near(query, 0.99 - i * 0.04),
    at: (i * 7919 * 13) % ROWS,
  }));
  const other = random.near(query, 0);
  let arena: Arena;
  let engine: Engine;

  beforeEach(() => {
    arena = new Arena(dimension, javascriptKernel);
    const byPlace = new Map(matches.map((match) => [match.at, match]));
    for (let i = 0; i < ROWS; i++) {
      const match = byPlace.get(i);
      arena.put(match?.key ?? `k${i}`, match?.vector ?? other);
    }
    engine = exactEngine(arena, new Pacer());
  });

  /** Searches, and makes a change as soon as the scan has given way for the first time. */
  async function disturbed(change: () => void): Promise<string[]> {
    let done = false;
    const search = engine.search(wanted).finally(() => {
      done = true;
    });
    await setImmediate();
    expect(done).toBe(false);
    change();
    return (await search).map(({ key }) => key);
  }

  it('finds the best of all segments', async () => {
    const found = await engine.search(wanted);
    expect(found.map(({ key }) => key)).toEqual(names(0, 1, 2, 3, 4));
  });

  it('does not return what was removed meanwhile, but what comes next', async () => {
    const found = await disturbed(() => {
      for (const key of names(0, 2, 4)) arena.remove(key);
    });
    expect(found).toEqual(names(1, 3, 5, 6, 7));
  });

  it('does not take a newcomer for the row whose place it got', async () => {
    const found = await disturbed(() => {
      arena.remove('match1');
      arena.put('newcomer', random.near(query, -0.5));
    });
    expect(found).toEqual(names(0, 2, 3, 4, 5));
  });

  it('returns the cosines as they are at the end', async () => {
    const found = await disturbed(() => arena.put('match0', random.near(query, 0.6)));
    expect(found).toEqual(names(1, 2, 3, 4, 5));
  });

  it('ends although something changes at every turn', async () => {
    const stop = new AbortController();
    const changing = (async () => {
      for (let i = 0; !stop.signal.aborted; i++) {
        arena.put('match0', random.near(query, i % 2 ? 0.99 : 0.6));
        await setImmediate();
      }
    })();
    const found = await engine.search(wanted);
    stop.abort();
    await changing;
    expect(found).toHaveLength(5);
  });

  it('lets others run: many at once share each turn of the event loop', async () => {
    let turns = 0;
    const stop = new AbortController();
    const counting = (async () => {
      while (!stop.signal.aborted) {
        await setImmediate();
        turns++;
      }
    })();
    await Promise.all(Array.from({ length: 4 }, () => engine.search(wanted)));
    stop.abort();
    await counting;
    expect(turns).toBeGreaterThan(3);
  });
});

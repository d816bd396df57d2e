import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { PortableTable } from '../../src/vectors/portable-table.js';
import type { Wanted } from '../../src/vectors/searching.js';
import { SEGMENT_ROWS } from '../../src/vectors/segments.js';
import type { Table, TableShape } from '../../src/vectors/table.js';
import { VectorIndex } from '../../src/vectors/vector-index.js';
import { Random } from './data.js';
import { native, pacer, toolsOf } from './indexes.js';
import { javascriptKernel } from './kernel-javascript.js';

/** Enough rows for several segments, and for a scan by the slowest kernel to give way several times. */
const ROWS = 7 * SEGMENT_ROWS;
const dimension = 96;

const names = (...numbers: number[]) => numbers.map((number) => `match${number}`);

const TABLES: Record<string, (shape: TableShape) => Table> = {
  ...(native && {
    'by the threads of the addon': (shape: TableShape) =>
      new native!.Table({ ...shape, inlineMicroseconds: 0 }),
  }),
  'on this thread': (shape) => new PortableTable(javascriptKernel, pacer, shape),
};

describe.each(Object.entries(TABLES))('a long scan %s', (_name, newTable) => {
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
  let index: VectorIndex;

  beforeEach(() => {
    const tools = toolsOf({ kernel: javascriptKernel, newTable });
    index = new VectorIndex(dimension, tools, { graphs: undefined, flatLimit: 0 });
    const byPlace = new Map(matches.map((match) => [match.at, match]));
    for (let i = 0; i < ROWS; i++) {
      const match = byPlace.get(i);
      index.set(match?.key ?? `k${i}`, match?.vector ?? other);
    }
  });

  /** Searches, and makes a change as soon as the scan has given way for the first time. */
  async function disturbed(change: () => void): Promise<string[]> {
    let done = false;
    const search = index.search(wanted).finally(() => {
      done = true;
    });
    await setImmediate();
    expect(done).toBe(false);
    change();
    return (await search).map(({ key }) => key);
  }

  it('finds the best of all segments', async () => {
    const found = await index.search(wanted);
    expect(found.map(({ key }) => key)).toEqual(names(0, 1, 2, 3, 4));
  });

  it('does not return what was removed meanwhile, but what comes next', async () => {
    const found = await disturbed(() => {
      for (const key of names(0, 2, 4)) index.set(key, undefined);
    });
    expect(found).toEqual(names(1, 3, 5, 6, 7));
  });

  it('does not take a newcomer for the row whose place it got', async () => {
    const found = await disturbed(() => {
      index.set('match1', undefined);
      index.set('newcomer', random.near(query, -0.5));
    });
    expect(found).toEqual(names(0, 2, 3, 4, 5));
  });

  it('returns the cosines as they are at the end', async () => {
    const found = await disturbed(() => index.set('match0', random.near(query, 0.6)));
    expect(found).toEqual(names(1, 2, 3, 4, 5));
  });

  it('ends although something changes at every turn', async () => {
    const stop = new AbortController();
    const changing = (async () => {
      for (let i = 0; !stop.signal.aborted; i++) {
        index.set('match0', random.near(query, i % 2 ? 0.99 : 0.6));
        await setImmediate();
      }
    })();
    const found = await index.search(wanted);
    stop.abort();
    await changing;
    expect(found).toHaveLength(5);
  });

  it('finds a key that is replaced meanwhile, with the cosine it has then', async () => {
    const found = await disturbed(() => {
      index.set('match1', random.near(query, 0.995));
    });
    expect(found).toEqual(names(1, 0, 2, 3, 4));
    const [best] = await index.search({ ...wanted, limit: 1 });
    expect(best?.cosine).toBeCloseTo(0.995, 2);
  });

  it.skipIf(newTable !== TABLES['on this thread'])(
    'lets others run: many at once share each turn of the event loop',
    async () => {
      let turns = 0;
      const stop = new AbortController();
      const counting = (async () => {
        while (!stop.signal.aborted) {
          await setImmediate();
          turns++;
        }
      })();
      await Promise.all(Array.from({ length: 4 }, () => index.search(wanted)));
      stop.abort();
      await counting;
      expect(turns).toBeGreaterThan(3);
    },
  );
});

describe.skipIf(!native)('scans that come in while the threads are busy', () => {
  const random = new Random(3);
  const vectors = Array.from({ length: 500 }, () => random.direction(dimension));
  /** Queries of each call. */
  let calls: number[];
  let open: () => void;
  let index: VectorIndex;

  beforeEach(() => {
    calls = [];
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    /** A table whose searches look long, and take until it is opened. */
    const slow = (shape: TableShape): Table =>
      new Proxy(new native!.Table(shape), {
        get(table, name) {
          if (name === 'scanMicroseconds') return 1e6;
          if (name === 'search')
            return async (...args: Parameters<Table['search']>) => {
              calls.push(args[1].length);
              await opened;
              return table.search(...args);
            };
          const value = Reflect.get(table, name) as unknown;
          return typeof value === 'function' ? value.bind(table) : value;
        },
      });
    index = new VectorIndex(dimension, toolsOf({ newTable: slow }), {
      graphs: undefined,
      flatLimit: 0,
    });
    for (const [i, vector] of vectors.entries()) index.set(`k${i}`, vector);
  });

  const search = (i: number) => index.search({ query: vectors[i]!, limit: 1, minCosine: 0.9 });

  it('go together into the next call', async () => {
    const found: Promise<{ key: string }[]>[] = [];
    for (let i = 0; i < 300; i++) {
      found.push(search(i));
      await setImmediate();
    }
    const busy = availableParallelism() + 1;
    expect(calls).toEqual(Array.from({ length: busy }, () => 1));
    open();
    const keys = (await Promise.all(found)).map(([best]) => best?.key);
    expect(keys).toEqual(Array.from({ length: 300 }, (_, i) => `k${i}`));
    const rest = calls.slice(busy);
    expect(rest.reduce((sum, count) => sum + count, 0)).toBe(300 - busy);
    expect(rest.length).toBe(Math.ceil((300 - busy) / 64));
  });

  it('are refused when too many wait, and the others answered', async () => {
    const found = Array.from({ length: 6000 }, (_, i) => search(i % 500));
    const ends = Promise.allSettled(found);
    await setImmediate();
    open();
    const refused = (await ends).filter(({ status }) => status === 'rejected');
    for (const each of refused)
      expect(each).toMatchObject({ reason: { code: 'ThrottlingException' } });
    expect(refused.length).toBeGreaterThan(0);
    expect(6000 - refused.length).toBeGreaterThanOrEqual(4096);
  });
});

import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kernels } from '../../src/vectors/kernels.js';
import { segmentRows } from '../../src/vectors/segments.js';
import { loadNativeIndex, type Results, type Table } from '../../src/vectors/table.js';
import { Random } from '../vectors/data.js';

const addon = resolve(import.meta.dirname, '../../native/build/Release/likeness.node');
const native = loadNativeIndex();
const Table = native?.Table as NonNullable<typeof native>['Table'];

const NATIVE_KERNELS = kernels()
  .map(({ name }) => name)
  .filter((name) => name !== 'wasm');

const code = (name: string) => expect.objectContaining({ code: name });

function directions(count: number, dimension: number, seed: number): Float32Array[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => random.direction(dimension));
}

function tableOf(vectors: readonly Float32Array[], shape: object = {}): Table {
  const dimension = vectors[0]!.length;
  const table = new Table({ dimension, ...shape });
  let room = 0;
  for (let segment = 0; room < vectors.length; segment++) {
    const rows = segmentRows(segment);
    table.addSegment(new Float32Array(new SharedArrayBuffer(rows * dimension * 4)));
    room += rows;
  }
  for (const [i, vector] of vectors.entries()) table.put(i, vector);
  return table;
}

function joined(vectors: readonly Float32Array[]): Float32Array {
  const rows = new Float32Array(vectors.length * vectors[0]!.length);
  for (const [i, vector] of vectors.entries()) rows.set(vector, i * vector.length);
  return rows;
}

/** What the plain float kernel of the same instruction set finds in rows end to end. */
function scanned(
  rows: Float32Array,
  query: Float32Array,
  {
    limit,
    floor,
    kernel,
    live,
  }: { limit: number; floor: number; kernel: string; live: Uint8Array },
) {
  const { topK } = kernels().find(({ name }) => name === kernel)!;
  const ordinals = new Uint32Array(limit);
  const scores = new Float32Array(limit);
  const count = topK(query, rows, live, floor, ordinals, scores);
  return { ordinals: ordinals.subarray(0, count), scores: scores.subarray(0, count) };
}

const part = ({ ordinals, scores, ends }: Results, i: number) => {
  const start = i === 0 ? 0 : ends[i - 1]!;
  return { ordinals: ordinals.subarray(start, ends[i]), scores: scores.subarray(start, ends[i]) };
};

const search = async (
  table: Table,
  query: Float32Array,
  { limit = 5, floor = -2, allowed }: { limit?: number; floor?: number; allowed?: Uint8Array } = {},
) => table.search(query, Uint32Array.of(limit), Float64Array.of(floor), allowed);

describe.skipIf(!native)('the native table', () => {
  describe.each([0, 1e9])(
    'with searches longer than %i µs on other threads',
    (inlineMicroseconds) => {
      it.each(NATIVE_KERNELS)(
        'finds exactly what a scan of the floats by %s finds, for many queries at once',
        async (kernel) => {
          for (const dimension of [3, 100]) {
            const vectors = directions(16_700, dimension, dimension);
            // Rows that are alike: of equal scores the lower ordinal comes first.
            for (let i = 100; i < 16_600; i += 400) vectors[i] = vectors[50]!;
            const table = tableOf(vectors, { kernel, inlineMicroseconds });
            const rows = joined(vectors);
            const live = new Uint8Array(vectors.length).fill(1);
            for (let i = 0; i < vectors.length; i += 7) {
              expect(table.remove(i)).toBe(true);
              live[i] = 0;
            }
            // Few are scanned one by one, sixteen at once, and the rest of many either way.
            for (const count of [4, 23]) {
              const queries = [vectors[50]!, ...directions(count - 1, dimension, 1)];
              const limits = Uint32Array.from(queries, (_, i) =>
                i === 3 ? 20_000 : [20, 1, 1000, 17][i % 4]!,
              );
              const floors = Float64Array.from(queries, (_, i) => [-2, 0.1, 0.05, -2][i % 4]!);
              const found = await table.search(joined(queries), limits, floors);
              expect([...found.complete]).toEqual(queries.map(() => 1));
              for (const [i, query] of queries.entries()) {
                const asked = { limit: limits[i]!, floor: floors[i]!, kernel, live };
                expect(part(found, i)).toEqual(scanned(rows, query, asked));
              }
            }
          }
        },
      );

      it('finds only what is allowed, few rows or many', async () => {
        const vectors = directions(20_000, 24, 2);
        const table = tableOf(vectors, { inlineMicroseconds });
        const rows = joined(vectors);
        const queries = directions(7, 24, 3);
        const [query] = queries as [Float32Array];
        for (const share of [1, 3, 100, 5000]) {
          const live = new Uint8Array(vectors.length);
          // Shorter than it could be: what it has no bit for is not allowed.
          const allowed = new Uint8Array(2400);
          for (let i = 0; i < allowed.length * 8; i += share) {
            live[i] = 1;
            allowed[i >> 3]! |= 1 << (i & 7);
          }
          table.remove(share);
          live[share] = 0;
          const [kernel] = NATIVE_KERNELS as [string];
          expect(await search(table, query, { limit: 50, allowed })).toMatchObject(
            scanned(rows, query, { limit: 50, floor: -2, kernel, live }),
          );
          const limits = new Uint32Array(queries.length).fill(50);
          const floors = new Float64Array(queries.length).fill(-2);
          const found = await table.search(joined(queries), limits, floors, allowed);
          for (const [i, each] of queries.entries())
            expect(part(found, i)).toEqual(
              scanned(rows, each, { limit: 50, floor: -2, kernel, live }),
            );
          if (!live[share]) table.put(share, vectors[share]!);
        }
        expect((await search(table, query, { allowed: new Uint8Array(0) })).ordinals).toHaveLength(
          0,
        );
      });
    },
  );

  it('answers in the turn it is asked where that is quick, and otherwise later', async () => {
    const vectors = directions(300, 16, 4);
    const query = vectors[7]!;
    const ask = (table: Table) => table.search(query, Uint32Array.of(1), Float64Array.of(0));
    const quick = tableOf(vectors);
    expect(quick.scanMicroseconds).toBeGreaterThan(0);
    expect(ask(quick)).toMatchObject({ ordinals: Uint32Array.of(7) });
    const answer = ask(tableOf(vectors, { inlineMicroseconds: 0 }));
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toMatchObject({ ordinals: Uint32Array.of(7) });
  });

  it('uses a place again, and scores rows that are gone', async () => {
    const [first, second, other] = directions(3, 16, 5) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const table = tableOf([first, other]);
    table.remove(0);
    expect(table.remove(0)).toBe(false);
    expect(table.score(first, Uint32Array.of(0))[0]).toBeCloseTo(1, 6);
    expect([...(await search(table, first)).ordinals]).toEqual([1]);
    table.put(0, second);
    expect((await search(table, second, { limit: 1 })).ordinals[0]).toBe(0);
    expect(table.score(second, Uint32Array.of(0))[0]).toBeCloseTo(1, 6);
  });

  it('answers what was under way when it is disposed, and nothing after', async () => {
    const vectors = directions(5000, 16, 6);
    const table = tableOf(vectors, { inlineMicroseconds: 0 });
    const answers = vectors.slice(0, 40).map((vector) => search(table, vector, { limit: 1 }));
    table.dispose();
    table.dispose();
    for (const [i, answer] of answers.entries()) expect((await answer).ordinals[0]).toBe(i);
    const [vector] = vectors as [Float32Array];
    const calls = [
      () => table.search(vector, Uint32Array.of(1), Float64Array.of(0)),
      () => table.addSegment(vector),
      () => table.put(0, vector),
      () => table.remove(0),
      () => table.score(vector, Uint32Array.of(0)),
      () => table.scanMicroseconds,
    ];
    for (const call of calls) expect(call).toThrow(code('VECTORS_DISPOSED'));
  });

  it('says when too many searches wait, and answers those it took', async () => {
    const vectors = directions(20_000, 64, 7);
    const table = tableOf(vectors, { inlineMicroseconds: 0 });
    const taken: (Results | Promise<Results>)[] = [];
    const [query] = vectors as [Float32Array];
    expect(() => {
      for (let i = 0; i < 200_000; i++)
        taken.push(table.search(query, Uint32Array.of(1), Float64Array.of(0)));
    }).toThrow(code('VECTORS_BUSY'));
    for (const answer of taken) expect((await answer).ordinals[0]).toBe(0);
  });

  it('says that there is no memory, and stays as it was', { timeout: 120_000 }, ({ skip }) => {
    // A process that may have only so much more memory than it has when it begins.
    const body = `
      const { execFileSync } = require('node:child_process');
      const { readFileSync } = require('node:fs');
      const { Table } = require(process.argv[1]);
      const dimension = 1024, small = [64, 64, 128, 256, 512, 1024, 2048, 4096, 8192];
      const rows = new Float32Array(new SharedArrayBuffer(16384 * dimension * 4));
      const table = new Table({ dimension });
      for (const size of small) table.addSegment(rows.subarray(0, size * dimension));
      const vector = new Float32Array(dimension);
      vector[3] = 1;
      table.put(0, vector);
      const [, size] = /VmSize:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'));
      const limit = (Number(size) + 300_000) * 1024;
      execFileSync('prlimit', ['--pid', process.pid, '--as=' + limit]);
      let told;
      for (let i = 0; i < 100 && !told; i++)
        try { table.addSegment(rows); } catch (error) { told = error; }
      const found = table.search(vector, Uint32Array.of(1), Float64Array.of(0.5));
      console.log(told.code + ' ' + found.ordinals[0]);`;
    const { status, stdout, stderr, error } = spawnSync(process.execPath, ['-e', body, addon], {
      encoding: 'utf8',
    });
    if (error || stderr.includes('ENOENT')) skip('there is no prlimit or no /proc here');
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: 'VECTORS_MEMORY 0\n',
      stderr: '',
    });
  });

  describe('refuses', () => {
    const [good] = directions(1, 16, 8) as [Float32Array];
    const one = Uint32Array.of(1);
    const zero = Float64Array.of(0);
    it.each<[string, (table: Table) => unknown]>([
      ['a segment of another size', (table) => table.addSegment(new Float32Array(16 * 63))],
      ['a vector with NaN', (table) => table.put(1, good.with(3, NaN))],
      ['a vector with infinity', (table) => table.put(1, good.with(3, -Infinity))],
      ['a zero vector', (table) => table.put(1, new Float32Array(16))],
      [
        'a vector of another length',
        (table) =>
          table.put(
            1,
            good.map((value) => value * 2),
          ),
      ],
      ['a vector of denormals', (table) => table.put(1, new Float32Array(16).fill(1e-42))],
      ['a vector of another dimension', (table) => table.put(1, good.subarray(1))],
      ['an ordinal there is no room for', (table) => table.put(64, good)],
      ['an ordinal that is no ordinal', (table) => table.put(-1, good)],
      ['a place that is taken', (table) => table.put(0, good)],
      ['removing where there is no room', (table) => table.remove(64)],
      ['scoring a row that never was', (table) => table.score(good, Uint32Array.of(0, 1))],
      ['scoring with a zero query', (table) => table.score(new Float32Array(16), one)],
      [
        'no queries',
        (table) => table.search(new Float32Array(0), one.subarray(1), zero.subarray(1)),
      ],
      ['a query with NaN', (table) => table.search(good.with(0, NaN), one, zero)],
      ['a zero query', (table) => table.search(new Float32Array(16), one, zero)],
      ['half a query', (table) => table.search(good.subarray(8), one, zero)],
      ['a limit of 0', (table) => table.search(good, Uint32Array.of(0), zero)],
      ['a limit beyond all', (table) => table.search(good, Uint32Array.of(2 ** 29), zero)],
      ['a floor of NaN', (table) => table.search(good, one, Float64Array.of(NaN))],
      ['fewer floors than limits', (table) => table.search(good, one, zero.subarray(1))],
    ])('%s', async (_, call) => {
      const table = tableOf([good]);
      expect(() => call(table)).toThrow(RangeError);
      expect([...(await search(table, good)).ordinals]).toEqual([0]);
    });

    it.each<Record<string, unknown>>([
      { dimension: 0 },
      { dimension: 8193 },
      { dimension: 1.5 },
      { dimension: NaN },
      { dimension: 16, kernel: 'abacus' },
      { dimension: 16, kernel: 7 },
    ])('a table with %o', (shape) => {
      expect(() => Reflect.construct(Table, [shape])).toThrow(RangeError);
    });

    it('anything of another type', async () => {
      const table = tableOf([good]);
      type Method = 'addSegment' | 'put' | 'remove' | 'score' | 'search' | 'dispose';
      const call = (method: Method, args: unknown[], self: object = table): unknown =>
        Reflect.apply(Reflect.get(table, method) as () => unknown, self, args);
      const wrong = [undefined, null, 'x', [1, 2], {}, new Float64Array(16), new ArrayBuffer(8)];
      for (const value of wrong) {
        expect(() => Reflect.construct(Table, [value])).toThrow(TypeError);
        expect(() => call('addSegment', [value])).toThrow(TypeError);
        expect(() => call('put', [1, value])).toThrow(TypeError);
        expect(() => call('put', [value, good])).toThrow(TypeError);
        expect(() => call('remove', [value])).toThrow(TypeError);
        expect(() => call('score', [good, value])).toThrow(TypeError);
        expect(() => call('search', [value, one, zero])).toThrow(TypeError);
        expect(() => call('search', [good, value, zero])).toThrow(TypeError);
        expect(() => call('search', [good, one, new Uint8Array(8)])).toThrow(TypeError);
        for (const method of ['put', 'search', 'dispose'] as const)
          expect(() => call(method, [good, one, zero], Object(value) as object)).toThrow(TypeError);
      }
      for (const value of wrong.slice(1))
        expect(() => call('search', [good, one, zero, value])).toThrow(TypeError);
      expect(() => Reflect.apply(Table, undefined, [{ dimension: 16 }])).toThrow(TypeError);
      expect([...(await search(table, good)).ordinals]).toEqual([0]);
    });
  });
});

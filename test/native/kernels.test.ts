import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { kernels, loadKernels } from '../../src/vectors/kernels.js';
import { dot, normalise, Random } from '../vectors/data.js';
import { javascriptKernel } from '../vectors/kernel-javascript.js';

const DIMENSIONS = [1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 127, 128, 129, 512, 1030];

/**
 * The double-precision score and how far a float32 sum may be from it: relative to the magnitude of its
 * terms, and among denormal numbers one rounding of 2^-150 for each term.
 */
function oracle(query: Float32Array, row: Float32Array): { score: number; tolerance: number } {
  const magnitude = dot(
    query.map((value) => Math.abs(value)),
    row.map((value) => Math.abs(value)),
  );
  return { score: dot(query, row), tolerance: magnitude * 1e-6 + (query.length + 1) * 2 ** -150 };
}

const rowsOf = (rows: Float32Array, dimension: number): Float32Array[] =>
  Array.from({ length: rows.length / dimension }, (_, i) =>
    rows.subarray(i * dimension, (i + 1) * dimension),
  );

/** The same floats at an address that no wide register is aligned to. */
function unaligned(values: Float32Array): Float32Array {
  const moved = new Float32Array(values.length + 1).subarray(1);
  moved.set(values);
  return moved;
}

function shared(values: number[]): Float32Array {
  const array = new Float32Array(new SharedArrayBuffer(values.length * 4));
  array.set(values);
  return array;
}

// Arguments that are checked for more than their values.
const f = (length: number) => new Float32Array(length);
const u = (...values: number[]) => Uint32Array.from(values);
const bytes = (length: number) => new Uint8Array(length);

describe.each([...kernels(), javascriptKernel])('kernel $name', ({ dotMany, dotGather, topK }) => {
  describe.each(DIMENSIONS)('at dimension %i', (dimension) => {
    const random = new Random(dimension);
    const values: Record<string, [query: Float32Array, rows: Float32Array]> = {
      ordinary: [random.floats(dimension), random.floats(dimension * 5)],
      unaligned: [unaligned(random.floats(dimension)), unaligned(random.floats(dimension * 5))],
      zero: [random.floats(dimension), new Float32Array(dimension * 5)],
      denormal: [random.floats(dimension), random.floats(dimension * 5, 1e-40)],
      huge: [random.floats(dimension, 1e17), random.floats(dimension * 5, 1e17)],
    };

    it.each(Object.keys(values))('agrees with double precision on %s values', (kind) => {
      const [query, rows] = values[kind]!;
      const many = new Float32Array(5);
      dotMany(query, rows, many);
      const ordinals = Uint32Array.of(4, 0, 0, 3);
      const gathered = new Float32Array(4);
      dotGather(query, rows, ordinals, gathered);
      for (const [i, row] of rowsOf(rows, dimension).entries()) {
        const { score, tolerance } = oracle(query, row);
        expect(Math.abs(many[i]! - score)).toBeLessThanOrEqual(tolerance);
      }
      expect([...gathered]).toEqual([...ordinals].map((ordinal) => many[ordinal]));
    });

    it('agrees with every other kernel within 3e-7 on unit vectors', () => {
      const query = normalise(random.floats(dimension));
      const rows = rowsOf(random.floats(dimension * 5), dimension).map(normalise);
      const flat = Float32Array.from(rows.flatMap((row) => [...row]));
      const out = new Float32Array(5);
      const other = new Float32Array(5);
      dotMany(query, flat, out);
      for (const kernel of kernels()) {
        kernel.dotMany(query, flat, other);
        for (let i = 0; i < 5; i++) expect(Math.abs(out[i]! - other[i]!)).toBeLessThan(3e-7);
      }
    });
  });

  it('overflows to what is not finite instead of failing', () => {
    const out = new Float32Array(1);
    dotMany(new Float32Array(40).fill(3e38), new Float32Array(40).fill(3e38), out);
    expect(out[0]).toBe(Infinity);
    dotMany(Float32Array.of(NaN), Float32Array.of(1), out);
    expect(out[0]).toBeNaN();
  });

  it('scores no rows at all', () => {
    const none = new Float32Array(0);
    dotMany(Float32Array.of(1), none, none);
    dotGather(Float32Array.of(1), none, new Uint32Array(0), none);
    const found = topK(
      Float32Array.of(1),
      none,
      new Uint8Array(0),
      0,
      new Uint32Array(3),
      new Float32Array(3),
    );
    expect(found).toBe(0);
  });

  describe('topK', () => {
    const dimension = 17;
    const random = new Random(7);
    // Coarse values, so that equal scores are common.
    const coarse = (length: number) => Float32Array.from({ length }, () => random.below(3) - 1);
    const rows = coarse(dimension * 300);
    const live = Uint8Array.from({ length: 300 }, () => random.below(4));
    const query = coarse(dimension);

    it.each([
      [1, -Infinity],
      [10, -Infinity],
      [10, 4],
      [299, 0],
      [300, -Infinity],
      [1000, -2],
      [5, 1e9],
      [5, NaN],
      [0, 0],
    ])('finds what sorting finds: the best %i of at least %d', (k, floor) => {
      const scores = new Float32Array(300);
      dotMany(query, rows, scores);
      const want = Array.from(scores, (score, ordinal) => ({ score, ordinal }))
        .filter(({ score, ordinal }) => live[ordinal] !== 0 && score >= floor)
        .toSorted((a, b) => b.score - a.score || a.ordinal - b.ordinal)
        .slice(0, k);
      const ordinals = new Uint32Array(k);
      const found = new Float32Array(k);
      const count = topK(query, rows, live, floor, ordinals, found);
      const got = Array.from({ length: count }, (_, i) => ({
        score: found[i],
        ordinal: ordinals[i],
      }));
      expect(got).toEqual(want);
    });

    it('looks at no more rows than there are marks', () => {
      const ordinals = new Uint32Array(300);
      const marks = new Uint8Array(3).fill(1);
      const count = topK(query, rows, marks, -Infinity, ordinals, new Float32Array(300));
      expect([...ordinals.subarray(0, count)].toSorted((x, y) => x - y)).toEqual([0, 1, 2]);
    });

    it('never finds a score that is not a number', () => {
      const count = topK(
        Float32Array.of(1),
        Float32Array.of(NaN, 1, NaN),
        Uint8Array.of(1, 1, 1),
        -Infinity,
        new Uint32Array(3),
        new Float32Array(3),
      );
      expect(count).toBe(1);
    });
  });

  it('reads and writes shared memory', () => {
    const out = shared([0, 0]);
    dotMany(shared([1, 2]), shared([3, 4, 5, 6]), out);
    expect([...out]).toEqual([11, 17]);
  });

  describe('refuses', () => {
    const gone = f(4);
    structuredClone(gone, { transfer: [gone.buffer] });

    it.each<[string, unknown[]]>([
      ['rows that are too few', [f(4), f(7), f(2)]],
      ['rows that are too many', [f(4), f(12), f(2)]],
      ['an empty query', [f(0), f(0), f(0)]],
      ['a query that was handed over', [gone, f(4), f(1)]],
      ['rows that were handed over', [f(4), gone, f(1)]],
    ])('dotMany with %s', (_, args) => {
      expect(() => Reflect.apply(dotMany, undefined, args)).toThrow(RangeError);
    });

    it.each<[string, unknown[]]>([
      ['an ordinal beyond the rows', [f(4), f(8), u(0, 2), f(2)]],
      ['the largest ordinal', [f(4), f(8), u(2 ** 32 - 1), f(1)]],
      ['an ordinal and no rows', [f(4), f(0), u(0), f(1)]],
      ['part of a row', [f(4), f(9), u(0), f(1)]],
      ['another length of out', [f(4), f(8), u(0), f(2)]],
      ['an empty query', [f(0), f(0), u(), f(0)]],
    ])('dotGather with %s', (_, args) => {
      expect(() => Reflect.apply(dotGather, undefined, args)).toThrow(RangeError);
    });

    it.each<[string, unknown[]]>([
      ['more marks than rows', [f(4), f(8), bytes(3), 0, u(0), f(1)]],
      ['other lengths of ordinals and scores', [f(4), f(8), bytes(2), 0, u(0), f(2)]],
      ['an empty query', [f(0), f(0), bytes(0), 0, u(), f(0)]],
    ])('topK with %s', (_, args) => {
      expect(() => Reflect.apply(topK, undefined, args)).toThrow(RangeError);
    });

    const wrong = [
      undefined,
      null,
      1,
      'rows',
      [1, 2, 3, 4],
      {},
      new ArrayBuffer(16),
      new DataView(new ArrayBuffer(16)),
      new Float64Array(4),
      new Int32Array(4),
      new BigUint64Array(4),
    ];
    const right: Record<string, [(...args: never[]) => unknown, unknown[], checked: number[]]> = {
      dotMany: [dotMany, [f(4), f(4), f(1)], [0, 1, 2]],
      dotGather: [dotGather, [f(4), f(4), u(0), f(1)], [0, 1, 2, 3]],
      topK: [topK, [f(4), f(4), bytes(1), 0, u(0), f(1)], [0, 1, 2, 4, 5]],
    };

    it.each(Object.keys(right))('%s with anything but the typed array it wants', (name) => {
      const [run, args, checked] = right[name]!;
      expect(() => Reflect.apply(run, undefined, args)).not.toThrow();
      expect(() => Reflect.apply(run, undefined, [])).toThrow(TypeError);
      for (const at of checked)
        for (const value of wrong)
          expect(() => Reflect.apply(run, undefined, args.with(at, value))).toThrow(TypeError);
    });

    it.each([undefined, null, '0', {}])('topK with a floor of %o', (floor) => {
      expect(() =>
        Reflect.apply(topK, undefined, [f(4), f(4), bytes(1), floor, u(0), f(1)]),
      ).toThrow(TypeError);
    });
  });
});

describe('all kernels', () => {
  const random = new Random(1030);
  const pool = random.floats(6000);
  /** Floats from anywhere, so that most are not aligned. */
  const some = (start: number, dimension: number) => pool.subarray(start, start + dimension);

  it('agree with double precision at every dimension from 1 to 1030', () => {
    const out = new Float32Array(1);
    const wrong: string[] = [];
    for (let dimension = 1; dimension <= 1030; dimension++) {
      const query = some(dimension % 17, dimension);
      const row = some(2000 + (dimension % 5), dimension);
      const { score, tolerance } = oracle(query, row);
      for (const { name, dotMany } of kernels()) {
        dotMany(query, row, out);
        if (!(Math.abs(out[0]! - score) <= tolerance)) wrong.push(`${name} at ${dimension}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('score unit vectors, alike and unlike, less than 3e-7 apart at every dimension', () => {
    const out = new Float32Array(1);
    let most = 0;
    for (let dimension = 1; dimension <= 1030; dimension++) {
      const query = normalise(some(dimension % 17, dimension));
      const unlike = normalise(some(3000, dimension));
      const alike = normalise(query.map((value, i) => value + unlike[i]! / 50));
      for (const row of [query, alike, unlike]) {
        const scores = kernels().map(({ dotMany }) => {
          dotMany(query, row, out);
          return out[0]!;
        });
        most = Math.max(most, Math.max(...scores) - Math.min(...scores));
      }
    }
    expect(most).toBeLessThan(3e-7);
  });
});

describe('loading', () => {
  it('always offers the WebAssembly kernel, last', () => {
    expect(kernels().at(-1)?.name).toBe('wasm');
    expect(loadKernels().kernelProblem).toBeUndefined();
  });

  it('takes a missing addon as a supported setup', () => {
    const { kernels: found, kernelProblem } = loadKernels('./no-such-addon.node');
    expect(found.map(({ name }) => name)).toEqual(['wasm']);
    expect(kernelProblem).toBeUndefined();
  });

  it('falls back with the reason where the addon does not load', () => {
    const folder = mkdtempSync(join(tmpdir(), 'likeness-addon-'));
    try {
      const file = join(folder, 'broken.node');
      writeFileSync(file, 'not a shared object');
      const { kernels: found, kernelProblem } = loadKernels(file);
      expect(found.map(({ name }) => name)).toEqual(['wasm']);
      expect(kernelProblem?.message).toContain('broken.node');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const addon = resolve(import.meta.dirname, '../../native/build/Release/likeness.node');

  it.skipIf(!existsSync(addon))('finds a native kernel and the scalar oracle', () => {
    const names = kernels().map(({ name }) => name);
    expect(names.slice(-2)).toEqual(['scalar', 'wasm']);
  });

  it.skipIf(!existsSync(addon))('loads in several threads at once', async () => {
    const code = `
      const { parentPort, workerData } = require('node:worker_threads');
      const out = new Float32Array(1);
      for (const { dotMany } of require(workerData).kernels)
        for (let i = 0; i < 1000; i++) dotMany(Float32Array.of(1, 2), Float32Array.of(3, 4), out);
      parentPort.postMessage(out[0]);`;
    const answers = Array.from({ length: 4 }, () => {
      const worker = new Worker(code, { eval: true, workerData: addon });
      return new Promise((done, fail) => {
        worker.once('message', done);
        worker.once('error', fail);
      });
    });
    expect(await Promise.all(answers)).toEqual([11, 11, 11, 11]);
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena } from '../../src/vectors/arena.js';
import { kernels } from '../../src/vectors/kernels.js';
import { Pacer } from '../../src/vectors/pacer.js';
import { PortableTable } from '../../src/vectors/portable-table.js';
import { SEGMENT_ROWS, segmentBase, segmentOf, segmentRows } from '../../src/vectors/segments.js';
import { loadNativeIndex } from '../../src/vectors/table.js';
import { dot, normalise, Random } from './data.js';

const [kernel] = kernels();
const native = loadNativeIndex();
const TABLES = {
  ...(native && { native: (dimension: number) => new native.Table({ dimension }) }),
  portable: (dimension: number) => new PortableTable(kernel, new Pacer(), { dimension }),
};

it('numbers segments so that every ordinal lies in one', () => {
  let ordinal = 0;
  for (let segment = 0; segment < 14; segment++) {
    expect(segmentBase(segment)).toBe(ordinal);
    const rows = segmentRows(segment);
    expect(segmentOf(ordinal)).toBe(segment);
    expect(segmentOf(ordinal + rows - 1)).toBe(segment);
    ordinal += rows;
  }
  expect([segmentRows(0), segmentRows(1), segmentRows(2)]).toEqual([64, 64, 128]);
  expect(segmentRows(13)).toBe(SEGMENT_ROWS);
});

describe.each(Object.entries(TABLES))('an arena over a %s table', (_name, newTable) => {
  const arenaOf = (dimension: number) =>
    new Arena({ dimension, kernel, table: newTable(dimension) });

  it('moves a key whose vector is replaced, and uses the place it left when that is released', () => {
    const arena = arenaOf(2);
    const first = arena.put('a', Float32Array.of(1, 0));
    const second = arena.put('a', Float32Array.of(0, 1));
    expect(second).toEqual({ ordinal: 1, left: first.ordinal });
    expect(arena.count).toBe(1);
    expect([...arena.copyRows([first.ordinal, second.ordinal])]).toEqual([1, 0, 0, 1]);
    expect([arena.keyAt(first.ordinal), arena.keyAt(second.ordinal)]).toEqual([undefined, 'a']);
    expect(arena.put('b', Float32Array.of(1, 0)).ordinal).toBe(2);
    arena.release([first.ordinal]);
    expect(arena.put('c', Float32Array.of(1, 0)).ordinal).toBe(first.ordinal);
  });

  it('gives the ordinal of a removed key to a later one', () => {
    const arena = arenaOf(2);
    const { ordinal } = arena.put('a', Float32Array.of(1, 0));
    expect(arena.remove('a')).toBe(ordinal);
    expect(arena.remove('a')).toBeUndefined();
    expect(arena.keyAt(ordinal)).toBeUndefined();
    arena.release([ordinal]);
    expect(arena.put('b', Float32Array.of(1, 0)).ordinal).toBe(ordinal);
    expect(arena.end).toBe(1);
  });

  it('uses no place again while something is under way that could have seen it before', () => {
    const arena = arenaOf(2);
    const vector = Float32Array.of(1, 0);
    const unpinEarly = arena.pin();
    for (const key of ['a', 'b']) arena.put(key, vector);
    arena.release([arena.remove('a')!]);
    const unpinLate = arena.pin();
    arena.release([arena.remove('b')!]);
    expect(arena.put('c', vector).ordinal).toBe(2);
    unpinEarly();
    expect(arena.put('d', vector).ordinal).toBe(0);
    expect(arena.put('e', vector).ordinal).toBe(3);
    unpinLate();
    expect(arena.put('f', vector).ordinal).toBe(1);
  });

  it('tells each watch what was written since it began', () => {
    const arena = arenaOf(2);
    const vector = Float32Array.of(1, 0);
    arena.put('a', vector);
    const first = arena.watch();
    arena.put('b', vector);
    const second = arena.watch();
    arena.put('c', vector);
    expect([first.written(), second.written()]).toEqual([[1, 2], [2]]);
    first.end();
    arena.put('d', vector);
    expect(second.written()).toEqual([2, 3]);
    second.end();
    expect(arena.watch().written()).toEqual([]);
  });

  it('scores and copies rows of several segments in the order asked', () => {
    const arena = arenaOf(3);
    const random = new Random(3);
    const count = SEGMENT_ROWS * 2 + 100;
    const vectors = Array.from({ length: count }, () => normalise(random.floats(3)));
    for (const [i, vector] of vectors.entries()) arena.put(`k${i}`, vector);
    const query = normalise(random.floats(3));
    const ordinals = Uint32Array.of(count - 1, 0, SEGMENT_ROWS, SEGMENT_ROWS - 1, 5, 63, 64, 0);
    const scores = arena.table.score(query, ordinals);
    for (const [i, ordinal] of ordinals.entries())
      expect(scores[i]).toBeCloseTo(dot(query, vectors[ordinal]!), 6);
    expect([...arena.copyRows([...ordinals])]).toEqual(
      [...ordinals].flatMap((ordinal) => [...vectors[ordinal]!]),
    );
  });

  it('keeps its rows where it is told to', () => {
    const given: Float32Array[] = [];
    const newSegment = (floats: number) => {
      given.push(new Float32Array(new SharedArrayBuffer(floats * 4)));
      return given.at(-1)!;
    };
    const arena = new Arena({ dimension: 2, kernel, table: newTable(2), newSegment });
    for (let i = 0; i < 65; i++) arena.put(`k${i}`, Float32Array.of(0, 1));
    expect(given.map(({ length }) => length)).toEqual([128, 128]);
    expect([...given[1]!.subarray(0, 4)]).toEqual([0, 1, 0, 0]);
  });

  it.each<[string, Float32Array]>([
    ['another dimension', Float32Array.of(1, 0, 0)],
    ['a number that is not finite', Float32Array.of(NaN, 1)],
    ['an infinite number', Float32Array.of(Infinity, 0)],
    ['another length', Float32Array.of(1, 1)],
    ['nothing but zeros', Float32Array.of(0, 0)],
  ])('refuses a vector of %s and stays as it was', (_, vector) => {
    const arena = arenaOf(2);
    arena.put('a', Float32Array.of(1, 0));
    expect(() => arena.put('a', vector)).toThrow(RangeError);
    expect(() => arena.put('b', vector)).toThrow(RangeError);
    expect(arena.count).toBe(1);
    expect([...arena.copyRows([0])]).toEqual([1, 0]);
  });

  it('refuses an ordinal it never gave out', () => {
    const arena = arenaOf(2);
    arena.put('a', Float32Array.of(1, 0));
    const unit = Float32Array.of(1, 0);
    expect(() => arena.table.score(unit, Uint32Array.of(64))).toThrow(RangeError);
    expect(() => arena.copyRows([SEGMENT_ROWS])).toThrow(RangeError);
  });

  it('holds what a map holds after any puts and removals', () => {
    const key = fc.integer({ min: 0, max: 200 });
    const step = fc.record({ key, angle: fc.option(fc.double({ min: 0, max: 6, noNaN: true })) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const arena = arenaOf(2);
        const model = new Map<string, Float32Array>();
        for (const { key: name, angle } of steps) {
          if (angle === null) {
            const left = arena.remove(`${name}`);
            if (left !== undefined) arena.release([left]);
            model.delete(`${name}`);
          } else {
            const vector = Float32Array.of(Math.cos(angle), Math.sin(angle));
            const { left } = arena.put(`${name}`, vector);
            if (left !== undefined) arena.release([left]);
            model.set(`${name}`, vector);
          }
        }
        expect(arena.count).toBe(model.size);
        expect(arena.end).toBeLessThanOrEqual(202);
        const live = Array.from({ length: arena.end }, (_, i) => i).filter(
          (ordinal) => arena.keyAt(ordinal) !== undefined,
        );
        expect(new Set(live.map((ordinal) => arena.keyAt(ordinal)))).toEqual(new Set(model.keys()));
        for (const ordinal of live)
          expect(arena.copyRows([ordinal])).toEqual(model.get(arena.keyAt(ordinal)!));
      }),
    );
  });
});

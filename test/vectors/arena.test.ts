import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena, SEGMENT_ROWS } from '../../src/vectors/arena.js';
import { kernels } from '../../src/vectors/kernels.js';
import { dot, normalise, Random } from './data.js';

const [kernel] = kernels();

describe('an arena', () => {
  it('keeps a key at its ordinal when its vector is replaced', () => {
    const arena = new Arena(2, kernel);
    const ordinal = arena.put('a', Float32Array.of(1, 0));
    expect(arena.put('a', Float32Array.of(0, 1))).toBe(ordinal);
    expect(arena.count).toBe(1);
    expect([...arena.copyRows([ordinal])]).toEqual([0, 1]);
  });

  it('gives the ordinal of a removed key to a later one', () => {
    const arena = new Arena(2, kernel);
    const ordinal = arena.put('a', Float32Array.of(1, 0));
    expect(arena.remove('a')).toBe(ordinal);
    expect(arena.remove('a')).toBeUndefined();
    expect(arena.keyAt(ordinal)).toBeUndefined();
    expect(arena.put('b', Float32Array.of(1, 0))).toBe(ordinal);
    expect(arena.end).toBe(1);
  });

  it('says when its contents changed', () => {
    const arena = new Arena(2, kernel);
    const seen = [arena.version];
    arena.put('a', Float32Array.of(1, 0));
    seen.push(arena.version);
    arena.put('a', Float32Array.of(1, 0));
    seen.push(arena.version);
    arena.remove('a');
    seen.push(arena.version);
    arena.remove('a');
    expect(new Set(seen).size).toBe(4);
    expect(arena.version).toBe(seen.at(-1));
  });

  it('scores rows of several segments in the order asked', () => {
    const arena = new Arena(3, kernel);
    const random = new Random(3);
    const count = SEGMENT_ROWS * 2 + 100;
    const vectors = Array.from({ length: count }, () => normalise(random.floats(3)));
    for (const [i, vector] of vectors.entries()) arena.put(`k${i}`, vector);
    const query = normalise(random.floats(3));
    const ordinals = Uint32Array.of(count - 1, 0, SEGMENT_ROWS, SEGMENT_ROWS - 1, 5, 0);
    const scores = arena.scores(query, ordinals);
    for (const [i, ordinal] of ordinals.entries())
      expect(scores[i]).toBeCloseTo(dot(query, vectors[ordinal]!), 6);
    expect([...arena.copyRows([...ordinals])]).toEqual(
      [...ordinals].flatMap((ordinal) => [...vectors[ordinal]!]),
    );
  });

  it.each<[string, Float32Array]>([
    ['another dimension', Float32Array.of(1, 0, 0)],
    ['a number that is not finite', Float32Array.of(NaN, 1)],
    ['an infinite number', Float32Array.of(Infinity, 0)],
    ['another length', Float32Array.of(1, 1)],
    ['nothing but zeros', Float32Array.of(0, 0)],
  ])('refuses a vector of %s and stays as it was', (_, vector) => {
    const arena = new Arena(2, kernel);
    arena.put('a', Float32Array.of(1, 0));
    expect(() => arena.put('a', vector)).toThrow(RangeError);
    expect(() => arena.put('b', vector)).toThrow(RangeError);
    expect(arena.count).toBe(1);
    expect([...arena.copyRows([0])]).toEqual([1, 0]);
  });

  it('refuses an ordinal it never gave out', () => {
    const arena = new Arena(2, kernel);
    arena.put('a', Float32Array.of(1, 0));
    expect(() => arena.scores(Float32Array.of(1, 0), Uint32Array.of(64))).toThrow(RangeError);
    expect(() => arena.copyRows([SEGMENT_ROWS])).toThrow(RangeError);
  });

  it('holds what a map holds after any puts and removals', () => {
    const key = fc.integer({ min: 0, max: 200 });
    const step = fc.record({ key, angle: fc.option(fc.double({ min: 0, max: 6, noNaN: true })) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const arena = new Arena(2, kernel);
        const model = new Map<string, Float32Array>();
        for (const { key: name, angle } of steps) {
          if (angle === null) {
            arena.remove(`${name}`);
            model.delete(`${name}`);
          } else {
            const vector = Float32Array.of(Math.cos(angle), Math.sin(angle));
            arena.put(`${name}`, vector);
            model.set(`${name}`, vector);
          }
        }
        expect(arena.count).toBe(model.size);
        expect(arena.end).toBeLessThanOrEqual(201);
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

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { centroidOf } from '../../src/domain/centroid.js';

const unit = (values: readonly number[]): Float32Array => {
  const norm = Math.hypot(...values);
  return Float32Array.from(values, (value) => value / norm);
};
const face = fc.record({
  faceId: fc.uuid(),
  embedding: fc
    .array(fc.float({ min: Math.fround(0.1), max: 1, noNaN: true }), { minLength: 8, maxLength: 8 })
    .map(unit),
});
const faces = fc.uniqueArray(face, {
  selector: ({ faceId }) => faceId,
  minLength: 1,
  maxLength: 100,
});

describe('centroidOf', () => {
  it('is the mean direction of the faces, of unit length', () => {
    const centroid = centroidOf([
      { faceId: 'a', embedding: unit([1, 0]) },
      { faceId: 'b', embedding: unit([0, 1]) },
    ]);
    expect(Array.from(centroid ?? [])).toEqual([
      Math.fround(Math.SQRT1_2),
      Math.fround(Math.SQRT1_2),
    ]);
  });

  it('has the same bits whatever the order of the faces', () => {
    fc.assert(
      fc.property(faces, (list) => {
        expect(centroidOf(list.toReversed())).toEqual(centroidOf(list));
      }),
    );
  });

  it('has unit length', () => {
    fc.assert(
      fc.property(faces, (list) => {
        expect(Math.hypot(...(centroidOf(list) ?? []))).toBeCloseTo(1, 6);
      }),
    );
  });

  it('is the face itself for one face', () => {
    const embedding = unit([3, 4]);
    expect(centroidOf([{ faceId: 'a', embedding }])).toEqual(embedding);
  });

  it('is undefined without faces and where faces cancel out', () => {
    expect(centroidOf([])).toBeUndefined();
    expect(
      centroidOf([
        { faceId: 'a', embedding: unit([1, 0]) },
        { faceId: 'b', embedding: unit([-1, 0]) },
      ]),
    ).toBeUndefined();
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outlierDistanceOf, centroidOf as robustCentroidOf } from '../../src/domain/centroid.js';

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

type Faces = Parameters<typeof robustCentroidOf>[0];
const centroidOf = (list: Faces) => robustCentroidOf(list, 0.05);
const cosine = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

/** A person's faces: all within a cosine of 0.98 of the direction, each off in a dimension of its own. */
const alike = (count: number): { faceId: string; embedding: Float32Array }[] =>
  Array.from({ length: count }, (_, i) => ({
    faceId: `face-${i}`,
    embedding: unit([1, ...Array.from({ length: 12 }, (__, k) => (k === i ? 0.2 : 0))]),
  }));
const stranger = {
  faceId: 'stranger',
  embedding: unit([0.8, ...Array.from({ length: 11 }, () => 0), 0.6]),
};

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

  it('hardly moves towards a face of somebody else', () => {
    for (const count of [3, 5, 9]) {
      const own = centroidOf(alike(count)) ?? new Float32Array(13);
      const mixed = centroidOf([...alike(count), stranger]) ?? new Float32Array(13);
      expect(1 - cosine(own, mixed)).toBeLessThan(2e-4);
      const plain = robustCentroidOf([...alike(count), stranger], 1e6) ?? new Float32Array(13);
      expect(1 - cosine(own, plain)).toBeGreaterThan(5 * (1 - cosine(own, mixed)));
    }
  });

  it('is the plain mean of faces that are equally alike', () => {
    const plain = robustCentroidOf(alike(6), 1e6);
    expect(
      cosine(centroidOf(alike(6)) ?? new Float32Array(13), plain ?? stranger.embedding),
    ).toBeCloseTo(1, 6);
  });

  it('weighs by the model: half at 0.7 of the distance from which on two photos are two people', () => {
    const curve = {
      version: 'test',
      exponent: 0.2,
      points: [
        [0.5, -1],
        [0.9, -5],
      ],
    } as const;
    // Similarity 75 is FMR 10^-3.01, here the cosine 0.701.
    expect(outlierDistanceOf(curve)).toBeCloseTo(0.7 * (1 - 0.701), 3);
  });
});

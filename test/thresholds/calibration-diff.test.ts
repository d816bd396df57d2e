import { describe, expect, it } from 'vitest';
import { type CalibrationCurve, similarityOf } from '../../src/domain/similarity.js';
import { curveFor } from '../../src/domain/user-scale.js';
import { type CalibrationDiff, diffCalibrations } from '../../src/thresholds/calibration-diff.js';
import { diffText } from '../../src/thresholds/calibration-text.js';

const curve = (version: string, slope: number): CalibrationCurve => ({
  version,
  exponent: 0.2,
  points: [
    [0.3, Math.log10(0.5)],
    [1, slope],
  ],
});
const from = curve('now', -10);
const to = curve('next', -4);

/** A unit vector in the plane. */
const at = (cosine: number): Float32Array => Float32Array.of(cosine, Math.sqrt(1 - cosine ** 2));
const person = (userId: string, ...cosines: number[]) => ({
  userId,
  faces: cosines.map((cosine, i) => ({ faceId: `${userId}-${i}`, embedding: at(cosine) })),
});

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

const diff = (
  people: ReturnType<typeof person>[],
  options: { to?: CalibrationCurve; thresholds?: number[]; signal?: AbortSignal } = {},
): Promise<CalibrationDiff> =>
  diffCalibrations({
    from,
    to,
    shipped: from,
    thresholds: [75, 90],
    people: each(people),
    ...options,
  });

describe('the difference between two calibrations', () => {
  it('counts faces and users that the new scale loses, each face against the others of its user', async () => {
    // Of two faces each is compared with the other: cosine 0.8 and 0.99.
    const found = await diff([
      person('apart', 1, 0.8),
      person('close', 1, 0.99),
      person('single', 1),
      person('empty'),
    ]);
    const [apart, close] = [0.8, 0.99].map((cosine) => ({
      before: similarityOf(from, cosine),
      after: similarityOf(to, cosine),
    }));
    expect(found).toMatchObject({
      from: 'now',
      to: 'next',
      users: { compared: 2, withOneFace: 1, withoutFaces: 1 },
      facesCompared: 4,
    });
    // 0.8 falls from 97 to 68, 0.99 from 99 to 83.
    expect([apart!.before, close!.before].every((s) => s > 90)).toBe(true);
    expect(apart!.after).toBeLessThan(75);
    expect(close!.after).toBeGreaterThan(75);
    expect(close!.after).toBeLessThan(90);
    expect(found.thresholds).toMatchObject([
      {
        threshold: 75,
        accepted: { before: 4, after: 2 },
        lost: { faces: 2, users: 1 },
        gained: { faces: 0, users: 0 },
      },
      { threshold: 90, accepted: { before: 4, after: 0 }, lost: { faces: 4, users: 2 } },
    ]);
    expect(found.examples.slice(0, 2)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ userId: 'apart', faceId: 'apart-1' }),
        expect.objectContaining({ userId: 'apart', faceId: 'apart-0' }),
      ]),
    );
    expect(found.moved.largest).toBeCloseTo(apart!.before - apart!.after, 1);
    expect(found.moved.median).toBeCloseTo(close!.before - close!.after, 0);
  });

  it('says which threshold of the new scale decides as today, and what strangers pass', async () => {
    const { thresholds, scale } = await diff([person('a', 1, 0.8)]);
    const [row] = thresholds;
    const cosines = Array.from({ length: 200 }, (_, i) => i / 200);
    for (const cosine of cosines) {
      const now = similarityOf(from, cosine);
      if (Math.abs(now - 75) < 0.1) continue;
      expect(similarityOf(to, cosine) >= row!.sameDecisionsAt).toBe(now >= 75);
    }
    expect(row!.fmr.after).toBeCloseTo(0.25 ** 5, 6);
    expect(row!.fmr.before).toBeGreaterThan(row!.fmr.after);
    expect(scale.find(({ similarity }) => similarity === 75)?.becomes).toBe(row!.sameDecisionsAt);
  });

  it('reads each user by how many faces it has', async () => {
    const gaining = { ...curve('gaining', -10), gains: [0.3, 0.3] };
    const pair = [person('two', 1, 0.8)];
    const three = [person('three', 1, 0.8, 0.8)];
    // A face against one other is read like a photo, against two others not.
    expect((await diff(pair, { to: gaining })).moved.largest).toBe(0);
    const { thresholds, examples } = await diff(three, { to: gaining });
    // The two others are one direction, at the cosine 0.8.
    const moved = examples.find(({ faceId }) => faceId === 'three-0');
    expect(moved?.before).toBeCloseTo(similarityOf(from, 0.8), 2);
    expect(moved?.after).toBeCloseTo(similarityOf(curveFor(gaining, [2]), 0.8), 2);
    expect(moved!.after).toBeLessThan(moved!.before);
    // Three faces let strangers pass more often than the present curve says, and the new one as often as it says.
    expect(thresholds[0]!.fmr.before).toBeGreaterThan(2 * 0.25 ** 5);
    expect(thresholds[0]!.fmr.after).toBeCloseTo(0.25 ** 5, 6);
    expect(thresholds[0]!.sameDecisionsAt).toBeLessThan(75);
  });

  it('is empty between a curve and itself, and for a collection without users', async () => {
    const same = await diff([person('a', 1, 0.8)], { to: from });
    expect(same.moved).toEqual({ median: 0, p95: 0, largest: 0 });
    expect(same.examples).toEqual([]);
    expect(same.thresholds[0]).toMatchObject({ lost: { faces: 0 }, gained: { faces: 0 } });
    const none = await diff([]);
    expect(none).toMatchObject({ facesCompared: 0, users: { compared: 0 } });
    expect(diffText(none, 'door')).toContain('0 faces of 0 users compared');
  });

  it('stops when told to', async () => {
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(diff([person('a', 1, 0.8)], { signal })).rejects.toThrow('stopped');
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FaceDetail, QualityFilter } from '../../src/domain/face.js';
import { faceQuality, refusals, select } from '../../src/domain/quality.js';

const GOOD: FaceDetail = {
  box: { left: 0.4, top: 0.3, width: 0.2, height: 0.3 },
  confidence: 99.9,
  landmarks: [],
  pose: { roll: 0, yaw: 5, pitch: -5 },
  quality: { brightness: 50, sharpness: 45 },
  eyesOpen: { value: true, confidence: 90 },
  mouthOpen: { value: false, confidence: 90 },
  sizePx: 200,
};

const FILTERS: readonly QualityFilter[] = ['NONE', 'LOW', 'AUTO', 'MEDIUM', 'HIGH'];

const UNUSABLE: readonly { reason: string; face: FaceDetail }[] = [
  { reason: 'LOW_CONFIDENCE', face: { ...GOOD, confidence: 30 } },
  { reason: 'SMALL_BOUNDING_BOX', face: { ...GOOD, sizePx: 9 } },
  { reason: 'LOW_SHARPNESS', face: { ...GOOD, quality: { brightness: 50, sharpness: 1 } } },
  { reason: 'LOW_BRIGHTNESS', face: { ...GOOD, quality: { brightness: 1, sharpness: 45 } } },
  { reason: 'EXTREME_POSE', face: { ...GOOD, pose: { roll: 0, yaw: -85, pitch: 0 } } },
  { reason: 'EXTREME_POSE', face: { ...GOOD, pose: { roll: 0, yaw: 0, pitch: 80 } } },
  { reason: 'LOW_FACE_QUALITY', face: { ...GOOD, quality: { brightness: 100, sharpness: 45 } } },
];

const anyFace = fc.record({
  confidence: fc.double({ min: 0, max: 100, noNaN: true }),
  sizePx: fc.double({ min: 1, max: 1000, noNaN: true }),
  yaw: fc.double({ min: -90, max: 90, noNaN: true }),
  pitch: fc.double({ min: -90, max: 90, noNaN: true }),
  brightness: fc.double({ min: 0, max: 100, noNaN: true }),
  sharpness: fc.double({ min: 0, max: 100, noNaN: true }),
  width: fc.double({ min: 0.01, max: 0.5, noNaN: true }),
});

const toFace = ({
  confidence,
  sizePx,
  yaw,
  pitch,
  brightness,
  sharpness,
  width,
}: typeof anyFace extends fc.Arbitrary<infer T> ? T : never): FaceDetail => ({
  ...GOOD,
  confidence,
  sizePx,
  pose: { roll: 0, yaw, pitch },
  quality: { brightness, sharpness },
  box: { left: 0, top: 0, width, height: width },
});

describe('quality filters', () => {
  it('let a good face pass, however strict', () => {
    for (const filter of FILTERS) expect(refusals(GOOD, filter)).toEqual([]);
  });

  it.each(UNUSABLE)('refuse an unusable face with $reason', ({ reason, face }) => {
    expect(refusals(face, 'NONE')).toEqual([]);
    for (const filter of FILTERS.slice(1)) expect(refusals(face, filter)).toContain(reason);
  });

  it('give every reason that applies', () => {
    const face = { ...GOOD, sizePx: 5, quality: { brightness: 1, sharpness: 1 } };
    expect(refusals(face, 'AUTO')).toEqual(
      expect.arrayContaining(['SMALL_BOUNDING_BOX', 'LOW_SHARPNESS', 'LOW_BRIGHTNESS']),
    );
  });

  it('grow stricter from NONE over LOW, AUTO and MEDIUM to HIGH', () => {
    fc.assert(
      fc.property(anyFace, (properties) => {
        const face = toFace(properties);
        const reasons = FILTERS.map((filter) => refusals(face, filter));
        for (const [index, stricter] of reasons.slice(1).entries())
          for (const reason of reasons[index]!) expect(stricter).toContain(reason);
      }),
    );
  });
});

describe('the face quality', () => {
  it('lies between 0 and 100 and is highest for a good face', () => {
    fc.assert(
      fc.property(anyFace, (properties) => {
        const quality = faceQuality(toFace(properties));
        expect(quality).toBeGreaterThanOrEqual(0);
        expect(quality).toBeLessThanOrEqual(100);
      }),
    );
    for (const { face } of UNUSABLE) expect(faceQuality(face)).toBeLessThan(faceQuality(GOOD) / 2);
  });
});

const sized = (width: number, change: Partial<FaceDetail> = {}): FaceDetail => ({
  ...GOOD,
  ...change,
  box: { left: 0, top: 0, width, height: width },
});

describe('keeping at most so many faces', () => {
  it('drops the lowest quality first, even when it is the largest', () => {
    const blurred = sized(0.5, { quality: { brightness: 50, sharpness: 8 } });
    const faces = [sized(0.1), blurred, sized(0.2)];
    const selected = select(faces, { filter: 'NONE', maxFaces: 2 });
    expect(selected.map(({ box }) => box.width)).toEqual([0.5, 0.2, 0.1]);
    expect(selected.map(({ reasons }) => reasons)).toEqual([['EXCEEDS_MAX_FACES'], [], []]);
  });

  it('drops the smallest among equals', () => {
    const selected = select([sized(0.1), sized(0.3), sized(0.2)], { filter: 'AUTO', maxFaces: 1 });
    expect(selected.map(({ reasons }) => reasons)).toEqual([
      [],
      ['EXCEEDS_MAX_FACES'],
      ['EXCEEDS_MAX_FACES'],
    ]);
  });

  it('does not count faces that the filter refused', () => {
    const dark = sized(0.4, { quality: { brightness: 1, sharpness: 45 } });
    const selected = select([dark, sized(0.3), sized(0.2)], { filter: 'AUTO', maxFaces: 2 });
    expect(selected.map(({ reasons }) => reasons.includes('EXCEEDS_MAX_FACES'))).toEqual([
      false,
      false,
      false,
    ]);
    expect(selected[0]!.reasons).toContain('LOW_BRIGHTNESS');
  });

  it('keeps every face, sorted by size, and never more than asked for', () => {
    fc.assert(
      fc.property(
        fc.array(anyFace, { maxLength: 12 }),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom(...FILTERS),
        (list, maxFaces, filter) => {
          const selected = select(list.map(toFace), { filter, maxFaces });
          expect(selected).toHaveLength(list.length);
          const areas = selected.map(({ box }) => box.width * box.height);
          expect(areas).toEqual(areas.toSorted((a, b) => b - a));
          const kept = selected.filter(({ reasons }) => reasons.length === 0);
          const passing = list.filter((face) => refusals(toFace(face), filter).length === 0);
          expect(kept).toHaveLength(Math.min(maxFaces, passing.length));
        },
      ),
    );
  });
});

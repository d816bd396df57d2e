import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Candidate, judge } from '../../src/domain/associations.js';

const me = { userId: 'me', faceCount: 3 };
const free = (faceId: string, similarity: number | undefined): Candidate => ({
  faceId,
  found: { userId: undefined, similarity },
});

describe('judge', () => {
  it('accepts a face that reaches the threshold and refuses one just below, with its similarity', () => {
    const below = Math.fround(74.999);
    expect(judge([free('a', 75), free('b', below)], me, 75)).toEqual({
      accepted: ['a'],
      refused: [{ faceId: 'b', refusal: { reason: 'LOW_MATCH_CONFIDENCE', similarity: below } }],
    });
  });

  it('compares as float32, so that a threshold of 99.9 accepts the similarity 99.9', () => {
    expect(judge([free('a', Math.fround(99.9))], me, 99.9).accepted).toEqual(['a']);
  });

  it('leaves a face the user already has out of both lists', () => {
    const own: Candidate = { faceId: 'a', found: { userId: 'me', similarity: undefined } };
    expect(judge([own], me, 100)).toEqual({ accepted: [], refused: [] });
  });

  it("names the other user and not the similarity for somebody else's face", () => {
    const taken: Candidate = { faceId: 'a', found: { userId: 'you', similarity: 99 } };
    expect(judge([taken], me, 0).refused).toEqual([
      { faceId: 'a', refusal: { reason: 'ASSOCIATED_TO_A_DIFFERENT_USER', userId: 'you' } },
    ]);
  });

  it('says that a face is not there', () => {
    expect(judge([{ faceId: 'a', found: undefined }], me, 0).refused).toEqual([
      { faceId: 'a', refusal: { reason: 'FACE_NOT_FOUND' } },
    ]);
  });

  it('does not apply the threshold where the user has no face to compare with', () => {
    expect(judge([free('a', undefined)], { userId: 'me', faceCount: 0 }, 100).accepted).toEqual([
      'a',
    ]);
  });

  it('fills up to 100 faces in the order asked and refuses the rest', () => {
    const candidates = Array.from({ length: 100 }, (_, i) => free(`f${i}`, 80));
    const { accepted, refused } = judge(candidates, { userId: 'me', faceCount: 97 }, 75);
    expect(accepted).toEqual(['f0', 'f1', 'f2']);
    expect(refused).toHaveLength(97);
    expect(new Set(refused.map(({ refusal }) => refusal.reason))).toEqual(
      new Set(['MAX_FACES_PER_USER_EXCEEDED']),
    );
  });

  it('gives every face the same verdict whatever the order', () => {
    const candidate = fc.record({
      faceId: fc.uuid(),
      found: fc.option(
        fc.record({
          userId: fc.constantFrom(undefined, 'me', 'you'),
          similarity: fc.float({ min: 0, max: 100, noNaN: true }),
        }),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(candidate, { selector: ({ faceId }) => faceId, maxLength: 40 }),
        fc.float({ min: 0, max: 100, noNaN: true }),
        (candidates, threshold) => {
          const forwards = judge(candidates, me, threshold);
          const backwards = judge(candidates.toReversed(), me, threshold);
          expect(backwards.accepted.toSorted()).toEqual(forwards.accepted.toSorted());
          expect(backwards.refused.toReversed()).toEqual(forwards.refused);
        },
      ),
    );
  });
});

import type { CardAlignment, CardInput } from '../cards.js';

/** What models of one family have in common. */
export interface Family {
  /** For people. */
  title: string;
  input: Pick<CardInput, 'size' | 'order' | 'mean' | 'divisor'>;
  alignment: CardAlignment;
}

/**
 * Where ArcFace and most that came after it want a face, in pixels of a 112 × 112 input (insightface,
 * `arcface_dst`; OpenCV's FaceRecognizerSF has the same). The points are the centres of both eyes, the tip of
 * the nose and the corners of the mouth, here as means of FaceMesh's.
 */
const ARCFACE_ALIGNMENT: CardAlignment = {
  landmarks: 'facemesh',
  points: [[33, 133, 159, 145], [263, 362, 386, 374], [4], [61], [291]],
  template: [
    [38.2946, 51.6963],
    [73.5318, 51.5014],
    [56.0252, 71.7366],
    [41.5493, 92.3655],
    [70.7299, 92.2041],
  ],
};

const family = (title: string, order: 'RGB' | 'BGR', mean: number, divisor: number): Family => ({
  title,
  input: { size: 112, order, mean: [mean, mean, mean], divisor },
  alignment: ARCFACE_ALIGNMENT,
});

/** The families whose preprocessing is known; a card may say otherwise, member by member. */
export const FAMILIES = {
  arcface: family('ArcFace, InsightFace, AuraFace, CosFace, MagFace', 'RGB', 127.5, 127.5),
  'arcface-128': family('ArcFace nets that divide by 128', 'RGB', 127.5, 128),
  adaface: family('AdaFace', 'BGR', 127.5, 127.5),
  sface: family('SFace of OpenCV, which normalises inside', 'RGB', 0, 1),
} as const satisfies Readonly<Record<string, Family>>;

/** The name of a family. */
export type FamilyName = keyof typeof FAMILIES;

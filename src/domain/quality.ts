import type { FaceDetail, FaceReason, QualityFilter } from './face.js';

/** What a face must have to pass a filter. */
interface Limits {
  /** 0–100. */
  minConfidence: number;
  /** Shorter side of the box in pixels. */
  minSizePx: number;
  /** 0–100 each. */
  minSharpness: number;
  minBrightness: number;
  /** Above it the face is burnt out; the API has no reason of its own for that. */
  maxBrightness: number;
  /** Degrees either way. */
  maxYaw: number;
  maxPitch: number;
  /** Overall quality, 0–100, as `faceQuality` gives it. */
  minQuality: number;
}

/**
 * Measured by `benchmarks/quality.mjs` as the share of comparisons at FMR 1e-3 that a face makes miss. A filter refuses a face
 * from where about so many are missed: LOW 50 %, AUTO 30 %, MEDIUM 15 %, HIGH 5 %. Size, sharpness and exposure are of photos
 * made worse step by step, of pairs that match undamaged; confidence and pose of 5,771 genuine pairs as they are, 9.8 %
 * of which miss for any reason, so that there HIGH stands where the rate stops falling.
 */
export const QUALITY_LIMITS: Readonly<Record<Exclude<QualityFilter, 'NONE'>, Limits>> = {
  LOW: {
    minConfidence: 90,
    minSizePx: 18,
    minSharpness: 8,
    minBrightness: 2.5,
    maxBrightness: 96,
    maxYaw: 47,
    maxPitch: 45,
    minQuality: 2,
  },
  AUTO: {
    minConfidence: 95,
    minSizePx: 22,
    minSharpness: 10,
    minBrightness: 3.5,
    maxBrightness: 93.5,
    maxYaw: 43,
    maxPitch: 35,
    minQuality: 4,
  },
  MEDIUM: {
    minConfidence: 98.5,
    minSizePx: 26,
    minSharpness: 12,
    minBrightness: 5,
    maxBrightness: 87,
    maxYaw: 35,
    maxPitch: 25,
    minQuality: 15,
  },
  HIGH: {
    minConfidence: 99.7,
    minSizePx: 36,
    minSharpness: 16,
    minBrightness: 8,
    maxBrightness: 80,
    maxYaw: 25,
    maxPitch: 20,
    minQuality: 30,
  },
};

/** What the rules read of a face. */
export type GradedFace = Pick<FaceDetail, 'confidence' | 'sizePx' | 'quality' | 'pose'>;

const RULES: readonly {
  reason: FaceReason;
  fails: (face: GradedFace, limits: Limits) => boolean;
}[] = [
  { reason: 'LOW_CONFIDENCE', fails: (face, limits) => face.confidence < limits.minConfidence },
  { reason: 'SMALL_BOUNDING_BOX', fails: (face, limits) => face.sizePx < limits.minSizePx },
  {
    reason: 'LOW_SHARPNESS',
    fails: (face, limits) => face.quality.sharpness < limits.minSharpness,
  },
  {
    reason: 'LOW_BRIGHTNESS',
    fails: (face, limits) => face.quality.brightness < limits.minBrightness,
  },
  {
    reason: 'EXTREME_POSE',
    fails: ({ pose }, limits) =>
      Math.abs(pose.yaw) > limits.maxYaw || Math.abs(pose.pitch) > limits.maxPitch,
  },
  {
    reason: 'LOW_FACE_QUALITY',
    fails: (face, limits) =>
      face.quality.brightness > limits.maxBrightness || faceQuality(face) < limits.minQuality,
  },
];

/** Why this face does not pass the filter; empty when it does. */
export function refusals(face: GradedFace, filter: QualityFilter): FaceReason[] {
  if (filter === 'NONE') return [];
  const limits = QUALITY_LIMITS[filter];
  return RULES.filter((rule) => rule.fails(face, limits)).map((rule) => rule.reason);
}

/** 0 at or below `none`, 1 at or above `full`, straight between. */
const ramp = (value: number, none: number, full: number): number =>
  Math.max(0, Math.min(1, (value - none) / (full - none)));

/** How well a face can be recognised, 0–100: its weakest property decides, the others temper it. */
export function faceQuality({ confidence, sizePx, quality, pose }: GradedFace): number {
  const parts = [
    ramp(confidence, 80, 99.9),
    ramp(sizePx, 10, 48),
    ramp(quality.sharpness, 3, 20),
    Math.min(ramp(quality.brightness, 1.5, 12), ramp(-quality.brightness, -98, -73)),
    ramp(-Math.abs(pose.yaw), -60, -20),
    ramp(-Math.abs(pose.pitch), -50, -15),
  ];
  const weakest = Math.min(...parts);
  const middle = parts.reduce((sum, part) => sum + part, 0) / parts.length;
  return 100 * weakest * middle;
}

const area = ({ box }: FaceDetail): number => box.width * box.height;

/** Two faces whose qualities fall into one band of this width count as equally good; then size decides. */
const QUALITY_BAND = 10;

const band = (face: FaceDetail): number => Math.floor(faceQuality(face) / QUALITY_BAND);

/**
 * Judges all faces of one image: those that fail the filter get its reasons; of the others at most `maxFaces`
 * are kept (reasons empty), the lowest quality going first, then the smallest (EXCEEDS_MAX_FACES).
 *
 * @returns every face, largest box first.
 */
export function select<T extends FaceDetail>(
  faces: readonly T[],
  { filter, maxFaces }: { filter: QualityFilter; maxFaces: number },
): (T & { reasons: FaceReason[] })[] {
  const judged = faces.map((face) => ({ ...face, reasons: refusals(face, filter) }));
  const passed = judged
    .filter((face) => face.reasons.length === 0)
    .toSorted((a, b) => band(b) - band(a) || area(b) - area(a));
  for (const face of passed.slice(maxFaces)) face.reasons.push('EXCEEDS_MAX_FACES');
  return judged.toSorted((a, b) => area(b) - area(a));
}

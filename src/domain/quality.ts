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
 * Measured on the labelled photos (`benchmarks/accuracy.mjs`), as the share of 5,727 genuine pairs that miss
 * similarity 75 (9.7 % over all), by the worse face of the pair:
 * confidence below 95: 77 %, 95–100: 40 %, the better 80 %: 2–6 %;
 * sharpness below 25: 32 %, above: 5–9 % (a blur of σ 9 px on a 200 px face gives 12 and still matches at 65–91);
 * brightness below 33: 18–35 %, above 44: 2–6 % (at 6 a studio face still matches, at 3 it loses 15 points);
 * yaw beyond 43°: 55 %, 30–43°: 14–22 %, below 23°: 4–9 %; pitch beyond 25°: 25 %, below: 8–18 %.
 * Size from the study's shrunk faces, matches at FMR 1e-3: 38 px 92 %, 28 px 83 %, 20 px 59 %.
 * AUTO refuses what cannot be used and lets pass all but a few in a thousand of the normal photos.
 */
export const QUALITY_LIMITS: Readonly<Record<Exclude<QualityFilter, 'NONE'>, Limits>> = {
  LOW: {
    minConfidence: 80,
    minSizePx: 16,
    minSharpness: 5,
    minBrightness: 2,
    maxBrightness: 99,
    maxYaw: 60,
    maxPitch: 50,
    minQuality: 2,
  },
  AUTO: {
    minConfidence: 90,
    minSizePx: 20,
    minSharpness: 8,
    minBrightness: 4,
    maxBrightness: 97.5,
    maxYaw: 55,
    maxPitch: 40,
    minQuality: 4,
  },
  MEDIUM: {
    minConfidence: 97,
    minSizePx: 36,
    minSharpness: 18,
    minBrightness: 12,
    maxBrightness: 92,
    maxYaw: 42,
    maxPitch: 30,
    minQuality: 15,
  },
  HIGH: {
    minConfidence: 99,
    minSizePx: 60,
    minSharpness: 25,
    minBrightness: 25,
    maxBrightness: 88,
    maxYaw: 30,
    maxPitch: 25,
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
    ramp(confidence, 70, 99),
    ramp(sizePx, 10, 60),
    ramp(quality.sharpness, 0, 30),
    Math.min(ramp(quality.brightness, 0, 25), ramp(-quality.brightness, -100, -85)),
    ramp(-Math.abs(pose.yaw), -75, -25),
    ramp(-Math.abs(pose.pitch), -60, -20),
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

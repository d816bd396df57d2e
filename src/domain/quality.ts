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

const LIMITS: Readonly<Record<Exclude<QualityFilter, 'NONE'>, Limits>> = {
  LOW: {
    minConfidence: 55,
    minSizePx: 16,
    minSharpness: 4,
    minBrightness: 3,
    maxBrightness: 98,
    maxYaw: 65,
    maxPitch: 50,
    minQuality: 3,
  },
  AUTO: {
    minConfidence: 60,
    minSizePx: 20,
    minSharpness: 7,
    minBrightness: 5,
    maxBrightness: 96,
    maxYaw: 55,
    maxPitch: 45,
    minQuality: 6,
  },
  MEDIUM: {
    minConfidence: 75,
    minSizePx: 36,
    minSharpness: 15,
    minBrightness: 12,
    maxBrightness: 92,
    maxYaw: 45,
    maxPitch: 35,
    minQuality: 20,
  },
  HIGH: {
    minConfidence: 85,
    minSizePx: 60,
    minSharpness: 25,
    minBrightness: 20,
    maxBrightness: 88,
    maxYaw: 30,
    maxPitch: 25,
    minQuality: 40,
  },
};

const RULES: readonly {
  reason: FaceReason;
  fails: (face: FaceDetail, limits: Limits) => boolean;
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
export function refusals(face: FaceDetail, filter: QualityFilter): FaceReason[] {
  if (filter === 'NONE') return [];
  const limits = LIMITS[filter];
  return RULES.filter((rule) => rule.fails(face, limits)).map((rule) => rule.reason);
}

/** 0 at or below `none`, 1 at or above `full`, straight between. */
const ramp = (value: number, none: number, full: number): number =>
  Math.max(0, Math.min(1, (value - none) / (full - none)));

/** How well a face can be recognised, 0–100: its weakest property decides, the others temper it. */
export function faceQuality({ confidence, sizePx, quality, pose }: FaceDetail): number {
  const parts = [
    ramp(confidence, 40, 95),
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

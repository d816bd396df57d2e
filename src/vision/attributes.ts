import type { Judgement, Pose } from '../domain/face.js';
import type { Mesh } from './landmarks.js';

type Vector = readonly [x: number, y: number, z: number];

const at = ({ points }: Mesh, index: number): Vector => [
  points[index * 3]!,
  points[index * 3 + 1]!,
  points[index * 3 + 2]!,
];

const between = (a: Vector, b: Vector): Vector => [b[0] - a[0], b[1] - a[1], b[2] - a[2]];

const distance = (mesh: Mesh, a: number, b: number): number =>
  Math.hypot(...between(at(mesh, a), at(mesh, b)));

const degrees = (radians: number): number => (radians * 180) / Math.PI;

/** Mesh points: outer eye corners, cheeks beside the ears, forehead and chin. */
const EYE_LINE = [33, 263] as const;
const CHEEKS = [234, 454] as const;
const FOREHEAD_CHIN = [10, 152] as const;

/** What the mesh says of level faces, subtracted: see the comment of `poseOf`. */
const LEVEL_PITCH_DEG = -2.9;

/**
 * Head rotation in degrees from the mesh's depth. Roll is exact, yaw good to about ±45°, pitch carries the
 * mesh's bias, of which the mean over frontal studio portraits (London set, 102 photos) is taken off.
 */
export function poseOf(mesh: Mesh): Pose {
  const [dx, dy] = between(at(mesh, EYE_LINE[0]), at(mesh, EYE_LINE[1]));
  const cheeks = between(at(mesh, CHEEKS[0]), at(mesh, CHEEKS[1]));
  const height = between(at(mesh, FOREHEAD_CHIN[0]), at(mesh, FOREHEAD_CHIN[1]));
  return {
    roll: degrees(Math.atan2(dy, dx)),
    yaw: degrees(Math.atan2(cheeks[2], Math.hypot(cheeks[0], cheeks[1]))),
    pitch: degrees(Math.atan2(-height[2], Math.hypot(height[0], height[1]))) - LEVEL_PITCH_DEG,
  };
}

/** Corners and three lid pairs of an eye. */
const LEFT_EYE = {
  corners: [33, 133],
  lids: [
    [160, 144],
    [159, 145],
    [158, 153],
  ],
} as const;
const RIGHT_EYE = {
  corners: [362, 263],
  lids: [
    [385, 380],
    [386, 374],
    [387, 373],
  ],
} as const;

/**
 * Height over width of an eye opening, in depth: wide open 0.30–0.37, shut 0.15–0.24, smiling or looking down
 * 0.22–0.30. The mesh smooths shut eyes open, so the doubtful stretch is broad.
 */
const EYE = { middle: 0.25, width: 0.028 } as const;

/** Inner lips, height over width: shut below 0.1, open from 0.3. */
const MOUTH = { middle: 0.2, width: 0.04 } as const;

/** No judgement from a ratio of lengths is surer than this. */
const MAX_CONFIDENCE = 95;

/** Whether both eyes are open. */
export function eyesOpenOf(mesh: Mesh): Judgement {
  const ratio = (eye: typeof LEFT_EYE | typeof RIGHT_EYE): number => {
    const lids = eye.lids.map(([upper, lower]) => distance(mesh, upper, lower));
    const height = lids.reduce((sum, length) => sum + length, 0) / lids.length;
    return height / distance(mesh, eye.corners[0], eye.corners[1]);
  };
  return judge((ratio(LEFT_EYE) + ratio(RIGHT_EYE)) / 2, EYE, mesh.flag);
}

/** Whether the lips are apart. */
export function mouthOpenOf(mesh: Mesh): Judgement {
  return judge(distance(mesh, 13, 14) / distance(mesh, 78, 308), MOUTH, mesh.flag);
}

/** A logistic in the ratio, drawn towards 50 when the mesh itself is doubtful. */
function judge(ratio: number, scale: { middle: number; width: number }, flag: number): Judgement {
  const open = 1 / (1 + Math.exp((scale.middle - ratio) / scale.width));
  const sure = Math.max(open, 1 - open);
  const confidence = 100 * (0.5 + (sure - 0.5) * Math.min(1, Math.max(0, flag)));
  return { value: open >= 0.5, confidence: Math.min(MAX_CONFIDENCE, confidence) };
}

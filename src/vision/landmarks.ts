import { LANDMARK_TYPES, type LandmarkType } from '../domain/face.js';
import type { LandmarksCard } from './cards.js';
import type { Candidate } from './detect.js';
import { mapPoint, mean, type Point, type Rect, scaleOf, squareView } from './geometry.js';
import type { Pyramid } from './image.js';
import type { Net } from './runtimes/runtime.js';

/** How many points the mesh has. */
export const MESH_POINTS = 468;

/** The crop is this many times the detector's box (study: ablation of the alignment). */
const CROP = 1.5;

/** The mesh of one face. */
export interface Mesh {
  /** The net's own opinion that the crop shows a face, 0–1. */
  flag: number;
  /** x, y, z of each point in image pixels; z grows away from the camera. */
  points: Float32Array;
}

/** FaceMesh around a detected face. */
export class Landmarker {
  readonly #net: Net;
  readonly #canvas: number;

  constructor(net: Net, card: LandmarksCard) {
    this.#net = net;
    this.#canvas = card.input.size;
  }

  /** Lays the mesh over the candidate, turned so that its eyes are level. */
  async locate(image: Pyramid, { centre, size, angle }: Candidate): Promise<Mesh> {
    const canvas = this.#canvas;
    const toImage = squareView(canvas, centre, size * CROP, angle);
    const [mesh, flag] = await this.#net.run(image.warp(toImage, canvas, canvas), 1);
    const scale = scaleOf(toImage);
    const points = new Float32Array(MESH_POINTS * 3);
    for (let at = 0; at < points.length; at += 3) {
      const [x, y] = mapPoint(toImage, [mesh![at]!, mesh![at + 1]!]);
      points[at] = x;
      points[at + 1] = y;
      points[at + 2] = mesh![at + 2]! * scale;
    }
    return { flag: flag![0]!, points };
  }
}

/** Where a mesh lies, as a candidate for the next one: the square around it along its eye line. */
export function candidateOf(mesh: Mesh): Candidate {
  const [left, right] = [meshPoint(mesh, 33), meshPoint(mesh, 263)];
  const angle = Math.atan2(right[1] - left[1], right[0] - left[0]);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (let index = 0; index < MESH_POINTS; index++) {
    const [x, y] = meshPoint(mesh, index);
    include(box, x * cos + y * sin, y * cos - x * sin);
  }
  const [u, v] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  return {
    score: mesh.flag,
    centre: [u * cos - v * sin, u * sin + v * cos],
    size: Math.max(box.right - box.left, box.bottom - box.top),
    angle,
  };
}

/** A mesh point without its depth. */
export const meshPoint = ({ points }: Mesh, index: number): Point => [
  points[index * 3]!,
  points[index * 3 + 1]!,
];

/** The mean of some mesh points. */
export const meshMean = (mesh: Mesh, indices: readonly number[]): Point =>
  mean(indices.map((index) => meshPoint(mesh, index)));

/** The upright rectangle around the mesh: forehead below the hair to chin, cheek to cheek. */
export function meshBox(mesh: Mesh): Rect {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (let index = 0; index < MESH_POINTS; index++) include(box, ...meshPoint(mesh, index));
  return box;
}

function include(box: Rect, x: number, y: number): void {
  box.left = Math.min(box.left, x);
  box.right = Math.max(box.right, x);
  box.top = Math.min(box.top, y);
  box.bottom = Math.max(box.bottom, y);
}

/**
 * Which mesh points make an API landmark. The pupils are the middle of the eye opening: without an iris net the
 * gaze is not known.
 */
const LANDMARK_POINTS: Readonly<Record<LandmarkType, readonly number[]>> = {
  eyeLeft: [33, 133, 159, 145],
  eyeRight: [263, 362, 386, 374],
  nose: [4],
  mouthLeft: [61],
  mouthRight: [291],
  leftEyeBrowLeft: [70],
  leftEyeBrowRight: [107],
  leftEyeBrowUp: [105],
  rightEyeBrowLeft: [336],
  rightEyeBrowRight: [300],
  rightEyeBrowUp: [334],
  leftEyeLeft: [33],
  leftEyeRight: [133],
  leftEyeUp: [159],
  leftEyeDown: [145],
  rightEyeLeft: [362],
  rightEyeRight: [263],
  rightEyeUp: [386],
  rightEyeDown: [374],
  noseLeft: [98],
  noseRight: [327],
  mouthUp: [0],
  mouthDown: [17],
  leftPupil: [159, 145],
  rightPupil: [386, 374],
  upperJawlineLeft: [127],
  midJawlineLeft: [58],
  chinBottom: [152],
  midJawlineRight: [288],
  upperJawlineRight: [356],
};

/** All 30 API landmarks in image pixels, in the order of LANDMARK_TYPES. */
export function landmarksOf(mesh: Mesh): { type: LandmarkType; point: Point }[] {
  return LANDMARK_TYPES.map((type) => ({ type, point: meshMean(mesh, LANDMARK_POINTS[type]) }));
}

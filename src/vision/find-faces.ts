import type { Candidate, Detector } from './detect.js';
import { containment, overlap, type Rect, suppress } from './geometry.js';
import type { Pyramid } from './image.js';
import { candidateOf, type Landmarker, type Mesh, meshBox } from './landmarks.js';
import { framedView, tileViews, type View, wholeView } from './views.js';

/** A face with its mesh. */
export interface FoundFace {
  /** The detector's score, 0–1. */
  score: number;
  mesh: Mesh;
  /** Around the mesh, in image pixels. */
  box: Rect;
  /** True: laid again, the mesh moves on, as it does beside a face rather than on it. */
  wanders: boolean;
}

/** Below this the mesh itself says that there is no face. */
const MIN_FLAG = 0.5;

/**
 * A face whose score × flag is below this counts only beside a better one. On the 113 photos of no person in
 * the labelled set this leaves 2 with a false face (4 without it) and costs none of 2,439 labelled people.
 */
const MIN_EVIDENCE_ALONE = 0.55;

/** A first pass with a face smaller than this share of the longest side may have missed others. */
const SMALL_FACE = 0.1;

/** So many faces in the first pass make a group photo. */
const GROUP = 4;

/** Width of the black frame of the retry for tight crops, as a share of the longest side. */
const FRAME = 0.3;

/** Two meshes are one face when their boxes overlap by this, or one contains the other by that. */
const SAME_FACE = { overlap: 0.4, containment: 0.75 } as const;

/**
 * A mesh beside a face has a high flag too, when its crop shows the face at the edge. Below this detector score
 * it is laid again; if its centre then moves by more than `shift` of its size, and its box meets a better
 * face's by `containment`, it is that face again. (A face alone in a tight crop may move as far and stays.)
 */
const WANDERING = { belowScore: 0.8, shift: 0.09, containment: 0.15 } as const;

/** Candidates whose mesh is laid; more than this from one image are dropped, worst score first. */
const MAX_CANDIDATES = 300;

/**
 * All faces of an image. One pass over the whole; a pass over tiles when it found small faces, many, or
 * none; a pass with a frame when there is still none. Faces are told apart by their meshes' boxes.
 */
export async function findFaces(
  { detector, landmarker }: { detector: Detector; landmarker: Landmarker },
  image: Pyramid,
): Promise<FoundFace[]> {
  const { canvas } = detector;
  const search = (views: readonly View[]): Promise<FoundFace[]> =>
    searchViews({ detector, landmarker }, image, views);
  const first = await search([wholeView(canvas, image)]);
  const faces = believed(
    needsTiles(first, image)
      ? unique([...first, ...(await search(tileViews(canvas, image)))])
      : unique(first),
  );
  return faces.length > 0
    ? faces
    : believed(unique(await search([framedView(canvas, image, FRAME)])));
}

const evidence = ({ score, mesh }: FoundFace): number => score * mesh.flag;

/** Nothing, when even the best face is doubtful. */
const believed = (faces: FoundFace[]): FoundFace[] =>
  faces.some((face) => evidence(face) >= MIN_EVIDENCE_ALONE) ? faces : [];

function needsTiles(faces: readonly FoundFace[], { width, height }: Pyramid): boolean {
  const small = SMALL_FACE * Math.max(width, height);
  return (
    faces.length === 0 ||
    faces.length >= GROUP ||
    faces.some(({ box }) => Math.max(box.right - box.left, box.bottom - box.top) < small)
  );
}

async function searchViews(
  nets: { detector: Detector; landmarker: Landmarker },
  image: Pyramid,
  views: readonly View[],
): Promise<FoundFace[]> {
  const candidates: Candidate[] = [];
  for (const view of views) candidates.push(...(await nets.detector.detect(image, view)));
  candidates.sort((a, b) => b.score - a.score);
  const faces: FoundFace[] = [];
  for (const candidate of candidates.slice(0, MAX_CANDIDATES)) {
    const mesh = await nets.landmarker.locate(image, candidate);
    if (mesh.flag < MIN_FLAG) continue;
    const { score } = candidate;
    const wanders =
      score < WANDERING.belowScore &&
      (await shiftOf(nets.landmarker, image, mesh)) > WANDERING.shift;
    faces.push({ score, mesh, box: meshBox(mesh), wanders });
  }
  return faces;
}

/** How far the mesh moves when it is laid where it lies, as a share of its size. */
async function shiftOf(landmarker: Landmarker, image: Pyramid, mesh: Mesh): Promise<number> {
  const here = candidateOf(mesh);
  const { centre } = candidateOf(await landmarker.locate(image, here));
  return Math.hypot(centre[0] - here.centre[0], centre[1] - here.centre[1]) / here.size;
}

/** A face seen in several views, once. */
function unique(faces: readonly FoundFace[]): FoundFace[] {
  return suppress(
    faces,
    evidence,
    (a, b) =>
      overlap(a.box, b.box) > SAME_FACE.overlap ||
      containment(a.box, b.box) > (b.wanders ? WANDERING.containment : SAME_FACE.containment),
  );
}

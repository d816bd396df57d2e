import type { Candidate, Detector } from './detect.js';
import { containment, overlap, type Rect } from './geometry.js';
import type { Pyramid } from './image.js';
import { candidateOf, type Landmarker, type Mesh, meshBox } from './landmarks.js';
import {
  framedView,
  type Quarters,
  type Size,
  tileViews,
  turnedViews,
  type View,
  wholeView,
} from './views.js';

/** A face with its mesh. */
export interface FoundFace {
  /** The detector's score, 0–1. */
  score: number;
  mesh: Mesh;
  /** Around the mesh, in image pixels. */
  box: Rect;
  /** What the detector saw, in image pixels. */
  seen: Rect;
}

/** Below this the mesh itself says that there is no face. */
const MIN_FLAG = 0.5;

/**
 * A face whose score × flag is below this counts only beside a better one. On the 113 photos of no person in
 * the labelled set this leaves 2 with a false face (4 without it) and costs none of 2,439 labelled people.
 */
const MIN_EVIDENCE_ALONE = 0.55;

/** The same for faces of a photo that was turned: three more ways to look are three more chances of a false face. */
const MIN_EVIDENCE_TURNED = 0.7;

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

/** A view shows a face again that another view has shown when what the detector sees overlaps by this. */
const SEEN_AGAIN = 0.5;

/** Candidates whose mesh is laid; more than this from one image are dropped, worst score first. */
const MAX_CANDIDATES = 300;

/** How else a photo may lie whose orientation was lost: on either side or upside down. */
const OTHER_WAYS: readonly Quarters[] = [1, 3, 2];

/**
 * When an upright search found a face and the photo may yet lie on its side or upside down. On the labelled photos
 * one in a thousand faces is tilted by more than `roll` degrees. On faces that stand on their heads the mesh is
 * mostly laid the wrong way round, with a doubtful flag or score; of upright ones 6 % are as doubtful, and these are
 * laid once more, the other way round, which decides.
 *
 * Of 146 LFW photos turned by 90°, 180° and 270° all have a face found, and 145, 144 and 144 of them the face that the
 * upright photo has (cosine above 0.97; before, 127, none and 135); no photo without a person gains a face.
 */
const TURNED = { roll: 30, belowFlag: 0.9999, belowEvidence: 0.8 } as const;

interface FinderNets {
  detector: Detector;
  landmarker: Landmarker;
}

/**
 * All faces of an image. One pass over the whole; a pass over tiles when it found small faces, many, or
 * none; a pass with a frame when there is still none. Faces are told apart by their meshes' boxes.
 *
 * Photos that lost their EXIF orientation lie on a side or upside down. Where nobody was found, or somebody who lies or
 * stands on his head, the image is searched as if it were turned, and the better finds count. They are given where they
 * are in the image as it is, with the roll that they have there.
 */
export async function findFaces(nets: FinderNets, image: Pyramid): Promise<FoundFace[]> {
  const upright = believed(await findTurned(nets, image, 0), MIN_EVIDENCE_ALONE);
  const way = await wayToTurn(nets.landmarker, image, upright);
  if (way === 0) return upright;
  let best: FoundFace[] = [];
  for (const quarters of way === undefined ? OTHER_WAYS : [way]) {
    const faces = believed(await findTurned(nets, image, quarters), MIN_EVIDENCE_TURNED);
    if (mostEvidence(faces) > mostEvidence(best)) best = faces;
  }
  // That faces stand on their heads is decided by now; whether one lies or is only tilted, the evidence says.
  const isBetter = way === 2 ? best.length > 0 : mostEvidence(best) > mostEvidence(upright);
  return isBetter ? best : upright;
}

/** How the image has to be turned so that its largest face is upright; undefined where that cannot be told. */
async function wayToTurn(
  landmarker: Landmarker,
  image: Pyramid,
  faces: readonly FoundFace[],
): Promise<Quarters | undefined> {
  if (faces.length === 0) return undefined;
  const largest = faces.reduce((a, b) => (longerSide(b) > longerSide(a) ? b : a));
  const here = candidateOf(largest.mesh);
  const roll = (here.angle * 180) / Math.PI;
  if (Math.abs(roll) > 180 - TURNED.roll) return 2;
  if (Math.abs(roll) > TURNED.roll) return roll > 0 ? 3 : 1;
  const { flag } = largest.mesh;
  if (flag >= TURNED.belowFlag && evidence(largest) >= TURNED.belowEvidence) return 0;
  const other = await landmarker.locate(image, { ...here, angle: here.angle + Math.PI });
  return other.flag > flag ? 2 : 0;
}

/** The faces of an image turned by so many quarters, doubtful ones too. */
async function findTurned(
  nets: FinderNets,
  image: Pyramid,
  quarters: Quarters,
): Promise<FoundFace[]> {
  const { canvas } = nets.detector;
  const search = (
    viewsOf: (size: Size) => readonly View[],
    known: readonly FoundFace[] = [],
  ): Promise<FoundFace[]> =>
    searchViews(nets, image, { views: turnedViews(image, quarters, viewsOf), known });
  const once = (found: readonly FoundFace[]) => unique(nets.landmarker, image, found);
  const first = await search((size) => [wholeView(canvas, size)]);
  // A photo of nobody is looked at in tiles once, not four times: faces so small are seen in upright tiles as well.
  const isWorthTiles = first.length > 0 || quarters === 0;
  const faces =
    isWorthTiles && needsTiles(first, image)
      ? await once([...first, ...(await search((size) => tileViews(canvas, size), first))])
      : await once(first);
  return believed(faces, MIN_EVIDENCE_ALONE).length > 0
    ? faces
    : once(await search((size) => [framedView(canvas, size, FRAME)]));
}

const evidence = ({ score, mesh }: FoundFace): number => score * mesh.flag;

const mostEvidence = (faces: readonly FoundFace[]): number => Math.max(0, ...faces.map(evidence));

/** Nothing, when even the best face is doubtful. */
const believed = (faces: FoundFace[], least: number): FoundFace[] =>
  mostEvidence(faces) >= least ? faces : [];

function needsTiles(faces: readonly FoundFace[], { width, height }: Pyramid): boolean {
  const small = SMALL_FACE * Math.max(width, height);
  return (
    faces.length === 0 || faces.length >= GROUP || faces.some((face) => longerSide(face) < small)
  );
}

const longerSide = ({ box }: FoundFace): number =>
  Math.max(box.right - box.left, box.bottom - box.top);

/**
 * The faces of some views. No mesh is laid where a better face was found already: even were the mesh sure of it, it
 * would be dropped as that face seen again.
 *
 * @param known faces found in views before.
 */
async function searchViews(
  { detector, landmarker }: FinderNets,
  image: Pyramid,
  { views, known }: { views: readonly View[]; known: readonly FoundFace[] },
): Promise<FoundFace[]> {
  const candidates: Candidate[] = [];
  for (const view of views) candidates.push(...(await detector.detect(image, view)));
  candidates.sort((a, b) => b.score - a.score);
  const faces: FoundFace[] = [];
  const isSeenAgain = (seen: Rect, score: number): boolean =>
    [known, faces].some((found) =>
      found.some((face) => evidence(face) >= score && overlap(face.seen, seen) > SEEN_AGAIN),
    );
  for (const candidate of candidates.slice(0, MAX_CANDIDATES)) {
    const { score } = candidate;
    const seen = squareAround(candidate);
    if (isSeenAgain(seen, score)) continue;
    const mesh = await landmarker.locate(image, candidate);
    if (mesh.flag >= MIN_FLAG) faces.push({ score, mesh, box: meshBox(mesh), seen });
  }
  return faces;
}

const squareAround = ({ centre: [x, y], size }: Candidate): Rect => ({
  left: x - size / 2,
  top: y - size / 2,
  right: x + size / 2,
  bottom: y + size / 2,
});

/** A face seen in several views, once; best first. */
async function unique(
  landmarker: Landmarker,
  image: Pyramid,
  faces: readonly FoundFace[],
): Promise<FoundFace[]> {
  const kept: FoundFace[] = [];
  for (const face of faces.toSorted((a, b) => evidence(b) - evidence(a)))
    if (!(await isOneOf(kept, face, () => wanders(landmarker, image, face)))) kept.push(face);
  return kept;
}

/** Whether a face is one of better ones. Where it wanders to is asked only where that decides. */
async function isOneOf(
  better: readonly FoundFace[],
  { box }: FoundFace,
  doesWander: () => Promise<boolean>,
): Promise<boolean> {
  const isSame = ({ box: other }: FoundFace): boolean =>
    overlap(other, box) > SAME_FACE.overlap || containment(other, box) > SAME_FACE.containment;
  if (better.some(isSame)) return true;
  const meets = better.some(({ box: other }) => containment(other, box) > WANDERING.containment);
  return meets && doesWander();
}

/** Whether the mesh moves on when it is laid where it lies, as it does beside a face rather than on it. */
async function wanders(
  landmarker: Landmarker,
  image: Pyramid,
  { score, mesh }: FoundFace,
): Promise<boolean> {
  if (score >= WANDERING.belowScore) return false;
  const here = candidateOf(mesh);
  const { centre } = candidateOf(await landmarker.locate(image, here));
  const shift = Math.hypot(centre[0] - here.centre[0], centre[1] - here.centre[1]);
  return shift / here.size > WANDERING.shift;
}

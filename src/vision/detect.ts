import type { DetectorCard } from './cards.js';
import { mapPoint, overlap, type Point, type Rect, scaleOf, suppress } from './geometry.js';
import type { Pyramid } from './image.js';
import type { Net } from './runtimes/runtime.js';
import type { View } from './views.js';

/** Where a face may be, in image pixels. */
export interface Candidate {
  /** 0–1. */
  score: number;
  centre: Point;
  /** Side of the upright square around it. */
  size: number;
  /** Direction from the image-left to the image-right eye, radians, clockwise. */
  angle: number;
}

/** Below this score an anchor is noise (study: at 0.5 one of 446 mixed photos loses its face). */
const MIN_SCORE = 0.5;

/** Two boxes of one view that overlap by more than this are one face. */
const SAME_FACE_OVERLAP = 0.3;

/** A box closer to a cut than this share of the canvas is cut itself. */
const CUT_MARGIN = 0.02;

/** Anchor grids of BlazeFace-back: cell size in canvas pixels and anchors a cell. */
const GRIDS = [
  { cell: 16, perCell: 2, scores: 0, boxes: 2 },
  { cell: 32, perCell: 6, scores: 1, boxes: 3 },
] as const;

/** Numbers an anchor: centre x, y, width, height and six key points. */
const BOX_NUMBERS = 16;

/** BlazeFace over views of an image. */
export class Detector {
  readonly #net: Net;
  /** Side of the square canvas the net sees. */
  readonly canvas: number;

  constructor(net: Net, card: DetectorCard) {
    this.#net = net;
    this.canvas = card.input.size;
  }

  /** The faces of one view, best first, each once. */
  async detect(image: Pyramid, view: View): Promise<Candidate[]> {
    const { canvas } = this;
    const outputs = await this.#net.run(image.warp(view.toImage, canvas, canvas), 1);
    const anchors = GRIDS.flatMap((grid) =>
      decodeGrid(outputs[grid.scores]!, outputs[grid.boxes]!, canvas, grid),
    );
    const whole = anchors.filter((anchor) => !isCut(anchor, view, canvas));
    const faces = suppress(
      whole,
      (anchor) => anchor.score,
      (a, b) => overlap(a.box, b.box) > SAME_FACE_OVERLAP,
    );
    return faces.map((anchor) => toCandidate(anchor, view));
  }
}

/** A face in canvas pixels. */
interface Anchor {
  score: number;
  box: Rect;
  leftEye: Point;
  rightEye: Point;
}

function decodeGrid(
  logits: Float32Array,
  numbers: Float32Array,
  canvas: number,
  { cell, perCell }: { cell: number; perCell: number },
): Anchor[] {
  const columns = canvas / cell;
  const found: Anchor[] = [];
  for (const [index, logit] of logits.entries()) {
    const score = 1 / (1 + Math.exp(-logit));
    if (score < MIN_SCORE) continue;
    const position = Math.floor(index / perCell);
    const x = ((position % columns) + 0.5) * cell;
    const y = (Math.floor(position / columns) + 0.5) * cell;
    const at = index * BOX_NUMBERS;
    const number = (offset: number): number => numbers[at + offset]!;
    const halfWidth = number(2) / 2;
    const halfHeight = number(3) / 2;
    const [centreX, centreY] = [x + number(0), y + number(1)];
    found.push({
      score,
      box: {
        left: centreX - halfWidth,
        top: centreY - halfHeight,
        right: centreX + halfWidth,
        bottom: centreY + halfHeight,
      },
      leftEye: [x + number(4), y + number(5)],
      rightEye: [x + number(6), y + number(7)],
    });
  }
  return found;
}

function isCut({ box }: Anchor, { cuts }: View, canvas: number): boolean {
  const margin = CUT_MARGIN * canvas;
  return (
    (cuts.left && box.left < margin) ||
    (cuts.top && box.top < margin) ||
    (cuts.right && box.right > canvas - margin) ||
    (cuts.bottom && box.bottom > canvas - margin)
  );
}

function toCandidate({ score, box, leftEye, rightEye }: Anchor, { toImage }: View): Candidate {
  const [leftX, leftY] = mapPoint(toImage, leftEye);
  const [rightX, rightY] = mapPoint(toImage, rightEye);
  return {
    score,
    centre: mapPoint(toImage, [(box.left + box.right) / 2, (box.top + box.bottom) / 2]),
    size: Math.max(box.right - box.left, box.bottom - box.top) * scaleOf(toImage),
    angle: Math.atan2(rightY - leftY, rightX - leftX),
  };
}

import { fmrAsSeenBy } from '../domain/calibration.js';
import { centroidOf, outlierDistanceOf } from '../domain/centroid.js';
import { type CalibrationCurve, cosineOf, reaches, similarityOf } from '../domain/similarity.js';
import { curveFor } from '../domain/user-scale.js';

/** What would change for the users of a collection if its similarities were read from another curve. */
export interface CalibrationDiff {
  from: string;
  to: string;
  /** Similarities of the present curve, and what the same faces would have, at the mean of the users. */
  scale: { similarity: number; becomes: number }[];
  /** Faces of users that have others to compare with, and those that have none. */
  users: { compared: number; withOneFace: number; withoutFaces: number };
  facesCompared: number;
  thresholds: ThresholdDiff[];
  /** |similarity after − before| over the compared faces, to 0.1; 0 without any. */
  moved: { median: number; p95: number; largest: number };
  /** The compared faces that move most, the largest first. */
  examples: MovedFace[];
}

export interface ThresholdDiff {
  /** 0–100, as callers give it. */
  threshold: number;
  /** The threshold of the other curve that decides as this one does now, at the mean of the users. */
  sameDecisionsAt: number;
  /** FMR of this threshold now and after, both as the other curve's data measured it, at the mean of the users. */
  fmr: { before: number; after: number };
  /** Compared faces that AssociateFaces would take now, and after. */
  accepted: { before: number; after: number };
  /** Compared faces that would no longer be taken, those that newly would, and the users they belong to. */
  lost: { faces: number; users: number };
  gained: { faces: number; users: number };
}

export interface MovedFace {
  userId: string;
  faceId: string;
  before: number;
  after: number;
}

export interface DiffRequest {
  from: CalibrationCurve;
  to: CalibrationCurve;
  /** The curve shipped with the model, which weighs faces in a centroid. */
  shipped: CalibrationCurve;
  thresholds: readonly number[];
  people: AsyncIterable<{ userId: string; faces: { faceId: string; embedding: Float32Array }[] }>;
  /** Stops the reading; the promise rejects with its reason. */
  signal?: AbortSignal;
}

const SCALE = [50, 60, 70, 75, 80, 85, 90, 95, 99] as const;
const EXAMPLES = 10;
/** Moves are counted in steps of 0.1. */
const STEPS = 10;

/**
 * Scores every associated face against the centroid of its user's other faces, which is what AssociateFaces
 * would do if it asked to join today, once by each curve. Nothing is changed by a switch itself: faces stay
 * with their users. Memory does not grow with the collection.
 */
export async function diffCalibrations(request: DiffRequest): Promise<CalibrationDiff> {
  const { from, to, thresholds, signal } = request;
  const distance = outlierDistanceOf(request.shipped);
  const users = { compared: 0, withOneFace: 0, withoutFaces: 0 };
  const rows = thresholds.map(emptyRow);
  const sizes = new Map<number, number>();
  const moves = new Uint32Array(100 * STEPS + 1);
  let examples: MovedFace[] = [];
  for await (const { userId, faces } of request.people) {
    signal?.throwIfAborted();
    if (faces.length < 2) {
      users[faces.length === 0 ? 'withoutFaces' : 'withOneFace'] += 1;
      if (faces.length === 1) sizes.set(1, (sizes.get(1) ?? 0) + 1);
      continue;
    }
    users.compared += 1;
    sizes.set(faces.length, (sizes.get(faces.length) ?? 0) + 1);
    const [now, next] = [from, to].map((curve) => curveFor(curve, [faces.length - 1])) as Pair;
    const moved = faces.flatMap(({ faceId, embedding }) => {
      const cosine = cosineToOthers(faces, faceId, { embedding, distance });
      return cosine === undefined
        ? []
        : [
            {
              userId,
              faceId,
              before: similarityOf(now, cosine),
              after: similarityOf(next, cosine),
            },
          ];
    });
    for (const face of moved) moves[Math.round(movement(face) * STEPS)]! += 1;
    for (const row of rows) count(row, moved);
    examples = [...examples, ...moved]
      .toSorted((a, b) => movement(b) - movement(a))
      .slice(0, EXAMPLES);
  }
  const meanOf = meanOver(sizes, request);
  const becomes = (similarity: number): number =>
    meanOf((now, next) => similarityOf(next, cosineOf(now, similarity)));
  return {
    from: from.version,
    to: to.version,
    scale: SCALE.map((similarity) => ({ similarity, becomes: becomes(similarity) })),
    users,
    facesCompared: moves.reduce((sum, each) => sum + each, 0),
    thresholds: rows.map((row) => ({
      ...row,
      sameDecisionsAt: becomes(row.threshold),
      fmr: {
        before: meanOf((now, next) => fmrAsSeenBy(next, now, row.threshold)),
        after: meanOf((_, next) => fmrAsSeenBy(next, next, row.threshold)),
      },
    })),
    moved: {
      median: quantile(moves, 0.5),
      p95: quantile(moves, 0.95),
      largest: examples[0] ? movement(examples[0]) : 0,
    },
    examples: examples.filter((face) => movement(face) > 0),
  };
}

const movement = ({ before, after }: MovedFace): number => Math.abs(after - before);

/** Both curves, as they read a cosine to one user. */
type Pair = [now: CalibrationCurve, next: CalibrationCurve];

/** The mean over the users, by how many faces each has, of what both curves give; without users that of one face. */
function meanOver(sizes: ReadonlyMap<number, number>, { from, to }: DiffRequest) {
  const users = sizes.size > 0 ? [...sizes] : [[1, 1] as const];
  const total = users.reduce((sum, [, number]) => sum + number, 0);
  return (value: (...pair: Pair) => number): number =>
    users.reduce(
      (sum, [faces, number]) =>
        sum + (number / total) * value(curveFor(from, [faces]), curveFor(to, [faces])),
      0,
    );
}

/** What is counted while users are read. */
type Counts = Omit<ThresholdDiff, 'sameDecisionsAt' | 'fmr'>;

const emptyRow = (threshold: number): Counts => ({
  threshold,
  accepted: { before: 0, after: 0 },
  lost: { faces: 0, users: 0 },
  gained: { faces: 0, users: 0 },
});

function count(row: Counts, faces: readonly MovedFace[]): void {
  const change = { lost: 0, gained: 0 };
  for (const { before, after } of faces) {
    const [was, is] = [reaches(before, row.threshold), reaches(after, row.threshold)];
    if (was) row.accepted.before += 1;
    if (is) row.accepted.after += 1;
    if (was && !is) change.lost += 1;
    if (is && !was) change.gained += 1;
  }
  for (const kind of ['lost', 'gained'] as const) {
    row[kind].faces += change[kind];
    if (change[kind] > 0) row[kind].users += 1;
  }
}

/** Undefined where the others cancel out. */
function cosineToOthers(
  faces: DiffFaces,
  faceId: string,
  { embedding, distance }: { embedding: Float32Array; distance: number },
): number | undefined {
  const others = centroidOf(
    faces.filter((face) => face.faceId !== faceId),
    distance,
  );
  return others?.reduce((sum, value, index) => sum + value * (embedding[index] ?? 0), 0);
}

type DiffFaces = { faceId: string; embedding: Float32Array }[];

/** The value that a share of the counted moves does not exceed. */
function quantile(moves: Uint32Array, share: number): number {
  const wanted = share * moves.reduce((sum, each) => sum + each, 0);
  let seen = 0;
  for (const [index, each] of moves.entries()) {
    seen += each;
    if (seen >= wanted && seen > 0) return index / STEPS;
  }
  return 0;
}

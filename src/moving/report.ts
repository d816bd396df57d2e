import { centroidOf, outlierDistanceOf } from '../domain/centroid.js';
import { type CalibrationCurve, reaches, similarityOf } from '../domain/similarity.js';
import { curveFor } from '../domain/user-scale.js';
import type { CollectionMove, MovingFace, MovingUser } from '../store/moving.js';
import { cosineOf } from './embed.js';

/** A face of a user against the user's other faces, 0–100; null where it has no new embedding. */
export interface FaceChange {
  userId: string;
  faceId: string;
  before: number;
  after: number | null;
}

/** What a switch would change, for faces whose user has others to compare with. */
export interface MoveReport {
  /** The similarity from which on a face matches its user. */
  threshold: number;
  faces: number;
  missing: number;
  /** Those that lack a new embedding, oldest first, at most MOST_LACKING. */
  lacking: MovingFace[];
  users: number;
  /** Users with one face: nothing can be said of them. */
  usersOfOneFace: number;
  compared: number;
  /** Reach the threshold now and would not. Worst first, at most MOST_LISTED. */
  lost: FaceChange[];
  lostCount: number;
  /** Do not reach it now and would. */
  gainedCount: number;
  /** Users no face of whom would reach the threshold although one does now. */
  usersLost: string[];
  /** Of all compared faces: the median and the fifth percentile. */
  similarity: Record<'before' | 'after', { median: number | null; low: number | null }>;
  /** Largest changes of confidence, at most MOST_LISTED. */
  moved: FaceChange[];
}

const MOST_LISTED = 100;
const MOST_LACKING = 1000;

/** A model with its scale. */
export interface Scale {
  /** The curve that similarities are told by. */
  calibration: CalibrationCurve;
  /** The curve that centroids are weighed by. */
  weighing: CalibrationCurve;
}

/**
 * Compares each face with the centroid of its user's other faces, under both models: who would no longer match,
 * and whose confidence moved.
 */
export function reportOf(
  move: CollectionMove,
  scales: { before: Scale; after: Scale },
  threshold: number,
): MoveReport {
  const changes: FaceChange[] = [];
  const usersLost: string[] = [];
  let users = 0;
  let usersOfOneFace = 0;
  for (const page of move.users())
    for (const user of page) {
      users++;
      if (user.faces.length === 1) usersOfOneFace++;
      const own = changesOf(user, scales);
      changes.push(...own);
      const matching = (side: 'before' | 'after'): boolean =>
        own.some((change) => (change[side] ?? -1) >= threshold);
      if (matching('before') && !matching('after')) usersLost.push(user.userId);
    }
  const whole = changes.filter((change) => change.after !== null);
  const reached = (value: number | null): boolean => value !== null && reaches(value, threshold);
  const lost = whole.filter(({ before, after }) => reached(before) && !reached(after));
  const byChange = (a: FaceChange, b: FaceChange): number =>
    (a.after ?? 0) - a.before - ((b.after ?? 0) - b.before);
  return {
    threshold,
    ...move.progress(),
    lacking: lackingIn(move),
    users,
    usersOfOneFace,
    compared: whole.length,
    lost: lost.toSorted(byChange).slice(0, MOST_LISTED),
    lostCount: lost.length,
    gainedCount: whole.filter(({ before, after }) => !reached(before) && reached(after)).length,
    usersLost,
    similarity: {
      before: spread(whole.map(({ before }) => before)),
      after: spread(whole.map(({ after }) => after ?? 0)),
    },
    moved: whole
      .toSorted((a, b) => Math.abs((b.after ?? 0) - b.before) - Math.abs((a.after ?? 0) - a.before))
      .slice(0, MOST_LISTED),
  };
}

function lackingIn(move: CollectionMove): MovingFace[] {
  const lacking: MovingFace[] = [];
  for (const page of move.missing()) {
    lacking.push(...page);
    if (lacking.length >= MOST_LACKING) break;
  }
  return lacking.slice(0, MOST_LACKING);
}

function changesOf(
  { userId, faces }: MovingUser,
  { before, after }: { before: Scale; after: Scale },
): FaceChange[] {
  if (faces.length < 2) return [];
  const old = faces.map(({ faceId, before: embedding }) => ({ faceId, embedding }));
  const fresh = faces.flatMap(({ faceId, after: embedding }) =>
    embedding ? [{ faceId, embedding }] : [],
  );
  return faces.map(({ faceId }) => ({
    userId,
    faceId,
    before: toOthers(faceId, old, before) ?? 0,
    after: toOthers(faceId, fresh, after) ?? null,
  }));
}

/** A face against the centroid of the others. */
function toOthers(
  faceId: string,
  faces: readonly { faceId: string; embedding: Float32Array }[],
  { calibration, weighing }: Scale,
): number | undefined {
  const face = faces.find((each) => each.faceId === faceId);
  const others = faces.filter((each) => each !== face);
  const centroid = centroidOf(others, outlierDistanceOf(weighing));
  const curve = curveFor(calibration, [others.length]);
  return face && centroid && similarityOf(curve, cosineOf(face.embedding, centroid));
}

function spread(values: readonly number[]): { median: number | null; low: number | null } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number | null =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
  return { median: at(0.5), low: at(0.05) };
}

import { centroidOf } from '../domain/centroid.js';
import type { CalibrationCurve } from '../domain/similarity.js';
import { curveFor } from '../domain/user-scale.js';
import type { Kernel } from '../vectors/kernels.js';
import { NO_RATE, rateAt } from './interval.js';
import { SeededRandom, seedFor } from './random.js';
import type { AssociationError } from './report.js';
import { rowAt, rowsOf, type Samples, sizeOf } from './samples.js';
import { similarityGrid } from './scale.js';
import { levelOf, Tally } from './tally.js';

/** Faces a user has when another asks to join. */
export const USER_SIZES = [1, 2, 5, 10, 50, 100] as const;
/** With fewer people there is no telling how people differ. */
const LEAST_USERS = 5;
/** Bounds on the work: users of each size, and people whose faces ask to join each of them. */
const MOST_USERS = 1000;
const MOST_STRANGERS = 5000;

/** A user to be, and the faces that will ask to join it; all as rows. */
export interface AssociationTrial {
  subject: number;
  members: number[];
  /** Other faces of the same person. */
  genuine: number[];
  /** One face each of other people; the same for every user but for its own. */
  impostors: Uint32Array;
}

export interface AssociationSettings {
  curve: CalibrationCurve;
  kernel: Kernel;
  seed: number;
  outlierDistance: number;
  signal?: AbortSignal;
}

/**
 * Who asks to join whom: each person with enough photos becomes a user of `faces` photos drawn at random; the others of
 * that person and one photo of everybody else ask to join. What AssociateFaces answers to these calls is what the
 * report's table says.
 */
export function* associationTrials(
  samples: Samples,
  faces: number,
  seed: number,
): Generator<AssociationTrial> {
  const random = new SeededRandom(seedFor(seed, `association ${faces}`));
  const subjects = [...samples.subjects.keys()];
  const strangers = random
    .shuffled(subjects)
    .slice(0, MOST_STRANGERS)
    .map((subject) => {
      const [begin, end] = rowsOf(samples, subject);
      return { subject, row: begin + random.below(end - begin) };
    });
  const large = subjects.filter((subject) => sizeOf(samples, subject) >= faces);
  for (const subject of random.shuffled(large).slice(0, MOST_USERS)) {
    const [begin, end] = rowsOf(samples, subject);
    const own = random.shuffled(Array.from({ length: end - begin }, (_, i) => begin + i));
    const others = strangers.filter((stranger) => stranger.subject !== subject);
    yield {
      subject,
      members: own.slice(0, faces),
      genuine: own.slice(faces),
      impostors: Uint32Array.from(others, ({ row }) => row),
    };
  }
}

/**
 * The chance that AssociateFaces takes a face of somebody else, or refuses one of the user's own, by user size.
 *
 * @param places in the grid of similarities.
 */
export async function associationErrors(
  samples: Samples,
  places: readonly number[],
  settings: AssociationSettings,
): Promise<AssociationError[]> {
  const errors: AssociationError[] = [];
  for (const faces of USER_SIZES) errors.push(await errorOf(samples, faces, places, settings));
  return errors;
}

async function errorOf(
  samples: Samples,
  faces: number,
  places: readonly number[],
  { curve, kernel, seed, outlierDistance, signal }: AssociationSettings,
): Promise<AssociationError> {
  const grid = similarityGrid(curveFor(curve, [faces]));
  const { units, unitOf, subjectOf } = samples;
  const size = grid.thresholds.length;
  const accepted = new Tally('false-match', { sides: 2, units, size });
  const refused = new Tally('false-non-match', { sides: 1, units, size });
  const scorer = createScorer(samples, kernel);
  let users = 0;
  for (const { subject, members, genuine, impostors } of associationTrials(samples, faces, seed)) {
    const centroid = centroidOfRows(samples, members, outlierDistance);
    if (!centroid) continue;
    users++;
    const unit = unitOf[subject]!;
    for (const [i, cosine] of scorer(centroid, impostors).entries())
      accepted.add(levelOf(grid.scores, cosine), [unit, unitOf[subjectOf[impostors[i]!]!]!]);
    for (const cosine of scorer(centroid, Uint32Array.from(genuine)))
      refused.add(levelOf(grid.scores, cosine), [unit, unit]);
    if (users % 50 === 0) await new Promise(setImmediate);
    signal?.throwIfAborted();
  }
  const able = samples.subjects.filter((_, subject) => sizeOf(samples, subject) > faces).length;
  const missing =
    able >= LEAST_USERS
      ? null
      : `${able} ${able === 1 ? 'person has' : 'people have'} more than ${faces} usable ${faces === 1 ? 'photo' : 'photos'}, ${LEAST_USERS} are needed`;
  const closed = [accepted.close(), refused.close()] as const;
  return {
    faces,
    users,
    genuineTrials: refused.comparisons,
    impostorTrials: accepted.comparisons,
    notMeasurable: missing,
    byThreshold: (missing === null ? places : []).map((g) => ({
      threshold: grid.thresholds[g]!,
      falseAcceptance: closed[0].comparisons > 0 ? rateAt(closed[0], g) : NO_RATE,
      falseRejection: closed[1].comparisons > 0 ? rateAt(closed[1], g) : NO_RATE,
    })),
  };
}

/** The user's centroid as the service makes it; photos stand for face ids. */
export const centroidOfRows = (
  samples: Samples,
  rows: readonly number[],
  outlierDistance: number,
): Float32Array | undefined =>
  centroidOf(
    rows.map((row) => ({ faceId: samples.faces[row]!.photo, embedding: rowAt(samples, row) })),
    outlierDistance,
  );

/** Scores rows against one vector with the service's own kernel. The result is valid until the next call. */
export function createScorer(samples: Samples, kernel: Kernel) {
  let out = new Float32Array(0);
  return (one: Float32Array, rows: Uint32Array): Float32Array => {
    if (out.length < rows.length) out = new Float32Array(rows.length);
    const scores = out.subarray(0, rows.length);
    kernel.dotGather(one, samples.rows, rows, scores);
    return scores;
  };
}

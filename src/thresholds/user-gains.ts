import { setImmediate as nextTurn } from 'node:timers/promises';
import { LIMITS } from '../domain/limits.js';
import { gainShare } from '../domain/user-scale.js';
import type { Kernel } from '../vectors/kernels.js';
import { centroidOfRows, createScorer } from './association.js';
import { BINS, binOf } from './comparisons.js';
import { SeededRandom, seedFor } from './random.js';
import type { UserGain } from './report.js';
import { rowAt, rowsOf, type Samples, sizeOf } from './samples.js';

/** Rates at which a gain is looked for, those of a curve's points. */
const RATES = [0.5, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6] as const;
/** With fewer people of several photos their peculiarities would decide. */
const LEAST_USERS = 10;
const LEAST_ERRORS = 30;
/** Bounds on the work: users, photos of strangers that each meets, photos of a user that meet them too. */
const MOST_USERS = 1000;
const MOST_STRANGERS = 5000;
const MOST_SINGLES = 10;
/** What a curve can carry: see `checkCurve`. */
const MOST_GAIN = 0.49;
const STEPS = 40;

export interface GainSettings {
  kernel: Kernel;
  seed: number;
  outlierDistance: number;
  signal?: AbortSignal;
}

/** Cosines that strangers' photos have, in BINS bins. */
interface Met {
  users: number;
  /** Users times strangers. */
  comparisons: number;
  /** To single photos of the users; those of one user count 1 together. */
  singles: Float64Array;
  /** To the users themselves, by how many faces they have. */
  centroids: Map<number, Float64Array>;
}

/**
 * How much nearer to strangers a user's centroid lies than the photos it was made of: everybody with two or more photos
 * becomes a user of all of them, and photos of strangers meet both. At each rate the gain is such that as many
 * strangers reach the users, each by the curve of its number of faces, as reach their single photos. The same people
 * stand on both sides, so that what they look like cancels out.
 *
 * As far down as 30 errors are seen; empty where too few people have several photos.
 */
export async function userGains(samples: Samples, settings: GainSettings): Promise<UserGain[]> {
  const met = await meet(samples, settings);
  if (met.users < LEAST_USERS) return [];
  accumulate(met.singles);
  for (const bins of met.centroids.values()) accumulate(bins);
  return RATES.flatMap((fmr) => {
    const errors = fmr * met.comparisons;
    const bin = met.singles.findIndex((reaching) => reaching <= errors);
    if (errors < LEAST_ERRORS || bin < 1) return [];
    const cosine = edgeOf(bin);
    const gain = gainAt(met, cosine, errors);
    return [{ fmr, gain, cosine, errors: Math.floor(errors), users: met.users }];
  });
}

async function meet(
  samples: Samples,
  { kernel, seed, outlierDistance, signal }: GainSettings,
): Promise<Met> {
  const random = new SeededRandom(seedFor(seed, 'gains'));
  const { subjectOf, subjects, faces } = samples;
  const strangers = random.shuffled([...faces.keys()]).slice(0, MOST_STRANGERS);
  const several = [...subjects.keys()].filter((subject) => sizeOf(samples, subject) > 1);
  const scorer = createScorer(samples, kernel);
  const met: Met = {
    users: 0,
    comparisons: 0,
    singles: new Float64Array(BINS),
    centroids: new Map(),
  };
  for (const subject of random.shuffled(several).slice(0, MOST_USERS)) {
    const [begin, end] = rowsOf(samples, subject);
    const own = random
      .shuffled(Array.from({ length: end - begin }, (_, i) => begin + i))
      .slice(0, LIMITS.facesPerUser);
    const centroid = centroidOfRows(samples, own, outlierDistance);
    if (!centroid) continue;
    const others = Uint32Array.from(strangers.filter((row) => subjectOf[row] !== subject));
    const bins = met.centroids.get(own.length) ?? new Float64Array(BINS);
    met.centroids.set(own.length, bins);
    for (const cosine of scorer(centroid, others)) bins[binOf(cosine)]! += 1;
    const singles = own.slice(0, MOST_SINGLES);
    for (const row of singles)
      for (const cosine of scorer(rowAt(samples, row), others))
        met.singles[binOf(cosine)]! += 1 / singles.length;
    met.users++;
    met.comparisons += others.length;
    if (met.users % 20 === 0) await nextTurn();
    signal?.throwIfAborted();
  }
  return met;
}

/** Counts by bin become how many reach each bin's lower edge. */
function accumulate(bins: Float64Array): void {
  for (let bin = BINS - 2; bin >= 0; bin--) bins[bin]! += bins[bin + 1]!;
}

/** The cosine at the lower edge of a bin. */
const edgeOf = (bin: number): number => (bin * 2) / BINS - 1;

/** The gain with which the users meet `errors` strangers at what is `cosine` between photos; by halving, for it falls. */
function gainAt({ centroids }: Met, cosine: number, errors: number): number {
  const reaching = (gain: number): number => {
    let sum = 0;
    for (const [faces, bins] of centroids)
      sum += reachingAt(bins, cosine + gain * gainShare([faces]) * (1 - cosine));
    return sum;
  };
  let [low, high] = [0, MOST_GAIN];
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    if (reaching(middle) > errors) low = middle;
    else high = middle;
  }
  return low;
}

/** Between the edges of a bin as if it were filled evenly. */
function reachingAt(bins: Float64Array, cosine: number): number {
  const place = Math.min(BINS - 1, ((cosine + 1) * BINS) / 2);
  const bin = Math.floor(place);
  const here = bins[bin]!;
  return here - (place - bin) * (here - (bins[bin + 1] ?? 0));
}

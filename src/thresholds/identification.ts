import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CalibrationCurve, rarityOf } from '../domain/similarity.js';
import { curveFor } from '../domain/user-scale.js';
import type { Kernel } from '../vectors/kernels.js';
import { centroidOfRows } from './association.js';
import { chanceOfFewer } from './hypergeometric.js';
import { rateAt } from './interval.js';
import { SeededRandom, seedFor } from './random.js';
import type { Identification, Rate } from './report.js';
import { rowAt, rowsOf, type Samples } from './samples.js';
import { type Grid, similarityGrid } from './scale.js';
import { levelOf, Tally } from './tally.js';

/** A user has no more faces than this in the service either. */
const MOST_FACES = 100;
/** Searches are drawn from all people; each meets everybody. */
const MOST_PROBES = 2000;
const RANKS = [1, 2, 3, 4, 5, 10, 20, 50, 100] as const;
const SIZES = [10, 100, 1000, 10_000, 100_000, 1_000_000] as const;

export interface SearchSettings {
  grid: Grid;
  curve: CalibrationCurve;
  kernel: Kernel;
  seed: number;
  outlierDistance: number;
  /** Undefined: as many as a stranger can meet in the data. */
  gallerySize: number | undefined;
  signal?: AbortSignal;
  onProgress?: (share: number) => void;
}

/** What each search met. */
interface Search {
  unit: number;
  /** The level of the right user; undefined for people who are not enrolled with another photo. */
  own: number | undefined;
  /** Other users that score at least as high as the right one. */
  ahead: number;
  /** How many others reach each threshold. */
  reaching: Uint32Array;
}

/** Searches with a photo of each person among everybody's users. Undefined with fewer than two people. */
export class Searches {
  readonly enrolled: number;
  readonly gallerySize: number;
  readonly #searches: Search[];
  readonly #grid: Grid;
  readonly #units: number;

  private constructor(searches: Search[], samples: Samples, { grid, gallerySize }: SearchSettings) {
    this.#searches = searches;
    this.#grid = grid;
    this.#units = samples.units;
    this.enrolled = samples.subjects.length;
    this.gallerySize = gallerySize ?? this.enrolled - 1;
  }

  static async run(samples: Samples, settings: SearchSettings): Promise<Searches | undefined> {
    const people = samples.subjects.length;
    if (people < 2) return undefined;
    const { kernel, signal, onProgress } = settings;
    const { centroids, scales } = galleryOf(samples, settings);
    const random = new SeededRandom(seedFor(settings.seed, 'searches'));
    const probes = random.shuffled([...samples.subjects.keys()]).slice(0, MOST_PROBES);
    const scores = new Float32Array(people);
    const searches: Search[] = [];
    for (const [i, subject] of probes.entries()) {
      const [begin, end] = rowsOf(samples, subject);
      kernel.dotMany(rowAt(samples, end - 1), centroids, scores);
      const mated = end - begin > 1;
      const unit = samples.unitOf[subject]!;
      searches.push(searchOf(scores, { subject, mated, unit }, scales));
      if (i % 20 === 0) {
        await nextTurn();
        signal?.throwIfAborted();
        onProgress?.(i / probes.length);
      }
    }
    return new Searches(searches, samples, settings);
  }

  /** FPIR at each threshold of the grid for N users; extrapolated beyond the users there are. */
  falsePositives(gallerySize: number): Rate[] {
    const size = this.#grid.thresholds.length;
    const others = this.enrolled - 1;
    if (gallerySize > others)
      return Array.from({ length: size }, (_, g) => this.#beyond(gallerySize, g));
    const tally = this.#tally('false-match');
    for (const { unit, reaching } of this.#searches) {
      const errors = new Float64Array(size);
      for (let g = 0; g < size && reaching[g]! > 0; g++)
        errors[g] =
          1 - chanceOfFewer(1, { total: others, marked: reaching[g]!, chosen: gallerySize });
      tally.addErrors(errors, unit);
    }
    return Array.from({ length: size }, (_, g) => rateAt(tally, g));
  }

  /**
   * FPIR for more users than there are: how many users a stranger resembles is taken to be a Poisson number whose mean
   * differs from stranger to stranger by a gamma distribution. Its mean and the share of strangers that resemble nobody
   * are those seen here, so that the curve goes on where the measured one ends.
   */
  #beyond(gallerySize: number, g: number): Rate {
    const others = this.enrolled - 1;
    const tally = new Tally('false-match', { sides: 1, units: this.#units, size: 1 });
    let met = 0;
    for (const { unit, reaching } of this.#searches) {
      tally.addErrors([reaching[g]!], unit, others);
      if (reaching[g]! > 0) met++;
    }
    const searches = this.#searches.length;
    const mean = tally.errors[0]! / searches;
    const spread = spreadOf(mean, met / searches);
    const fpir = (share: number | null): number | null =>
      share === null ? null : spread(share * gallerySize);
    const { value, low, high, basis } = rateAt(tally, 0);
    return {
      value: fpir(value),
      low: fpir(low),
      high: fpir(high),
      basis: basis === 'bound' ? 'bound' : 'extrapolated',
      errors: tally.errors[0]!,
      comparisons: tally.comparisons,
    };
  }

  /** FNIR at each threshold, at any rank: it does not depend on N. */
  falseNegatives(): Tally {
    const tally = this.#tally('false-non-match');
    for (const { unit, own } of this.#searches) if (own !== undefined) tally.add(own, [unit, unit]);
    return tally.close();
  }

  report(places: readonly number[], marked: readonly number[]): Identification {
    const { gallerySize, enrolled } = this;
    const fpir = this.falsePositives(gallerySize);
    const fnir = this.falseNegatives();
    const mated = this.#searches.filter(({ own }) => own !== undefined);
    const sizes = new Set([...SIZES, enrolled - 1, gallerySize]);
    const cmcGallerySize = Math.min(gallerySize, enrolled);
    return {
      gallerySize,
      enrolled,
      matedProbes: mated.length,
      nonMatedProbes: this.#searches.length,
      byThreshold: places.map((g) => ({
        threshold: this.#grid.thresholds[g]!,
        fpir: fpir[g]!,
        fnir: rateAt(fnir, g),
      })),
      byGallerySize: [...sizes]
        .toSorted((a, b) => a - b)
        .map((size) => {
          const rates = this.falsePositives(size);
          return {
            gallerySize: size,
            at: marked.map((g) => ({ threshold: this.#grid.thresholds[g]!, fpir: rates[g]! })),
          };
        }),
      cmcGallerySize,
      cmc: RANKS.filter((rank) => rank <= cmcGallerySize).map((rank) => {
        const { value, low, high } = rateAt(this.#withinRank(mated, rank, cmcGallerySize), 0);
        const basis = value === null ? 'not-measurable' : 'measured';
        return { rank, rate: { value, low, high, basis } };
      }),
    };
  }

  #withinRank(mated: readonly Search[], rank: number, gallerySize: number): Tally {
    const tally = new Tally('false-match', { sides: 1, units: this.#units, size: 1 });
    const total = this.enrolled - 1;
    for (const { unit, ahead } of mated)
      tally.addErrors(
        [chanceOfFewer(rank, { total, marked: ahead, chosen: gallerySize - 1 })],
        unit,
      );
    return tally;
  }

  #tally(kind: 'false-match' | 'false-non-match'): Tally {
    return new Tally(kind, { sides: 1, units: this.#units, size: this.#grid.thresholds.length });
  }
}

/** That a Poisson number is not 0 whose mean is gamma-distributed about `expected`. */
const mixed = (shape: number, expected: number): number =>
  -Math.expm1(-shape * Math.log1p(expected / shape));

/** Doublings and halvings of a shape that is looked for, and steps to it. */
const SHAPE_RANGE = 40;
const SHAPE_STEPS = 80;

/**
 * How likely it is to meet anybody where `expected` are met on average; for `mean` expected it is `met`. Gamma-mixed
 * Poisson numbers of the shape for which that is so; where they are met more evenly than by chance, Poisson numbers.
 */
function spreadOf(mean: number, met: number): (expected: number) => number {
  if (met >= 1) return () => 1;
  const poisson = -Math.expm1(-mean);
  if (mean === 0 || met >= poisson) {
    const factor = mean === 0 ? 1 : -Math.log1p(-met) / mean;
    return (expected) => -Math.expm1(-expected * factor);
  }
  let [low, high] = [-SHAPE_RANGE, SHAPE_RANGE];
  for (let step = 0; step < SHAPE_STEPS; step++) {
    const middle = (low + high) / 2;
    if (mixed(2 ** middle, mean) < met) low = middle;
    else high = middle;
  }
  return (expected) => mixed(2 ** low, expected);
}

/** How a score against a user is read, by how many faces the user has. */
interface UserScores {
  grid: Grid;
  curve: CalibrationCurve;
}

/** One user a person: of all photos but the last, which searches; of the only one where there is one. */
function galleryOf(
  samples: Samples,
  { curve, outlierDistance }: Pick<SearchSettings, 'curve' | 'outlierDistance'>,
): { centroids: Float32Array; scales: UserScores[] } {
  const { dimension, subjects } = samples;
  const centroids = new Float32Array(subjects.length * dimension);
  const bySize = new Map<number, UserScores>();
  const scales: UserScores[] = [];
  for (const subject of subjects.keys()) {
    const [begin, end] = rowsOf(samples, subject);
    const enrolled = Math.max(1, Math.min(MOST_FACES, end - begin - 1));
    const rows = Array.from({ length: enrolled }, (_, i) => begin + i);
    const centroid = centroidOfRows(samples, rows, outlierDistance);
    if (centroid) centroids.set(centroid, subject * dimension);
    let scale = bySize.get(enrolled);
    if (!scale) {
      const own = curveFor(curve, [enrolled]);
      scale = { curve: own, grid: similarityGrid(own) };
      bySize.set(enrolled, scale);
    }
    scales.push(scale);
  }
  return { centroids, scales };
}

function searchOf(
  scores: Float32Array,
  { subject, mated, unit }: { subject: number; mated: boolean; unit: number },
  scales: readonly UserScores[],
): Search {
  const size = scales[0]!.grid.thresholds.length;
  const byLevel = new Uint32Array(size + 1);
  const rarity = (user: number): number => rarityOf(scales[user]!.curve, scores[user]!);
  const own = rarity(subject);
  let ahead = 0;
  for (const [other, score] of scores.entries()) {
    if (other === subject) continue;
    byLevel[levelOf(scales[other]!.grid.scores, score)]!++;
    if (mated && rarity(other) >= own) ahead++;
  }
  const reaching = new Uint32Array(size);
  for (let g = size - 1, sum = 0; g >= 0; g--) {
    sum += byLevel[g + 1]!;
    reaching[g] = sum;
  }
  const level = levelOf(scales[subject]!.grid.scores, scores[subject]!);
  return { unit, own: mated ? level : undefined, ahead, reaching };
}

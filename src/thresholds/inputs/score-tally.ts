import { createHash } from 'node:crypto';
import { OperatorError } from '../../errors.js';
import { SeededRandom, seedFor } from '../random.js';
import { MAX_UNITS } from '../samples.js';
import type { Grid } from '../scale.js';
import { levelOf, Tally } from '../tally.js';
import { type ScoredPair, type ScoreFile, scoresOf } from './score-file.js';

/** With no more different scores than this each of them is a threshold, and every figure is exact. */
const MOST_DISTINCT = 2000;
/** Scores that are remembered of each kind to place the thresholds by, and as many from the end where errors are rare. */
const REMEMBERED = 100_000;
const QUANTILES = 300;
/** Names kept; people beyond share units by a digest of their names, and are not counted. */
const MOST_NAMES = 1_000_000;

/** Scores of another engine, counted. */
export interface CountedScores {
  grid: Grid;
  impostor: Tally;
  genuine: Tally;
  /** By bins of the report's histogram. */
  histogram: { from: number; width: number; genuine: number[]; impostor: number[] };
  /** People named, at most a million; 0 where the file names none. */
  subjects: number;
  sha256: string;
  /** Comparisons without a score (nan), which are no errors but failures: they are left out. */
  failed: { genuine: number; impostor: number };
}

const HISTOGRAM_BINS = 200;

/**
 * Two passes over the files: where do the scores lie, and how many are where. Memory does not grow with their number.
 *
 * @param distance small scores mean alike: they are negated.
 */
export async function countScores(
  files: readonly ScoreFile[],
  settings: {
    seed: number;
    distance: boolean;
    signal?: AbortSignal;
    onProgress?: (rows: number, pass: 1 | 2) => void;
  },
): Promise<CountedScores> {
  const survey = new Survey(settings.seed);
  const failed = { genuine: 0, impostor: 0 };
  for await (const batch of scoresIn(files, settings, 1))
    for (const pair of batch)
      if (Number.isNaN(pair.score)) failed[pair.genuine ? 'genuine' : 'impostor']++;
      else survey.add(pair);
  survey.check(files[0]?.path ?? '');
  const grid = survey.grid();
  const units = survey.unitsNeeded;
  const sides = survey.named ? 2 : 1;
  const size = grid.thresholds.length;
  const impostor = new Tally('false-match', { sides, units, size });
  const genuine = new Tally('false-non-match', { sides: 1, units, size });
  const { from, to } = grid.scale;
  const width = (to - from) / HISTOGRAM_BINS || 1;
  const empty = (): number[] => Array.from({ length: HISTOGRAM_BINS }, () => 0);
  const histogram = { from, width, genuine: empty(), impostor: empty() };
  const hash = createHash('sha256');
  let row = 0;
  for await (const batch of scoresIn(files, settings, 2)) {
    for (const pair of batch) {
      if (Number.isNaN(pair.score)) continue;
      const level = levelOf(grid.scores, pair.score);
      (pair.genuine ? genuine : impostor).add(level, survey.unitsOf(pair, row++));
      const bin = Math.floor((pair.score - from) / width);
      const counts = pair.genuine ? histogram.genuine : histogram.impostor;
      counts[Math.max(0, Math.min(HISTOGRAM_BINS - 1, bin))]!++;
    }
    hash.update(batch.map(digestLine).join(''));
  }
  impostor.close();
  genuine.close();
  const sha256 = hash.digest('hex');
  return { grid, impostor, genuine, histogram, subjects: survey.people, sha256, failed };
}

const digestLine = ({ score, genuine, subjects }: ScoredPair): string =>
  `${score} ${genuine ? 1 : 0} ${subjects?.join(' ') ?? ''}\n`;

async function* scoresIn(
  files: readonly ScoreFile[],
  {
    distance,
    signal,
    onProgress,
  }: { distance: boolean; signal?: AbortSignal; onProgress?: (rows: number, pass: 1 | 2) => void },
  pass: 1 | 2,
): AsyncGenerator<ScoredPair[]> {
  let rows = 0;
  for (const file of files)
    for await (const batch of scoresOf(file, signal)) {
      yield distance ? batch.map((pair) => ({ ...pair, score: -pair.score })) : batch;
      rows += batch.length;
      onProgress?.(rows, pass);
    }
}

/** What the first pass learns. */
class Survey {
  readonly #genuine: Remembered;
  readonly #impostor: Remembered;
  readonly #distinct = new Set<number>();
  readonly #unitByName = new Map<string, number>();
  #unnamed = 0;

  constructor(seed: number) {
    this.#genuine = new Remembered(seedFor(seed, 'genuine scores'), 1);
    this.#impostor = new Remembered(seedFor(seed, 'impostor scores'), -1);
  }

  add({ score, genuine, subjects }: ScoredPair): void {
    (genuine ? this.#genuine : this.#impostor).add(score);
    if (this.#distinct.size <= MOST_DISTINCT) this.#distinct.add(score);
    if (subjects) for (const name of subjects) this.#know(name);
    else this.#unnamed++;
  }

  check(path: string): void {
    const [genuine, impostor] = [this.#genuine.count, this.#impostor.count];
    if (genuine + impostor === 0) throw new OperatorError(`${path} holds no scores`);
    if (genuine === 0 || impostor === 0)
      throw new OperatorError(
        `${path} holds ${genuine} genuine and ${impostor} impostor scores: both kinds are needed`,
      );
  }

  get named(): boolean {
    return this.#unnamed === 0;
  }

  get people(): number {
    return this.named ? this.#unitByName.size : 0;
  }

  get unitsNeeded(): number {
    const rows = this.#genuine.count + this.#impostor.count;
    return Math.min(MAX_UNITS, this.named ? this.#unitByName.size : rows);
  }

  /** People share a unit, by their names, where there are too many to keep apart; rows where nobody is named. */
  unitsOf({ subjects }: ScoredPair, row: number): [number, number] {
    if (!this.named || !subjects) return [row % MAX_UNITS, row % MAX_UNITS];
    return [this.#unitOf(subjects[0]), this.#unitOf(subjects[1])];
  }

  grid(): Grid {
    const [from, to] = [
      Math.min(this.#genuine.least, this.#impostor.least),
      Math.max(this.#genuine.most, this.#impostor.most),
    ];
    const steps = Array.from({ length: 101 }, (_, i) => from + ((to - from) * i) / 100);
    const chosen =
      this.#distinct.size <= MOST_DISTINCT
        ? [...this.#distinct]
        : [...this.#genuine.places(), ...this.#impostor.places()];
    const thresholds = Float64Array.from(new Set([...steps, ...chosen])).toSorted();
    const scale = { kind: 'score', from, to, marks: [] } as const;
    return { scale: { ...scale, marks: [] }, thresholds, scores: thresholds, cosine: false };
  }

  #know(name: string): void {
    const known = this.#unitByName.size;
    if (known < MOST_NAMES && !this.#unitByName.has(name))
      this.#unitByName.set(name, known % MAX_UNITS);
  }

  #unitOf(name: string): number {
    return this.#unitByName.get(name) ?? (seedFor(1, name) >>> 0) % this.unitsNeeded;
  }
}

/** A fair sample of scores (reservoir), and all of those at the end where errors are rare. */
class Remembered {
  readonly #random: SeededRandom;
  /** 1: the lowest are rare errors, −1: the highest. */
  readonly #end: 1 | -1;
  readonly #sample = new Float64Array(REMEMBERED);
  /** Scores × end: the lowest ones are kept. */
  readonly #extreme = new Float64Array(2 * REMEMBERED);
  #extremes = 0;
  #limit = Infinity;
  count = 0;
  least = Infinity;
  most = -Infinity;

  constructor(seed: number, end: 1 | -1) {
    this.#random = new SeededRandom(seed);
    this.#end = end;
  }

  add(score: number): void {
    const at = this.count < REMEMBERED ? this.count : this.#random.below(this.count + 1);
    if (at < REMEMBERED) this.#sample[at] = score;
    this.count++;
    if (score < this.least) this.least = score;
    if (score > this.most) this.most = score;
    const signed = score * this.#end;
    if (signed >= this.#limit) return;
    this.#extreme[this.#extremes++] = signed;
    if (this.#extremes === this.#extreme.length) this.#cut();
  }

  /** Scores worth a threshold: quantiles, and at the rare end ever finer ones. */
  places(): number[] {
    const sample = this.#sample.subarray(0, Math.min(this.count, REMEMBERED)).toSorted();
    this.#cut();
    const extreme = this.#extreme.subarray(0, this.#extremes);
    const quantiles = Array.from(
      { length: QUANTILES },
      (_, i) => sample[Math.floor((i * (sample.length - 1)) / (QUANTILES - 1))],
    );
    const rare = Array.from({ length: QUANTILES }, (_, i) => {
      const rank = Math.floor(extreme.length ** (i / (QUANTILES - 1))) - 1;
      const signed = extreme[Math.max(0, rank)];
      return signed === undefined ? undefined : signed * this.#end;
    });
    return [...quantiles, ...rare].filter((score) => score !== undefined);
  }

  #cut(): void {
    this.#extreme.subarray(0, this.#extremes).sort();
    this.#extremes = Math.min(this.#extremes, REMEMBERED);
    if (this.#extremes === REMEMBERED) this.#limit = this.#extreme[REMEMBERED - 1]!;
  }
}

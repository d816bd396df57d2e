/**
 * How many thresholds of a rising grid a score reaches: the one number that is kept of a comparison.
 * Level L means: thresholds 0 … L−1 of the grid are reached, the others are not.
 */
export function levelOf(grid: ArrayLike<number>, score: number): number {
  let [low, high] = [0, grid.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (score >= grid[middle]!) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Which outcome of a comparison is the error. */
export type ErrorKind = 'false-match' | 'false-non-match';

/**
 * Comparisons of one kind, counted by level and by unit (a person, or a group of people), so that every rate can be
 * made again with units weighted anew. Its memory is units × thresholds, however many comparisons there are.
 *
 * A comparison of two units counts for both, and twice for a unit it lies within (`sides` 2); one that concerns
 * a single unit counts once (`sides` 1). Then Σ over units = sides × comparisons.
 */
export class Tally {
  readonly kind: ErrorKind;
  readonly sides: 1 | 2;
  readonly units: number;
  /** Thresholds of the grid. */
  readonly size: number;
  /** After `close`: errors of unit u at threshold g stand at u × size + g. */
  readonly #unitErrors: Float64Array;
  readonly #unitTotals: Float64Array;
  readonly #errors: Float64Array;
  #comparisons = 0;
  #closed = false;
  #averaged = false;

  constructor(kind: ErrorKind, { sides, units, size }: Pick<Tally, 'sides' | 'units' | 'size'>) {
    this.kind = kind;
    this.sides = sides;
    this.units = units;
    this.size = size;
    this.#unitErrors = new Float64Array(units * size);
    this.#unitTotals = new Float64Array(units);
    this.#errors = new Float64Array(size);
  }

  /** Counts `count` comparisons of units a and b (the same one where it concerns one unit). */
  add(level: number, [a, b]: readonly [number, number], count = 1): void {
    this.#comparisons += count;
    if (level > 0) this.#errors[level - 1]! += count;
    this.addToUnit(level, a, count);
    if (this.sides === 2) this.addToUnit(level, b, count);
  }

  /** One side of comparisons whose whole number is given to `addTotal`. */
  addToUnit(level: number, unit: number, count: number): void {
    this.#unitTotals[unit]! += count;
    if (level > 0) this.#unitErrors[unit * this.size + level - 1]! += count;
  }

  addTotal(level: number, count: number): void {
    this.#comparisons += count;
    if (level > 0) this.#errors[level - 1]! += count;
  }

  /**
   * Counts comparisons whose errors at each threshold are known already, and may be averages over many ways a
   * comparison could have gone: then their variance may lie below that of yes-or-no outcomes.
   */
  addErrors(errors: ArrayLike<number>, unit: number, count = 1): void {
    this.#averaged = true;
    this.#closed = true;
    this.#comparisons += count;
    this.#unitTotals[unit]! += count;
    for (let g = 0; g < this.size; g++) {
      this.#errors[g]! += errors[g]!;
      this.#unitErrors[unit * this.size + g]! += errors[g]!;
    }
  }

  get averaged(): boolean {
    return this.#averaged;
  }

  /** Turns counts by level into errors by threshold. Nothing is added afterwards. */
  close(): this {
    if (this.#closed) return this;
    this.#closed = true;
    for (let unit = 0; unit < this.units; unit++) {
      const row = this.#unitErrors.subarray(unit * this.size, (unit + 1) * this.size);
      accumulate(row, this.#unitTotals[unit]!, this.kind);
    }
    accumulate(this.#errors, this.#comparisons, this.kind);
    return this;
  }

  get comparisons(): number {
    return this.#comparisons;
  }

  /** Errors at each threshold. */
  get errors(): Float64Array {
    return this.#errors;
  }

  get unitErrors(): Float64Array {
    return this.#unitErrors;
  }

  get unitTotals(): Float64Array {
    return this.#unitTotals;
  }

  /** The share of errors at each threshold; NaN without comparisons. */
  rates(): Float64Array {
    return this.#errors.map((errors) => errors / this.#comparisons);
  }
}

/** Counts by level −1 become how many reach each threshold, or how many do not. */
function accumulate(row: Float64Array, total: number, kind: ErrorKind): void {
  let reaching = 0;
  for (let g = row.length - 1; g >= 0; g--) {
    reaching += row[g]!;
    row[g] = kind === 'false-match' ? reaching : total - reaching;
  }
}

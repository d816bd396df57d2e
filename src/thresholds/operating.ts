import { type Curves, drawings, estimateOf, NOT_MEASURABLE } from './bootstrap.js';
import { effectiveComparisons, NO_RATE, RULE_OF_THREE, rateAt } from './interval.js';
import type { Estimate, Rate } from './report.js';
import type { Grid } from './scale.js';
import { fitTail, type Tail } from './tail.js';
import type { Tally } from './tally.js';

/** FNMR is reported at these. */
export const TARGETS = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6] as const;
/** A fitted tail is believed this far below what was measured. */
const FURTHEST_EXTRAPOLATION = 100;

const bandOf = (tally: Tally): Rate[] =>
  Array.from({ length: tally.size }, (_, g) => rateAt(tally, g));

/** Both error curves with their intervals, at every threshold of the grid. */
export class Operating {
  readonly grid: Grid;
  readonly impostor: Tally;
  readonly genuine: Tally;
  readonly fmr: Rate[];
  readonly fnmr: Rate[];
  readonly smallestFmr: number | null;

  constructor(grid: Grid, impostor: Tally, genuine: Tally) {
    this.grid = grid;
    this.impostor = impostor.close();
    this.genuine = genuine.close();
    this.fmr = bandOf(impostor);
    this.fnmr = bandOf(genuine);
    const effective = effectiveComparisons(impostor);
    this.smallestFmr = effective > 0 ? Math.min(1, RULE_OF_THREE / effective) : null;
  }

  /** The lowest threshold that keeps an FMR, with the interval in which the FMR's own interval meets it. */
  thresholdFor(target: number): Estimate {
    if (this.smallestFmr === null) return NOT_MEASURABLE;
    if (target < this.smallestFmr) return this.#extrapolated(target);
    const at = (pick: (rate: Rate) => number | null): number | null => {
      const g = this.fmr.findIndex((rate) => (pick(rate) ?? 1) <= target);
      return g === -1 ? null : this.grid.thresholds[g]!;
    };
    const value = at((rate) => rate.value);
    if (value === null) return NOT_MEASURABLE;
    return { value, low: at(({ low }) => low), high: at(({ high }) => high), basis: 'measured' };
  }

  #extrapolated(target: number): Estimate {
    if (target * FURTHEST_EXTRAPOLATION < (this.smallestFmr ?? 1)) return NOT_MEASURABLE;
    const along = (pick: (rate: Rate) => number | null): number | null => {
      const score = this.tail(pick)?.scoreAt(Math.log10(target));
      if (score === undefined) return null;
      const g = this.grid.scores.findIndex((each) => each >= score);
      return g === -1 ? null : this.grid.thresholds[g]!;
    };
    const value = along((rate) => rate.value);
    if (value === null) return NOT_MEASURABLE;
    const [low, high] = [along((rate) => rate.low), along((rate) => rate.high)];
    return {
      value,
      low: low === null ? null : Math.min(low, value),
      high: high === null ? null : Math.max(high, value),
      basis: 'extrapolated',
    };
  }

  /** Undefined where the rates do not fall. */
  tail(pick: (rate: Rate) => number | null): Tail | undefined {
    return fitTail(this.grid, this.fmr, pick);
  }

  /** The place of a threshold the report names. */
  place(threshold: number | null): number | undefined {
    if (threshold === null) return undefined;
    const g = this.grid.thresholds.findIndex((each) => each >= threshold - 1e-9);
    return g === -1 ? undefined : g;
  }

  ratesAt(threshold: number | null): { fmr: Rate; fnmr: Rate } {
    const g = this.place(threshold);
    return g === undefined
      ? { fmr: NO_RATE, fnmr: NO_RATE }
      : { fmr: this.fmr[g]!, fnmr: this.fnmr[g]! };
  }
}

/** FNMR at the lowest threshold that keeps the target. */
export function fnmrAtFmr({ fmr, fnmr }: Curves, target: number): number | null {
  const g = fmr.findIndex((rate) => rate <= target);
  const value = g === -1 ? Number.NaN : fnmr[g]!;
  return Number.isNaN(value) ? null : value;
}

/** Where the curves cross, linear between thresholds, and the place in the grid just before. */
export function equalError({ fmr, fnmr }: Curves): { rate: number; place: number } | null {
  const g = fmr.findIndex((rate, at) => rate <= fnmr[at]!);
  if (g === -1 || Number.isNaN(fmr[g]!) || Number.isNaN(fnmr[g]!)) return null;
  const [fm0, fn0] = g === 0 ? [1, 0] : [fmr[g - 1]!, fnmr[g - 1]!];
  const [before, after] = [fm0 - fn0, fnmr[g]! - fmr[g]!];
  const along = before + after === 0 ? 0 : before / (before + after);
  return { rate: fm0 + along * (fmr[g]! - fm0), place: g - 1 + along };
}

/** The area under 1 − FNMR over FMR, by trapezoids: ties count half. */
export function areaUnder({ fmr, fnmr }: Curves): number | null {
  let area = 0;
  let [x, y] = [1, 1];
  for (let g = 0; g <= fmr.length; g++) {
    const [nextX, nextY] = g < fmr.length ? [fmr[g]!, 1 - fnmr[g]!] : [0, 0];
    area += ((x - nextX) * (y + nextY)) / 2;
    [x, y] = [nextX, nextY];
  }
  return Number.isNaN(area) ? null : area;
}

/** A figure made of both curves, with its replicates. */
export interface Derived {
  metric: string;
  value: number | null;
  values: (number | null)[];
  estimate: Estimate;
}

/** Every figure that is made of both curves: as seen, and in each drawing of people. */
export async function derive(
  operating: Operating,
  targets: readonly number[],
  drawing: { seed: number; replicates: number; signal?: AbortSignal },
): Promise<Map<string, Derived>> {
  const { impostor, genuine } = operating;
  const figures: [string, (curves: Curves) => number | null][] = [
    ['eer', (curves) => equalError(curves)?.rate ?? null],
    ['auc', areaUnder],
    ...targets.map((target): [string, (curves: Curves) => number | null] => [
      metricName(target),
      (curves) => fnmrAtFmr(curves, target),
    ]),
  ];
  const seen: Curves = { fmr: impostor.rates(), fnmr: genuine.rates() };
  const values = figures.map((): (number | null)[] => []);
  if (impostor.comparisons > 0 && genuine.comparisons > 0)
    for await (const curves of drawings(impostor, genuine, drawing))
      for (const [i, [, figure]] of figures.entries()) values[i]!.push(figure(curves));
  return new Map(
    figures.map(([metric, figure], i) => {
      const value = figure(seen);
      const estimate = estimateOf(value, values[i]!);
      return [metric, { metric, value, values: values[i]!, estimate }];
    }),
  );
}

/** Such as `fnmr@fmr=1e-4`. */
export const metricName = (target: number): string =>
  `fnmr@fmr=${target.toExponential().replace('e-0', 'e-')}`;

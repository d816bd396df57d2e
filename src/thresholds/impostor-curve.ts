import { BINS } from './comparisons.js';
import { activeUnits, designEffect, scoreInterval } from './interval.js';
import type { Operating } from './operating.js';
import type { ImpostorPoint } from './report.js';
import { levelOf } from './tally.js';

/** Points a decade of FMR. */
const POINTS_A_DECADE = 10;
/** With fewer errors a point says too little (rule of 30). */
const LEAST_ERRORS = 30;
/** What similarity 99 stands for: a curve says it all the way. */
const LOWEST_LOG10_FMR = -10;

/**
 * Cosine against log10 FMR in tenths of a decade, from 10^−0.1 to where 30 errors are seen, then along the fitted tail
 * to 1e-10.
 */
export function impostorCurve(bins: Float64Array, operating: Operating): ImpostorPoint[] {
  const { impostor, grid } = operating;
  const { comparisons } = impostor;
  const points: ImpostorPoint[] = [];
  let [reaching, wanted] = [comparisons, -1];
  for (let bin = 0; bin < BINS && reaching >= LEAST_ERRORS; bin++) {
    // So many score at least this bin's lower edge.
    const log10Fmr = Math.log10(reaching / comparisons);
    if (log10Fmr <= wanted / POINTS_A_DECADE) {
      const cosine = (bin * 2) / BINS - 1;
      const level = Math.min(grid.thresholds.length - 1, levelOf(grid.scores, cosine));
      const effective = comparisons / designEffect(impostor, level);
      const [low, high] = scoreInterval(reaching / comparisons, effective, activeUnits(impostor));
      points.push({
        cosine,
        log10Fmr,
        errors: reaching,
        comparisons,
        log10FmrLow: low > 0 ? Math.log10(low) : null,
        log10FmrHigh: Math.log10(high),
        extrapolated: false,
      });
      wanted =
        Math.floor(log10Fmr * POINTS_A_DECADE) - ((log10Fmr * POINTS_A_DECADE) % 1 === 0 ? 1 : 0);
    }
    reaching -= bins[bin]!;
  }
  return [...points, ...tailOf(operating, points.at(-1))];
}

function tailOf(operating: Operating, last: ImpostorPoint | undefined): ImpostorPoint[] {
  const tail = operating.tail((rate) => rate.value);
  if (!tail || !last) return [];
  const steps = Math.ceil((last.log10Fmr - LOWEST_LOG10_FMR) * 2);
  return Array.from({ length: steps }, (_, i) => {
    const log10Fmr = Math.max(LOWEST_LOG10_FMR, last.log10Fmr - (i + 1) / 2);
    return {
      cosine: tail.scoreFrom({ score: last.cosine, log10Fmr: last.log10Fmr }, log10Fmr),
      log10Fmr,
      errors: 0,
      comparisons: last.comparisons,
      log10FmrLow: null,
      log10FmrHigh: null,
      extrapolated: true,
    };
  });
}

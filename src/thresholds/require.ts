import { OperatorError } from '../errors.js';
import type { Estimate, Requirement, ThresholdsReport } from './report.js';

const NOT_KNOWN: Estimate = { value: null, low: null, high: null, basis: 'not-measurable' };
const METRICS = ['fmr', 'fnmr', 'fpir', 'fnir', 'eer', 'auc', 'fte'] as const;
type Metric = (typeof METRICS)[number];
const TERM = /^(fmr|fnmr|fpir|fnir|eer|auc|fte)(?:@([\d.]+))?(<=|>=)([\d.]+(?:e-?\d+)?)$/i;

interface Term {
  text: string;
  metric: Metric;
  /** Where the rate is asked for; undefined: at the threshold of all. */
  threshold: number | undefined;
  relation: '<=' | '>=';
  limit: number;
}

/** Terms such as `fmr<=1e-4 fnmr@80<=0.02 auc>=0.99`, separated by spaces or commas. */
export function parseRequirements(text: string): Term[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  if (words.length === 0) throw new OperatorError('--require: expected terms, as in: fmr<=1e-4');
  return words.map((word) => {
    const [, metric, threshold, relation, limit] = TERM.exec(word) ?? [];
    if (metric === undefined || limit === undefined)
      throw new OperatorError(
        `--require: ${word} is no term; expected one of ${METRICS.join(', ')}, then <= or >= and a number, as in fmr<=1e-4 or fnmr@80<=0.02`,
      );
    return {
      text: word,
      metric: metric.toLowerCase() as Metric,
      threshold: threshold === undefined ? undefined : Number(threshold),
      relation: relation === '>=' ? '>=' : '<=',
      limit: Number(limit),
    };
  });
}

/**
 * Judges a report. A rate is met by what was measured; where no error was seen, by its bound. What could not be
 * measured is `unknown`, which no caller should take for met.
 *
 * @param threshold where rates are asked for; default: the recommended one.
 * @param strict whether the whole interval must meet the limit.
 */
export function judgeRequirements(
  report: ThresholdsReport,
  terms: readonly Term[],
  { threshold, strict }: { threshold?: number; strict: boolean },
): Requirement[] {
  return terms.map((term) => {
    const at = term.threshold ?? threshold ?? report.verdict.threshold.value;
    const found = foundBy(report, term.metric, at);
    const { text, metric, limit, relation } = term;
    const isRate = ['fmr', 'fnmr', 'fpir', 'fnir'].includes(metric);
    const worst = relation === '<=' ? found.high : found.low;
    const decisive = strict || found.basis === 'bound' ? worst : found.value;
    const holds = relation === '<=' ? (decisive ?? 2) <= limit : (decisive ?? -1) >= limit;
    const known = decisive !== null && found.basis !== 'not-measurable';
    return {
      text,
      metric,
      limit,
      threshold: isRate ? at : null,
      found,
      outcome: known ? (holds ? 'met' : found.basis === 'bound' ? 'unknown' : 'missed') : 'unknown',
    };
  });
}

function foundBy(report: ThresholdsReport, metric: Metric, at: number | null): Estimate {
  if (metric === 'eer') return report.equalErrorRate;
  if (metric === 'auc') return report.areaUnderCurve;
  if (metric === 'fte') {
    const value = report.protocol.failureRate;
    return value === null ? NOT_KNOWN : { value, low: value, high: value, basis: 'measured' };
  }
  if (at === null) return NOT_KNOWN;
  // Between two rows each rate is that of the row where it is larger: nothing is flattered.
  if (metric === 'fpir' || metric === 'fnir') {
    const rows = report.identification?.byThreshold ?? [];
    const row =
      metric === 'fpir'
        ? rows.findLast((each) => each.threshold <= at + 1e-9)
        : rows.find((each) => each.threshold >= at - 1e-9);
    return row?.[metric] ?? NOT_KNOWN;
  }
  const exact = report.table.find((row) => Math.abs(row.threshold - at) < 1e-9);
  if (exact) return exact[metric];
  // The curve leaves out thresholds at which nothing changes.
  const point = report.curve.findLast((each) => each.threshold <= at + 1e-9);
  if (!point) return NOT_KNOWN;
  const [value, low, high] =
    metric === 'fmr'
      ? [point.fmr, point.fmrLow, point.fmrHigh]
      : [point.fnmr, point.fnmrLow, point.fnmrHigh];
  return { value, low, high, basis: value === 0 ? 'bound' : 'measured' };
}

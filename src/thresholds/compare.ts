import { OperatorError } from '../errors.js';
import { estimateOf } from './bootstrap.js';
import { SeededRandom } from './random.js';
import { type Estimate, REPORT_FORMAT, type ThresholdsReport } from './report.js';

/** One figure of two runs. */
export interface Difference {
  metric: string;
  a: number | null;
  b: number | null;
  /** b − a with its 95 % interval. */
  difference: Estimate;
  /** `larger`: the interval leaves out 0; `unclear`: chance may explain the difference; `unknown`: not measured. */
  outcome: 'larger' | 'smaller' | 'unclear' | 'unknown';
}

export interface Comparison {
  a: { label: string; createdAt: string };
  b: { label: string; createdAt: string };
  /** Whether both drew the same people: then chance in who was photographed cancels out. */
  paired: boolean;
  differences: Difference[];
  notes: string[];
}

/** Says of two reports whether what differs is more than chance. */
export function compareReports(a: ThresholdsReport, b: ThresholdsReport): Comparison {
  const paired = a.replicates.drawn === b.replicates.drawn;
  const other = new Map(b.replicates.metrics.map((metric) => [metric.metric, metric]));
  const differences = a.replicates.metrics.flatMap((first): Difference[] => {
    const second = other.get(first.metric);
    if (!second) return [];
    const values = paired ? second.values : new SeededRandom(1).shuffled(second.values);
    const { value: from } = first;
    const { value: to } = second;
    const drawn = first.values.map((value, i) => {
      const against = values[i] ?? null;
      return value === null || against === null ? null : against - value;
    });
    const difference = estimateOf(from === null || to === null ? null : to - from, drawn);
    return [{ metric: first.metric, a: from, b: to, difference, outcome: outcomeOf(difference) }];
  });
  return {
    a: { label: a.label, createdAt: a.protocol.createdAt },
    b: { label: b.label, createdAt: b.protocol.createdAt },
    paired,
    differences,
    notes: notesOn(a, b, paired),
  };
}

function outcomeOf({ value, low, high }: Estimate): Difference['outcome'] {
  if (value === null || low === null || high === null) return 'unknown';
  return low > 0 ? 'larger' : high < 0 ? 'smaller' : 'unclear';
}

function notesOn(a: ThresholdsReport, b: ThresholdsReport, paired: boolean): string[] {
  const [first, second] = [a.protocol, b.protocol];
  const notes: string[] = [];
  if (first.input.sha256 !== second.input.sha256)
    notes.push('The runs measured different data: a difference may be theirs, not the model’s.');
  else if (!paired)
    notes.push(
      'The runs measured the same data but not the same people took part (another seed, or photos that gave no face): the intervals are wider than they need be.',
    );
  if (first.model.id !== second.model.id)
    notes.push(
      `Models: ${first.model.id ?? 'another engine'} and ${second.model.id ?? 'another engine'}. A similarity of one says nothing about the other; FNMR at equal FMR does.`,
    );
  return notes;
}

/** A report as it was written; OperatorError for anything else. */
export function parseReport(text: string, path: string): ThresholdsReport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new OperatorError(`${path} is not JSON`, { cause });
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (format !== REPORT_FORMAT)
    throw new OperatorError(
      `${path} is not a report of likeness thresholds (--json): expected format ${REPORT_FORMAT}, got ${String(format)}`,
    );
  return value as ThresholdsReport;
}

import { OperatorError } from '../errors.js';
import { NOT_MEASURABLE } from './bootstrap.js';
import { type CompareOptions, compareAll } from './comparisons.js';
import { Operating } from './operating.js';
import type { Estimate, GroupColumn, GroupRates, Rate } from './report.js';
import { type Samples, samplesOf } from './samples.js';

const MOST_GROUPS = 50;
/** The quantile that leaves 2.5 % above. */
const Z = 1.96;

/** Error rates among the people of each value of a column, at one global threshold. */
export async function groupRates(
  samples: Samples,
  column: string,
  settings: CompareOptions & { seed: number; targetFmr: number; threshold: number | null },
): Promise<GroupColumn> {
  const { seed, targetFmr, threshold } = settings;
  const values = new Map<string, number>();
  for (const { groups } of samples.faces) {
    const value = groups[column] ?? '';
    if (value !== '') values.set(value, (values.get(value) ?? 0) + 1);
  }
  if (values.size > MOST_GROUPS)
    throw new OperatorError(
      `--groups ${column}: ${values.size} different values, at most ${MOST_GROUPS} can be compared; is it a group?`,
    );
  const groups: GroupRates[] = [];
  for (const group of [...values.keys()].toSorted()) {
    const faces = samples.faces.filter((face) => face.groups[column] === group);
    const some = samplesOf(faces, samples.dimension, seed);
    const { impostor, genuine } = await compareAll(some, { ...settings, worst: 0 });
    const operating = new Operating(settings.grid, impostor, genuine);
    groups.push({
      group,
      subjects: some.subjects.length,
      faces: faces.length,
      ...operating.ratesAt(threshold),
      threshold: operating.thresholdFor(targetFmr),
    });
  }
  const worstGroup = worstOf(groups);
  const fmrRatio = ratioOf(groups.map(({ fmr }) => fmr));
  const fnmrRatio = ratioOf(groups.map(({ fnmr }) => fnmr));
  const text = sentence({ column, groups, worstGroup }, fmrRatio);
  return { column, threshold, groups, worstGroup, fmrRatio, fnmrRatio, text };
}

/** Largest over smallest of the rates in which errors were seen; its interval from theirs, on a log scale. */
function ratioOf(rates: readonly Rate[]): Estimate {
  const known = rates.flatMap(({ value, low, high, errors }) =>
    value !== null && errors > 0 && low !== null && high !== null && low > 0
      ? [{ value, spread: Math.log(high / low) / (2 * Z) }]
      : [],
  );
  if (known.length < 2) return NOT_MEASURABLE;
  const sorted = known.toSorted((a, b) => a.value - b.value);
  const [least, most] = [sorted[0]!, sorted.at(-1)!];
  const ratio = most.value / least.value;
  const factor = Math.exp(Z * Math.hypot(least.spread, most.spread));
  return { value: ratio, low: ratio / factor, high: ratio * factor, basis: 'measured' };
}

function worstOf(groups: readonly GroupRates[]): GroupColumn['worstGroup'] {
  const known = groups.filter(({ threshold }) => threshold.value !== null);
  const [worst] = known.toSorted((a, b) => (b.threshold.value ?? 0) - (a.threshold.value ?? 0));
  return worst ? { group: worst.group, threshold: worst.threshold } : null;
}

function sentence(
  { column, groups, worstGroup }: Pick<GroupColumn, 'column' | 'groups' | 'worstGroup'>,
  ratio: Estimate,
): string {
  const few = groups.filter(({ fmr }) => fmr.basis !== 'measured').map(({ group }) => group);
  const parts = [
    ratio.value === null
      ? `The groups of ${column} cannot be compared: fewer than two have false matches at this threshold.`
      : `Among the groups of ${column} the FMR differs by a factor of ${ratio.value.toPrecision(2)}${ratio.low !== null && ratio.low <= 1 ? ', which chance may explain' : ''}.`,
    ...(worstGroup
      ? [
          `${worstGroup.group} needs the highest threshold, ${worstGroup.threshold.value}${worstGroup.threshold.basis === 'extrapolated' ? ' (extrapolated)' : ''}: it keeps the target for every group that could be measured.`,
        ]
      : []),
    ...(few.length > 0 ? [`Too little data for the FMR of: ${few.join(', ')}.`] : []),
  ];
  return parts.join(' ');
}

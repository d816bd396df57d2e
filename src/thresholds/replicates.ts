import { createHash } from 'node:crypto';
import type { Derived, Operating } from './operating.js';
import type { Replicates } from './report.js';

/**
 * The replicates as the report keeps them. Runs that drew the same number of people with the same seed, of whom the
 * same ones take part, drew the same people.
 */
export function replicatesOf(
  derived: ReadonlyMap<string, Derived>,
  { impostor, genuine }: Operating,
  seed: number,
): Replicates {
  const hash = createHash('sha256').update(`${seed} ${impostor.units}\n`);
  for (const tally of [impostor, genuine])
    hash.update(Buffer.from(Float64Array.from(tally.unitTotals).buffer));
  return {
    drawn: hash.digest('hex'),
    metrics: [...derived.values()].map(({ metric, value, values }) => ({
      metric,
      value: value === null ? null : rounded(value),
      values: values.map((each) => (each === null ? null : rounded(each))),
    })),
  };
}

const rounded = (value: number): number => Number(value.toPrecision(6));

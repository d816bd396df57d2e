import type { Rate, ThresholdsReport } from './report.js';

const RATE_COLUMNS = (name: string): string[] =>
  ['', '_low', '_high', '_errors', '_comparisons'].map((end) => name + end);

const rateCells = (rate: Rate | null): (number | null)[] =>
  rate
    ? [rate.value, rate.low, rate.high, rate.errors, rate.comparisons]
    : [null, null, null, null, null];

/** The table by threshold as CSV (RFC 4180), association errors by user size included. */
export function csvTable({ table, association, identification }: ThresholdsReport): string {
  const sizes = association.filter(({ byThreshold }) => byThreshold.length > 0);
  const header = [
    'threshold',
    'cosine',
    ...RATE_COLUMNS('fmr'),
    ...RATE_COLUMNS('fnmr'),
    ...RATE_COLUMNS('fpir'),
    ...RATE_COLUMNS('fnir'),
    ...sizes.flatMap(({ faces }) => [
      ...RATE_COLUMNS(`false_acceptance_${faces}_faces`),
      ...RATE_COLUMNS(`false_rejection_${faces}_faces`),
    ]),
  ];
  const fnir = new Map(identification?.byThreshold.map((each) => [each.threshold, each.fnir]));
  const lines = table.map((row) => [
    row.threshold,
    row.cosine,
    ...rateCells(row.fmr),
    ...rateCells(row.fnmr),
    ...rateCells(row.fpir),
    ...rateCells(fnir.get(row.threshold) ?? null),
    ...sizes.flatMap(({ byThreshold }) => {
      const at = byThreshold.find(({ threshold }) => threshold === row.threshold);
      return [...rateCells(at?.falseAcceptance ?? null), ...rateCells(at?.falseRejection ?? null)];
    }),
  ]);
  return [header, ...lines].map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}

const cell = (value: string | number | null): string =>
  value === null ? '' : typeof value === 'number' ? String(Number(value.toPrecision(7))) : value;

import type { Comparison } from './compare.js';
import { estimateText, powerText, rateText, shareText, thresholdText } from './numbers.js';
import type { AssociationError, Estimate, Rate, ThresholdsReport } from './report.js';

const MOST_ITEMS = 5;
const LINE = 100;

/** The report for a terminal: verdict first, then the tables that bear it out, then what to beware of. */
export function reportText(report: ThresholdsReport): string {
  const { verdict, protocol, limits } = report;
  const parts = [
    [headline(report), ''],
    verdict.sentences.map((sentence) => wrap(sentence)),
    ['', ...thresholdTable(report)],
    targetTable(report),
    associationTable(report),
    searchTable(report),
    groupTables(report),
    [
      '',
      wrap(limits.text),
      wrap(
        `Intervals: 95 %, ${protocol.intervals.resampled === 'subjects' ? 'over people' : 'over comparisons'}, ${protocol.intervals.replicates} drawings, seed ${protocol.seed}. ${overall(report)}`,
      ),
    ],
    warningLines(report),
    requirementLines(report),
  ];
  return `${parts.flat().join('\n')}\n`;
}

function headline({ protocol, label }: ThresholdsReport): string {
  const { counts, model, failures } = protocol;
  const what = [
    ...(counts.subjects > 0 ? [`${grouped(counts.subjects)} people`] : []),
    ...(counts.faces > 0 ? [`${grouped(counts.faces)} faces`] : []),
    `${grouped(counts.genuineComparisons)} genuine and ${grouped(counts.impostorComparisons)} impostor comparisons`,
    ...(failures.length > 0 ? [`${failures.length} photos without a usable face`] : []),
  ];
  const by = model.id === null ? '' : `, model ${model.id}, calibration ${model.calibration}`;
  return `${label}${by}\n${what.join(', ')}`;
}

const grouped = (value: number): string => value.toLocaleString('en-US');

function thresholdTable({ table, verdict, scale, identification }: ThresholdsReport): string[] {
  const recommended = verdict.threshold.value;
  const marks = new Map(scale.marks.map(({ threshold, meaning }) => [threshold, meaning]));
  if (recommended !== null) marks.set(recommended, 'recommended');
  const tens = (threshold: number): boolean =>
    scale.kind === 'similarity' ? threshold % 10 === 0 : true;
  const every = scale.kind === 'similarity' ? 1 : Math.ceil(table.length / 12);
  const rows = table
    .filter((row, i) => marks.has(row.threshold) || (tens(row.threshold) && i % every === 0))
    .map((row) => [
      thresholdText(row.threshold),
      cellText(row.fmr, rateText),
      cellText(row.fnmr, shareText),
      ...(identification ? [row.fpir ? cellText(row.fpir, shareText) : '–'] : []),
      marks.get(row.threshold) ?? '',
    ]);
  const fpir = identification
    ? [`FPIR among ${identification.gallerySize.toLocaleString('en-US')}`]
    : [];
  return columns([['threshold', 'FMR', 'FNMR', ...fpir, ''], ...rows]);
}

function targetTable({ targets }: ThresholdsReport): string[] {
  const rows = targets.map(({ fmr, threshold, fnmr }) => [
    powerText(fmr),
    estimateText(threshold, thresholdText),
    threshold.value === null ? '–' : estimateText(fnmr, shareText),
  ]);
  return ['', ...columns([['at FMR', 'threshold', 'FNMR'], ...rows])];
}

function associationTable({ association, verdict }: ThresholdsReport): string[] {
  if (association.length === 0) return [];
  const thresholds = [...new Set([75, 80, verdict.threshold.value ?? 90])].toSorted(
    (a, b) => a - b,
  );
  const known = association.filter(({ notMeasurable }) => notMeasurable === null);
  const rows = known.map((each) => [
    `${each.faces}`,
    ...thresholds.map((threshold) => associationCell(each, threshold)),
  ]);
  const unknown = association.flatMap(({ faces, notMeasurable }) =>
    notMeasurable === null ? [] : [`of ${faces}: ${notMeasurable}`],
  );
  return [
    '',
    'AssociateFaces: takes a stranger’s face / refuses the user’s own, by UserMatchThreshold',
    ...columns([['user of faces', ...thresholds.map((each) => thresholdText(each))], ...rows]),
    ...(unknown.length > 0 ? [wrap(`Not measurable here: users ${unknown.join('; ')}.`)] : []),
  ];
}

function associationCell({ byThreshold }: AssociationError, threshold: number): string {
  const row = byThreshold.find((each) => each.threshold >= threshold - 1e-9);
  return row
    ? `${cellText(row.falseAcceptance, rateText)} / ${cellText(row.falseRejection, shareText)}`
    : '';
}

function searchTable({ identification }: ThresholdsReport): string[] {
  if (!identification) return [];
  const [first] = identification.byGallerySize;
  if (!first) return [];
  const header = ['users', ...first.at.map(({ threshold }) => `at ${thresholdText(threshold)}`)];
  const rows = identification.byGallerySize.map(({ gallerySize, at }) => [
    gallerySize.toLocaleString('en-US'),
    ...at.map(
      ({ fpir }) => `${cellText(fpir, shareText)}${fpir.basis === 'extrapolated' ? ' *' : ''}`,
    ),
  ]);
  const beyond = identification.byGallerySize.some(({ at }) =>
    at.some(({ fpir }) => fpir.basis === 'extrapolated'),
  );
  const [top] = identification.cmc;
  return [
    '',
    'Searches by strangers that find somebody (FPIR), by the number of users',
    ...columns([header, ...rows]),
    ...(beyond ? ['* extrapolated: more users than people here'] : []),
    ...(top && top.rate.value !== null
      ? [
          `The right user comes first in ${estimateText(top.rate, shareText)} of searches among ${grouped(identification.cmcGallerySize)}.`,
        ]
      : []),
  ];
}

function groupTables({ groups }: ThresholdsReport): string[] {
  return groups.flatMap(({ column, threshold, groups: values, text }) => [
    '',
    `By ${column}, at ${thresholdText(threshold)}, among people of the same group`,
    ...columns([
      [column, 'people', 'FMR', 'FNMR', 'needs'],
      ...values.map(({ group, subjects, fmr, fnmr, threshold: needed }) => [
        group,
        String(subjects),
        cellText(fmr, rateText),
        cellText(fnmr, shareText),
        estimateText(needed, thresholdText),
      ]),
    ]),
    wrap(text),
  ]);
}

const overall = ({ equalErrorRate, areaUnderCurve }: ThresholdsReport): string =>
  `EER ${estimateText(equalErrorRate, shareText)}; AUC ${estimateText(areaUnderCurve, fourDigits)}.`;

const fourDigits = (value: number | null): string => (value === null ? '?' : value.toFixed(5));

function warningLines({ warnings }: ThresholdsReport): string[] {
  return warnings.flatMap(({ text, items, count }) => [
    '',
    wrap(`! ${text}`),
    ...items.slice(0, MOST_ITEMS).map((item) => `    ${item}`),
    ...(count > MOST_ITEMS && items.length > 0
      ? [
          `    … and ${(count - Math.min(MOST_ITEMS, items.length)).toLocaleString('en-US')} more (--json)`,
        ]
      : []),
  ]);
}

function requirementLines({ verdict }: ThresholdsReport): string[] {
  if (verdict.requirements.length === 0) return [];
  const marks = { met: 'met    ', missed: 'MISSED ', unknown: 'UNKNOWN' } as const;
  return [
    '',
    ...verdict.requirements.map(
      ({ text, threshold, found, outcome }) =>
        `${marks[outcome]}  ${text}: ${estimateText(found, rateText)}${threshold === null ? '' : ` at ${thresholdText(threshold)}`}`,
    ),
  ];
}

/** What `likeness thresholds compare` prints. */
export function comparisonText({ a, b, paired, differences, notes }: Comparison): string {
  const words = {
    larger: 'larger',
    smaller: 'smaller',
    unclear: 'within chance',
    unknown: 'not measured',
  } as const;
  const lines = columns([
    ['', 'A', 'B', 'B − A', 'B is'],
    ...differences.map((each) => [
      each.metric,
      number(each.a),
      number(each.b),
      differenceText(each.difference),
      words[each.outcome],
    ]),
  ]);
  const head = [`A  ${a.label}, ${a.createdAt}`, `B  ${b.label}, ${b.createdAt}`, ''];
  const how = paired ? 'Both drew the same people.' : '';
  return `${[...head, ...lines, '', ...[how, ...notes].filter((line) => line !== '').map((line) => wrap(line))].join('\n')}\n`;
}

const differenceText = ({ value, low, high }: Estimate): string =>
  value === null
    ? ''
    : `${signed(value)} (${low === null ? '?' : signed(low)} – ${high === null ? '?' : signed(high)})`;

const number = (value: number | null): string =>
  value === null ? '–' : String(Number(value.toPrecision(4)));
const signed = (value: number): string => `${value > 0 ? '+' : ''}${number(value)}`;

const cellText = (rate: Rate, text: (value: number | null) => string): string =>
  rate.basis === 'not-measurable'
    ? '–'
    : rate.basis === 'bound'
      ? `< ${text(rate.high)}`
      : `${text(rate.value)} (${text(rate.low)}–${text(rate.high)})`;

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((each, column) => each.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function wrap(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > LINE) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}

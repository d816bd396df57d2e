import type { AssociationError, Histogram, Rate, ThresholdsReport } from '../report.js';
import type { Axis, Chart, Mark, Series } from './chart.js';
import { threshold as thresholdText } from './number-text.js';

/** A chart and where it belongs on the page. */
export interface Placed {
  section: 'comparison' | 'search' | 'association' | 'quality';
  chart: Chart;
}

/** Every chart the reports have data for, in the order of the page. The first report is the one in question. */
export function chartsOf(reports: readonly ThresholdsReport[]): Placed[] {
  const [first] = reports;
  if (!first) return [];
  const comparison = [
    ratesChart(first),
    histogramChart(first),
    detChart(reports),
    rocChart(reports),
  ];
  const search = [searchChart(first), sizeChart(first), cmcChart(reports)];
  const association = [
    associationChart(first, 'falseAcceptance'),
    associationChart(first, 'falseRejection'),
  ];
  const place = (section: Placed['section'], charts: readonly (Chart | undefined)[]): Placed[] =>
    charts.flatMap((chart) => (chart ? [{ section, chart }] : []));
  return [
    ...place('comparison', comparison),
    ...place('search', search),
    ...place('association', association),
    ...place('quality', [qualityChart(first)]),
  ];
}

const LEAST_RATE = 1e-7;

/** A logarithmic axis of shares, from the decade below the smallest. */
function shares(label: string, values: readonly number[], most = 1): Axis {
  const positive = values.filter((value) => value > LEAST_RATE);
  const smallest = positive.reduce((least, value) => Math.min(least, value), most / 10);
  return { label, kind: 'log', from: 10 ** Math.floor(Math.log10(smallest) + 1e-9), to: most };
}

const scaleAxis = ({ scale }: ThresholdsReport): Axis => ({
  label: scale.kind === 'similarity' ? 'similarity threshold' : 'score threshold',
  kind: 'linear',
  from: scale.from,
  to: scale.to,
});

function marksOf({ scale, verdict }: ThresholdsReport): Mark[] {
  const { value } = verdict.threshold;
  const usual = scale.marks.filter(({ threshold }) => threshold !== value);
  return [
    ...usual.map(({ threshold }) => ({ at: threshold, text: thresholdText(threshold) })),
    ...(value === null ? [] : [{ at: value, text: thresholdText(value), strong: true }]),
  ];
}

function ratesChart(report: ThresholdsReport): Chart | undefined {
  const { curve } = report;
  if (curve.length === 0) return undefined;
  return {
    name: 'error-rates',
    title: 'Error rates by threshold',
    description:
      'False match rate (strangers that pass) falls and false non-match rate (own people refused) rises with the threshold. Bands are intervals over people.',
    x: scaleAxis(report),
    y: shares(
      'share of comparisons',
      curve.flatMap(({ fmr, fnmr }) => [fmr, fnmr]),
    ),
    series: [
      {
        name: 'false match rate, FMR',
        colour: 1,
        points: curve.map(({ threshold, fmr }) => ({ x: threshold, y: fmr })),
        band: curve.flatMap(({ threshold, fmr, fmrLow, fmrHigh }) =>
          fmr === 0 || fmrLow === null || fmrHigh === null
            ? []
            : [{ x: threshold, low: fmrLow, high: fmrHigh }],
        ),
      },
      {
        name: 'false non-match rate, FNMR',
        colour: 0,
        points: curve.map(({ threshold, fnmr }) => ({ x: threshold, y: fnmr })),
        band: curve.flatMap(({ threshold, fnmr, fnmrLow, fnmrHigh }) =>
          fnmr === 0 || fnmrLow === null || fnmrHigh === null
            ? []
            : [{ x: threshold, low: fnmrLow, high: fnmrHigh }],
        ),
      },
    ],
    marks: marksOf(report),
  };
}

const MOST_BINS = 100;

function histogramChart(report: ThresholdsReport): Chart | undefined {
  const { histogram } = report;
  const [genuine, impostor] = [histogram.genuine, histogram.impostor].map((counts) =>
    binned(histogram, counts),
  );
  if (!genuine || !impostor || genuine.length + impostor.length === 0) return undefined;
  return {
    name: 'scores',
    title: 'How often each score occurs',
    description:
      'Share of comparisons in each step of the scale, for photos of one person and of different people. Where the two overlap no threshold is free of errors.',
    x: { ...scaleAxis(report), label: report.scale.kind },
    y: shares(
      'share of comparisons, by step',
      [...genuine, ...impostor].map(({ y }) => y),
    ),
    series: [
      { name: 'different people (impostor)', colour: 1, kind: 'area', points: impostor },
      { name: 'same person (genuine)', colour: 0, kind: 'area', points: genuine },
    ],
    marks: marksOf(report),
  };
}

/** Shares of at most 100 steps, as the corners of steps; empty ones at the foot. */
function binned({ from, width }: Histogram, counts: readonly number[]): { x: number; y: number }[] {
  const total = counts.reduce((sum, each) => sum + each, 0);
  if (total === 0) return [];
  const together = Math.ceil(counts.length / MOST_BINS);
  return Array.from({ length: Math.ceil(counts.length / together) }, (_, bin) => {
    const start = bin * together;
    const inside = counts.slice(start, start + together).reduce((sum, each) => sum + each, 0);
    const y = inside === 0 ? LEAST_RATE : inside / total;
    return [
      { x: from + start * width, y },
      { x: from + (start + together) * width, y },
    ];
  }).flat();
}

function detChart(reports: readonly ThresholdsReport[]): Chart | undefined {
  const drawn = reports.filter(({ curve }) => curve.length > 1);
  if (drawn.length === 0) return undefined;
  const points = drawn.flatMap(({ curve }) => curve);
  return {
    name: 'det',
    title: 'Detection error trade-off (DET)',
    description:
      'What share of own people is refused when so many strangers pass; nearer to the lower left is better. Both axes are logarithmic.',
    x: shares(
      'false match rate',
      points.map(({ fmr }) => fmr),
    ),
    y: {
      ...shares(
        'false non-match rate',
        points.map(({ fnmr }) => fnmr),
      ),
    },
    series: drawn.map((report, index) => ({
      name: report.label,
      dashed: index > 0,
      points: byFmr(report, ({ fnmr }) => fnmr),
    })),
  };
}

function rocChart(reports: readonly ThresholdsReport[]): Chart | undefined {
  const drawn = reports.filter(({ curve }) => curve.length > 1);
  if (drawn.length === 0) return undefined;
  const points = drawn.flatMap(({ curve }) => curve);
  const lowest = Math.min(
    0.9,
    ...points.filter(({ fmr }) => fmr > LEAST_RATE).map(({ fnmr }) => 1 - fnmr),
  );
  return {
    name: 'roc',
    title: 'Receiver operating characteristic (ROC)',
    description:
      'What share of own people passes when so many strangers do; nearer to the upper left is better.',
    x: shares(
      'false match rate',
      points.map(({ fmr }) => fmr),
    ),
    y: { label: 'true match rate', kind: 'linear', from: Math.floor(lowest * 10) / 10, to: 1 },
    series: drawn.map((report, index) => ({
      name: report.label,
      dashed: index > 0,
      points: byFmr(report, ({ fnmr }) => 1 - fnmr),
    })),
  };
}

type Curve = ThresholdsReport['curve'];

/** By rising FMR, where any error was seen. */
const byFmr = ({ curve }: ThresholdsReport, y: (point: Curve[number]) => number) =>
  curve
    .filter(({ fmr }) => fmr > LEAST_RATE)
    .map((point) => ({ x: point.fmr, y: y(point) }))
    .toReversed();

function searchChart(report: ThresholdsReport): Chart | undefined {
  const rows = report.identification?.byThreshold ?? [];
  if (rows.length === 0) return undefined;
  const line = (pick: (row: (typeof rows)[number]) => Rate): Pick<Series, 'points' | 'band'> => ({
    points: rows.flatMap((row) => {
      const { value } = pick(row);
      return value === null ? [] : [{ x: row.threshold, y: value }];
    }),
    band: rows.flatMap((row) => {
      const { value, low, high } = pick(row);
      return !value || low === null || high === null ? [] : [{ x: row.threshold, low, high }];
    }),
  });
  const [fpir, fnir] = [line((row) => row.fpir), line((row) => row.fnir)];
  return {
    name: 'search-errors',
    title: `Searches among ${report.identification?.gallerySize ?? 0} users`,
    description:
      'Share of searches by strangers that find somebody (FPIR), and of searches by enrolled people that do not find them (FNIR).',
    x: scaleAxis(report),
    y: shares(
      'share of searches',
      [...fpir.points, ...fnir.points].map(({ y }) => y),
    ),
    series: [
      { name: 'false positive identification rate, FPIR', colour: 1, ...fpir },
      { name: 'false negative identification rate, FNIR', colour: 0, ...fnir },
    ],
    marks: marksOf(report),
  };
}

function sizeChart(report: ThresholdsReport): Chart | undefined {
  const rows = report.identification?.byGallerySize ?? [];
  const sizes = rows.map(({ gallerySize }) => gallerySize);
  if (sizes.length < 2) return undefined;
  const series = (rows[0]?.at ?? []).flatMap(({ threshold }, index): Series[] => {
    const points = rows.flatMap(({ gallerySize, at }) => {
      const rate = at[index]?.fpir;
      return rate?.value
        ? [{ x: gallerySize, y: rate.value, seen: rate.basis === 'measured' }]
        : [];
    });
    const last = points.findLastIndex(({ seen }) => seen);
    const colour = threshold === report.verdict.threshold.value ? 0 : index + 1;
    const name = `FPIR at ${thresholdText(threshold)}`;
    const beyond = points.slice(Math.max(0, last));
    return [
      ...(last > 0 ? [{ name, colour, points: points.slice(0, last + 1) }] : []),
      ...(beyond.length > 1
        ? [
            {
              name: last > 0 ? name : `${name}, extrapolated`,
              colour,
              points: beyond,
              dashed: true,
              unlisted: last > 0,
            },
          ]
        : []),
    ];
  });
  if (series.length === 0) return undefined;
  return {
    name: 'gallery-size',
    title: 'False positives against collection size',
    description:
      'The more users a collection has, the more strangers a search meets. Dashed: extrapolated beyond the people measured here.',
    x: {
      label: 'users searched',
      kind: 'log',
      from: Math.max(1, sizes[0] ?? 1),
      to: sizes.at(-1) ?? 10,
    },
    y: shares(
      'share of searches by strangers',
      series.flatMap(({ points }) => points.map(({ y }) => y)),
    ),
    series,
  };
}

function cmcChart(reports: readonly ThresholdsReport[]): Chart | undefined {
  const drawn = reports.filter(({ identification }) => (identification?.cmc.length ?? 0) > 1);
  if (drawn.length === 0) return undefined;
  const series = drawn.map(
    (report, index): Series => ({
      name: report.label,
      dashed: index > 0,
      points: (report.identification?.cmc ?? []).flatMap(({ rank, rate }) =>
        rate.value === null ? [] : [{ x: rank, y: rate.value }],
      ),
      band: (report.identification?.cmc ?? []).flatMap(({ rank, rate: { low, high } }) =>
        low === null || high === null ? [] : [{ x: rank, low, high }],
      ),
    }),
  );
  const bounds = series.flatMap(({ points, band }) => [
    ...points.map(({ y }) => y),
    ...(band ?? []).map(({ low }) => low),
  ]);
  const lowest = Math.max(0, Math.floor(Math.min(...bounds) * 20 - 0.2) / 20);
  const ranks = series.flatMap(({ points }) => points.map(({ x }) => x));
  return {
    name: 'cmc',
    title: 'Cumulative match characteristic (CMC)',
    description:
      'The chance that the right user is among the first so many answers, without a threshold.',
    x: {
      label: 'rank',
      kind: 'log',
      from: 1,
      to: Math.max(2, ...ranks),
      ticks: rankTicks(Math.max(2, ...ranks)),
    },
    y: { label: 'found', kind: 'linear', from: Math.min(lowest, 0.95), to: 1 },
    series,
  };
}

const rankTicks = (last: number) =>
  [1, 5, 10, 20, 50, 100].filter((rank) => rank <= last).map((at) => ({ at, text: String(at) }));

const MOST_LINES = 4;

/** Against the number of faces, at the marked thresholds and the recommended one. */
function associationChart(
  report: ThresholdsReport,
  error: 'falseAcceptance' | 'falseRejection',
): Chart | undefined {
  const measured = report.association.filter(({ byThreshold }) => byThreshold.length > 0);
  if (measured.length < 2) return undefined;
  const { value } = report.verdict.threshold;
  const thresholds = [
    ...(value === null ? [] : [value]),
    ...report.scale.marks.map(({ threshold }) => threshold).filter((each) => each !== value),
  ].slice(0, MOST_LINES);
  const series = thresholds
    .map((at, index): Series => {
      const rates = measured.map((row) => ({ x: row.faces, rate: rateNear(row, at)?.[error] }));
      return {
        name: `UserMatchThreshold ${thresholdText(at)}${at === value ? ', recommended' : ''}`,
        kind: 'dots',
        colour: index,
        points: rates.flatMap(({ x, rate }) =>
          rate && rate.value !== null ? [{ x, y: rate.value }] : [],
        ),
        // One band: more would hide each other.
        ...(index === 0 && {
          band: rates.flatMap(({ x, rate }) =>
            rate?.value && rate.low !== null && rate.high !== null
              ? [{ x, low: rate.low, high: rate.high }]
              : [],
          ),
        }),
      };
    })
    .filter(({ points }) => points.some(({ y }) => y > 0));
  if (series.length === 0) return undefined;
  const faces = measured.map((row) => row.faces);
  const taken = error === 'falseAcceptance';
  return {
    name: taken ? 'association-false-acceptance' : 'association-false-rejection',
    title: taken ? 'AssociateFaces takes a stranger' : 'AssociateFaces refuses an own face',
    description: taken
      ? 'The chance that a face of somebody else is taken into a user, by the number of faces the user has.'
      : 'The chance that a face of the user is refused (LOW_MATCH_CONFIDENCE), by the number of faces the user has.',
    x: {
      label: 'faces the user has',
      kind: 'log',
      from: Math.max(1, faces[0] ?? 1),
      to: faces.at(-1) ?? 100,
      ticks: faces.map((at) => ({ at, text: String(at) })),
    },
    y: shares(
      'share of trials',
      series.flatMap(({ points }) => points.map(({ y }) => y)),
    ),
    series,
  };
}

/** The figures at the threshold of the table that lies nearest. */
export const rateNear = (
  { byThreshold }: AssociationError,
  threshold: number,
): AssociationError['byThreshold'][number] | undefined =>
  byThreshold.reduce<AssociationError['byThreshold'][number] | undefined>(
    (best, row) =>
      best && Math.abs(best.threshold - threshold) <= Math.abs(row.threshold - threshold)
        ? best
        : row,
    undefined,
  );

const MEASURES = {
  sharpness: 'sharpness',
  brightness: 'brightness',
  confidence: 'detector confidence',
  faceSize: 'size of the face',
} as const;

function qualityChart({ quality }: ThresholdsReport): Chart | undefined {
  const drawn = quality.filter(({ points }) => points.length > 1);
  if (drawn.length === 0) return undefined;
  const series = drawn.map(
    ({ measure, points }): Series => ({
      name: `by ${MEASURES[measure]}`,
      kind: 'dots',
      points: points.flatMap(({ discarded, fnmr }) =>
        fnmr.value === null ? [] : [{ x: discarded * 100, y: fnmr.value * 100 }],
      ),
    }),
  );
  const highest = Math.max(...series.flatMap(({ points }) => points.map(({ y }) => y)), 0.1);
  const widest = Math.max(...series.flatMap(({ points }) => points.map(({ x }) => x)), 1);
  return {
    name: 'quality',
    title: 'Quality against error',
    description: `False non-match rate at threshold ${thresholdText(drawn[0]?.threshold ?? 0)} when the worst photos are left out: a measure that is worth a filter makes its line fall.`,
    x: { label: 'photos left out, worst first', kind: 'linear', from: 0, to: widest, unit: ' %' },
    y: { label: 'FNMR of the others', kind: 'linear', from: 0, to: highest * 1.1, unit: ' %' },
    series,
  };
}

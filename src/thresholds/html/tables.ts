import type { Estimate, ThresholdsReport } from '../report.js';
import type { Chart } from './chart.js';
import { rateNear } from './charts.js';
import { escape } from './escape.js';
import { intervalText, share, threshold, valueText, whole } from './number-text.js';

/** A cell: text, a figure with its interval below, or two lines. */
export type Cell =
  | string
  | { estimate: Estimate; text: (value: number) => string }
  | { name: string; below: string };

interface Table {
  caption: string;
  head: readonly string[];
  rows: readonly { cells: readonly Cell[]; chosen?: boolean }[];
  /** Scrolls within a fixed height. */
  tall?: boolean;
}

/** A table that scrolls sideways by itself where it is wider than the page. */
export function table({ caption, head, rows, tall }: Table): string {
  const body = rows
    .map(({ cells: [first = '', ...rest], chosen }) => {
      const cells = rest.map((each) => `<td>${cell(each)}</td>`).join('');
      return `<tr${chosen ? ' class="chosen"' : ''}><th scope="row">${cell(first)}</th>${cells}</tr>`;
    })
    .join('');
  const titles = head.map((title) => `<th scope="col">${escape(title)}</th>`).join('');
  return `<p class="caption">${escape(caption)}</p><div class="scroll${tall ? ' tall' : ''}" role="region" tabindex="0" aria-label="${escape(caption)}"><table aria-label="${escape(caption)}"><thead><tr>${titles}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function cell(content: Cell): string {
  if (typeof content === 'string') return escape(content);
  const [line, below] =
    'name' in content
      ? [content.name, content.below]
      : [valueText(content.estimate, content.text), intervalText(content.estimate, content.text)];
  return `${escape(line)}${below === '' ? '' : `<span class="interval">${escape(below)}</span>`}`;
}

const SHOWN = [50, 60, 70, 75, 80, 85, 90, 95, 99] as const;

/** The rates at the thresholds people use; all of them in a part that opens. */
export function thresholdTables(report: ThresholdsReport): string {
  const { table: all, scale, verdict } = report;
  const marks = new Map(scale.marks.map((mark) => [mark.threshold, mark.meaning]));
  const chosen = verdict.threshold.value;
  const isShown = (at: number): boolean =>
    at === chosen ||
    marks.has(at) ||
    (scale.kind === 'similarity'
      ? (SHOWN as readonly number[]).includes(at)
      : Math.abs((((at - scale.from) / (scale.to - scale.from)) * 10) % 1) < 1e-9);
  const searched = all.some(({ fpir }) => fpir !== null);
  const head = ['threshold', 'FMR', 'FNMR', ...(searched ? ['FPIR'] : []), 'cosine'];
  const rows = all.map((row) => ({
    shown: isShown(row.threshold),
    chosen: row.threshold === chosen,
    cells: [
      named(row.threshold, row.threshold === chosen ? 'recommended' : marks.get(row.threshold)),
      { estimate: row.fmr, text: share },
      { estimate: row.fnmr, text: share },
      ...(searched ? [row.fpir ? { estimate: row.fpir, text: share } : '–'] : []),
      row.cosine === null ? '–' : row.cosine.toFixed(4),
    ],
  }));
  const caption = `FMR: strangers that pass. FNMR: own people refused.${searched ? ' FPIR: searches by strangers that find somebody.' : ''}`;
  return `${table({ caption, head, rows: rows.filter(({ shown }) => shown) })}<details><summary>All ${rows.length} thresholds</summary>${table({ caption: 'Every threshold of the scale', head, rows, tall: true })}</details>`;
}

const named = (at: number, meaning = ''): Cell => ({ name: threshold(at), below: meaning });

export const targetTable = ({ targets, verdict }: ThresholdsReport): string =>
  table({
    caption:
      'What it costs to keep strangers out: the lowest threshold that keeps each false match rate',
    head: ['FMR at most', 'threshold', 'FNMR', 'cosine'],
    rows: targets.map((row) => ({
      chosen: row.fmr === verdict.targetFmr,
      cells: [
        share(row.fmr),
        { estimate: row.threshold, text: threshold },
        { estimate: row.fnmr, text: share },
        row.cosine === null ? '–' : row.cosine.toFixed(4),
      ],
    })),
  });

/** One row a run. */
export const runsTable = (reports: readonly ThresholdsReport[]): string =>
  table({
    caption: 'The runs side by side, each at its own threshold for its target',
    head: [
      'run',
      'target FMR',
      'threshold',
      'FNMR there',
      'equal error rate',
      'area under the ROC',
      'people',
    ],
    rows: reports.map((report, index) => ({
      chosen: index === 0,
      cells: [
        report.label,
        share(report.verdict.targetFmr),
        { estimate: report.verdict.threshold, text: threshold },
        { estimate: report.verdict.fnmr, text: share },
        { estimate: report.equalErrorRate, text: share },
        { estimate: report.areaUnderCurve, text: (value) => value.toFixed(5) },
        whole(report.protocol.counts.subjects),
      ],
    })),
  });

/** What AssociateFaces takes and refuses: a row for each number of faces, a column for each threshold. */
export function associationTables(report: ThresholdsReport): string {
  const { association, scale, verdict } = report;
  const marks = scale.marks.map((mark) => mark.threshold);
  const at = [verdict.threshold.value, ...marks].filter(
    (value, index, all): value is number => value !== null && all.indexOf(value) === index,
  );
  const head = at.map((value, index) =>
    index === 0 && value === verdict.threshold.value
      ? `at ${threshold(value)}, recommended`
      : `at ${threshold(value)}`,
  );
  const part = (caption: string, error: 'falseAcceptance' | 'falseRejection'): string =>
    table({
      caption,
      head: ['user of', ...head, 'users', 'trials'],
      rows: association.map((row) => ({
        cells: [
          row.faces === 1 ? '1 face' : `${row.faces} faces`,
          ...at.map((value): Cell => {
            const rates = rateNear(row, value);
            return rates ? { estimate: rates[error], text: share } : '–';
          }),
          whole(row.users),
          whole(error === 'falseAcceptance' ? row.impostorTrials : row.genuineTrials),
        ],
      })),
    });
  const missing = association.flatMap(({ faces, notMeasurable }) =>
    notMeasurable === null
      ? []
      : [`<p class="note">Users of ${faces} faces: ${escape(notMeasurable)}.</p>`],
  );
  return `<div class="card panel">${part('The chance that a stranger’s face is taken into a user', 'falseAcceptance')}</div><div class="card panel">${part('The chance that an own face is refused', 'falseRejection')}${missing.join('')}</div>`;
}

export function groupTables({ groups, verdict }: ThresholdsReport): string {
  return groups
    .map((column) => {
      const rows = column.groups.map((group) => ({
        cells: [
          group.group === '' ? '(empty)' : group.group,
          whole(group.subjects),
          { estimate: group.fmr, text: share },
          { estimate: group.fnmr, text: share },
          { estimate: group.threshold, text: threshold },
        ] as Cell[],
      }));
      const at = column.threshold === null ? '' : ` at ${threshold(column.threshold)}`;
      return `<div class="card panel"><h3>${escape(column.column)}</h3><p class="note">${escape(column.text)}</p>${table(
        {
          caption: `Rates within each group${at}; the last column is the threshold the group needs for FMR ${share(verdict.targetFmr)}`,
          head: ['group', 'people', 'FMR', 'FNMR', 'threshold needed'],
          rows,
        },
      )}</div>`;
    })
    .join('');
}

const MOST_ROWS = 60;

/** The figures of a chart, thinned where there are too many to read. */
export function chartTable({ title, x, y, series }: Chart): string {
  const xs = [...new Set(series.flatMap(({ points }) => points.map((point) => point.x)))].toSorted(
    (a, b) => a - b,
  );
  const step = Math.ceil(xs.length / MOST_ROWS);
  const shownXs = xs.filter((_, index) => index % step === 0);
  const lookUp = series.map(({ points }) => new Map(points.map((point) => [point.x, point.y])));
  return `<details><summary>Figures</summary>${table({
    caption: `${title} (${y.label})`,
    head: [
      x.label,
      ...series.map(({ name, unlisted }) => (unlisted ? `${name}, extrapolated` : name)),
    ],
    rows: shownXs.map((at) => ({
      cells: [String(Number(at.toPrecision(4))), ...lookUp.map((values) => figure(values.get(at)))],
    })),
    tall: true,
  })}</details>`;
}

const figure = (value: number | undefined): string =>
  value === undefined ? '–' : String(Number(value.toPrecision(3)));

import { createHash } from 'node:crypto';
import type { ThresholdsReport } from '../report.js';
import { svg } from './chart.js';
import { chartsOf, type Placed } from './charts.js';
import { escape } from './escape.js';
import { protocolBlock, verdictBox, warningsBox, worstPairs } from './sections.js';
import { STYLE } from './style.js';
import {
  associationTables,
  chartTable,
  groupTables,
  runsTable,
  targetTable,
  thresholdTables,
} from './tables.js';

const SECTIONS = {
  comparison: [
    'One photo against one',
    'Comparisons of two photos: CompareFaces, SearchFaces, a user with one face.',
  ],
  search: ['Searches', 'One photo against all users of a collection: SearchUsersByImage.'],
  association: [
    'AssociateFaces',
    'A face asks to join a user and is scored against the centroid of the faces the user has.',
  ],
  quality: ['Photos', 'Whether it pays to refuse poor photos.'],
} as const satisfies Record<Placed['section'], readonly [string, string]>;

export interface HtmlOptions {
  /** The page's heading; default: the label of the first report. */
  title?: string;
}

/**
 * One self-contained page about one run, overlaid with others where that makes sense. No script, nothing is loaded:
 * its own policy forbids both. The same reports give the same bytes.
 *
 * @throws RangeError without a report.
 */
export function renderHtml(
  reports: readonly ThresholdsReport[],
  options: HtmlOptions = {},
): string {
  const [report] = reports;
  if (!report) throw new RangeError('expected at least one report');
  const title = options.title ?? report.label;
  const { counts } = report.protocol;
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src data:; base-uri 'none'; form-action 'none'`;
  const charts = chartsOf(reports);
  const body = [
    `<header><p class="eyebrow">Likeness · what a face match threshold means</p><h1>${escape(title)}</h1><p class="lead">${counts.subjects} people, ${counts.faces} faces, ${escape(report.protocol.model.id ?? 'scores of another engine')}, ${escape(report.protocol.createdAt.slice(0, 10))}</p></header>`,
    verdictBox(report),
    warningsBox(report.warnings),
    reports.length > 1
      ? `<h2>Runs compared</h2><div class="card panel">${runsTable(reports)}</div>`
      : '',
    thresholdsPart(report),
    ...(Object.keys(SECTIONS) as Placed['section'][]).map((section) =>
      sectionOf(section, charts, section === 'association' ? report : undefined),
    ),
    report.groups.length > 0
      ? `<h2>Groups of people</h2><p class="note">One threshold for all seldom means the same error for all.</p>${groupTables(report)}`
      : '',
    worstPairs(report),
    protocolBlock(report),
  ].join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)} · Likeness thresholds</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body><main>
${body}
<footer>Made by Likeness. This file is complete in itself: nothing is loaded when it is opened.</footer>
</main></body>
</html>
`;
}

/** Empty where the scores have no scale to speak of. */
function thresholdsPart(report: ThresholdsReport): string {
  const parts = [
    ...(report.table.length > 0 ? [thresholdTables(report)] : []),
    ...(report.targets.length > 0 ? [targetTable(report)] : []),
  ].map((part) => `<div class="card panel">${part}</div>`);
  return parts.length === 0 ? '' : `<h2>What each threshold does</h2>${parts.join('')}`;
}

function sectionOf(
  section: Placed['section'],
  charts: readonly Placed[],
  report: ThresholdsReport | undefined,
): string {
  const [title, text] = SECTIONS[section];
  const figures = charts
    .filter((placed) => placed.section === section)
    .map(
      ({ chart }) =>
        `<figure class="card"><figcaption><h3>${escape(chart.title)}</h3><p>${escape(chart.description)}</p></figcaption>${svg(chart)}${chartTable(chart)}</figure>`,
    );
  const tables = report && report.association.length > 0 ? associationTables(report) : '';
  if (figures.length === 0 && tables === '') return '';
  return `<h2>${escape(title)}</h2><p class="note">${escape(text)}</p><div class="charts${figures.length === 3 ? '' : ' pairwise'}">${figures.join('')}</div>${tables}`;
}

/** The same charts as files of their own, each with its title and both themes. */
export const renderSvgs = (
  reports: readonly ThresholdsReport[],
): { file: string; content: string }[] =>
  chartsOf(reports).map(({ chart }) => ({
    file: `${chart.name}.svg`,
    content: `${svg(chart, { alone: true })}\n`,
  }));

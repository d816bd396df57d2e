import { escape, shortened } from './escape.js';
import { power } from './number-text.js';

/** A chart as data. The same data gives the same bytes. */
export interface Chart {
  /** Names the file and the ids; letters, digits and hyphens. */
  name: string;
  title: string;
  /** One or two sentences for who cannot see it, and for everybody as a caption. */
  description: string;
  x: Axis;
  y: Axis;
  series: readonly Series[];
  /** Vertical lines, such as thresholds. */
  marks?: readonly Mark[];
}

export interface Axis {
  label: string;
  kind: 'linear' | 'log';
  from: number;
  to: number;
  /** Instead of ticks of its own choosing. */
  ticks?: readonly { at: number; text: string }[];
  unit?: string;
}

export interface Series {
  name: string;
  /** By rising x; a point off a logarithmic axis (0 or less) interrupts the line. */
  points: readonly { x: number; y: number }[];
  band?: readonly { x: number; low: number; high: number }[];
  /** `area`: filled down to the axis; `dots`: with a dot at each point. */
  kind?: 'line' | 'area' | 'dots';
  dashed?: boolean;
  /** Which colour, 0–7; default: its place among the series. */
  colour?: number;
  /** Left out of the legend: the continuation of another one. */
  unlisted?: boolean;
}

export interface Mark {
  at: number;
  text: string;
  strong?: boolean;
}

const WIDTH = 384;
const PLOT = { left: 52, right: 18, top: 30, height: 214 } as const;
const AXIS_HEIGHT = 40;
const LEGEND_ROW = 17;
const TITLE_HEIGHT = 26;
const MOST_LEGEND_CHARACTERS = 46;
export const COLOURS = 8;

/** What colours charts; the page and a file of its own share it. */
export const CHART_STYLE = `
.chart{font:11px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums}
.chart text{fill:var(--muted)}
.chart .chart-title{fill:var(--ink);font-size:13px;font-weight:600}
.chart .name{fill:var(--ink)}
.chart .grid{stroke:var(--line);stroke-width:1}
.chart .axis{stroke:var(--axis);stroke-width:1}
.chart .mark{stroke:var(--axis);stroke-width:1;stroke-dasharray:2 3}
.chart .mark.strong{stroke:var(--accent);stroke-width:1.5;stroke-dasharray:none}
.chart text.strong{fill:var(--accent);font-weight:700}
.chart .line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.chart .dashed{stroke-dasharray:5 4}
.chart .band{stroke:none;fill-opacity:.16}
.chart .area{fill-opacity:.14;stroke-width:1.4;stroke-linejoin:round}
${Array.from({ length: COLOURS }, (_, i) => `.chart .c${i}{stroke:var(--c${i})}.chart .f${i}{fill:var(--c${i})}`).join('')}`;

/** Colours of both themes, contrast at least 3 for lines and 4.5 for text against their background. */
const LIGHT =
  '--paper:#fff;--sheet:#f6f7f9;--ink:#16202c;--muted:#556270;--line:#e4e8ed;--axis:#8a96a3;--accent:#0b5cad;--accent-soft:#e8f1fb;--warn:#8a4b00;--warn-soft:#fff4e3;--bad:#b3261e;--good:#1b6e3c;--c0:#0b5cad;--c1:#c2410c;--c2:#187a52;--c3:#8b3fa8;--c4:#8a6d00;--c5:#c0266d;--c6:#0e7490;--c7:#5b6573';
const DARK =
  '--paper:#12181f;--sheet:#0b0f14;--ink:#e6ebf1;--muted:#a0acb9;--line:#26303b;--axis:#66727f;--accent:#6db3f8;--accent-soft:#14273b;--warn:#f3b562;--warn-soft:#2b2113;--bad:#ff8a80;--good:#6fd39b;--c0:#6db3f8;--c1:#ff9a62;--c2:#5fd09a;--c3:#d3a0ee;--c4:#e3c34c;--c5:#ff8fbf;--c6:#62cfe4;--c7:#a0acb9';

/** The colours as custom properties of `selector`; paper is always light. */
export const theme = (selector: string): string =>
  `${selector}{color-scheme:light dark;${LIGHT}}@media screen and (prefers-color-scheme:dark){${selector}{${DARK}}}`;

/** One `<svg>`. Standing alone it carries its title, its colours and a background. */
export function svg(chart: Chart, { alone = false } = {}): string {
  const { name, title, description, series } = chart;
  const listed = series.filter(({ unlisted }) => !unlisted);
  const offset = alone ? TITLE_HEIGHT : 0;
  const plotHeight = PLOT.top + PLOT.height + AXIS_HEIGHT;
  const height = offset + plotHeight + (listed.length > 1 ? listed.length * LEGEND_ROW + 6 : 0);
  const ids = `${name}-title ${name}-text`;
  const frame = alone
    ? `<style>${theme('svg')}${CHART_STYLE}</style><rect width="100%" height="100%" fill="var(--paper)"/><text class="chart-title" x="10" y="20">${escape(title)}</text>`
    : '';
  const body = [
    grid(chart),
    ...series.map((each, index) => draw(chart, each, each.colour ?? index)),
    marks(chart),
    listed.length > 1 ? legend(series, plotHeight) : '',
  ].join('');
  return `<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${ids}"><title id="${name}-title">${escape(title)}</title><desc id="${name}-text">${escape(description)}</desc>${frame}<g${offset === 0 ? '' : ` transform="translate(0 ${offset})"`}>${body}</g></svg>`;
}

type Scale = (value: number) => number | undefined;

/** From values to pixels; undefined for what a logarithmic axis has no place for. */
function scale(axis: Axis, start: number, end: number): Scale {
  const place = axis.kind === 'log' ? Math.log10 : (value: number) => value;
  const [from, to] = [place(axis.from), place(axis.to)];
  return (value) => {
    const at = (place(value) - from) / (to - from);
    return Number.isFinite(at) ? start + Math.min(1, Math.max(0, at)) * (end - start) : undefined;
  };
}

const LEFT = PLOT.left;
const RIGHT = WIDTH - PLOT.right;
const TOP = PLOT.top;
const BOTTOM = PLOT.top + PLOT.height;
const xScale = ({ x }: Chart): Scale => scale(x, LEFT, RIGHT);
const yScale = ({ y }: Chart): Scale => scale(y, BOTTOM, TOP);

const pixel = (value: number): string => String(Math.round(value * 10) / 10);

function ticksOf(axis: Axis): readonly { at: number; text: string }[] {
  if (axis.ticks) return axis.ticks;
  if (axis.kind === 'log') {
    const [first, last] = [Math.ceil(Math.log10(axis.from)), Math.floor(Math.log10(axis.to))];
    const step = Math.max(1, Math.ceil((last - first) / 7));
    return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => {
      const exponent = last - i * step;
      return {
        at: 10 ** exponent,
        text: exponent >= 0 && exponent < 4 ? String(10 ** exponent) : power(exponent),
      };
    });
  }
  const rough = (axis.to - axis.from) / 5;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = size * ([1, 2, 2.5, 5, 10].find((factor) => factor * size >= rough) ?? 10);
  const first = Math.ceil(axis.from / step);
  return Array.from({ length: Math.floor(axis.to / step + 1e-9) - first + 1 }, (_, i) => {
    const at = (first + i) * step;
    return { at, text: `${Number(at.toPrecision(6))}${axis.unit ?? ''}` };
  });
}

function grid(chart: Chart): string {
  const [x, y] = [xScale(chart), yScale(chart)];
  const down = ticksOf(chart.x)
    .map(({ at, text }) => {
      const left = pixel(x(at) ?? LEFT);
      return `<path class="grid" d="M${left} ${TOP}V${BOTTOM}"/><text x="${left}" y="${BOTTOM + 15}" text-anchor="middle">${escape(text)}</text>`;
    })
    .join('');
  const across = ticksOf(chart.y)
    .map(({ at, text }) => {
      const top = y(at) ?? BOTTOM;
      return `<path class="grid" d="M${LEFT} ${pixel(top)}H${RIGHT}"/><text x="${LEFT - 6}" y="${pixel(top + 4)}" text-anchor="end">${escape(text)}</text>`;
    })
    .join('');
  return `${down}${across}<path class="axis" d="M${LEFT} ${BOTTOM}H${RIGHT}"/><text x="${(LEFT + RIGHT) / 2}" y="${BOTTOM + 32}" text-anchor="middle">${escape(chart.x.label)}</text><text x="6" y="12">${escape(chart.y.label)}</text>`;
}

function draw(
  chart: Chart,
  { points, band, kind = 'line', dashed }: Series,
  index: number,
): string {
  const [x, y] = [xScale(chart), yScale(chart)];
  const colour = index % COLOURS;
  const runs = runsOf(points.map((point) => ({ x: x(point.x), y: y(point.y) })));
  const line = runs.map((run) => pathOf(run)).join('');
  const ribbon = band ? ribbonOf(band, x, y) : '';
  const parts = ribbon === '' ? '' : `<path class="band f${colour}" d="${ribbon}"/>`;
  if (kind === 'area') {
    const filled = runs
      .map(
        (run) => `${pathOf(run)}L${pixel(run.at(-1)!.x)} ${BOTTOM}L${pixel(run[0]!.x)} ${BOTTOM}Z`,
      )
      .join('');
    return filled === ''
      ? parts
      : `${parts}<path class="area f${colour}" d="${filled}"/><path class="line c${colour}" d="${line}"/>`;
  }
  const dots =
    kind === 'dots'
      ? runs
          .flat()
          .map(
            (dot) =>
              `<circle class="f${colour}" cx="${pixel(dot.x)}" cy="${pixel(dot.y)}" r="2.6"/>`,
          )
          .join('')
      : '';
  return line === ''
    ? parts
    : `${parts}<path class="line c${colour}${dashed ? ' dashed' : ''}" d="${line}"/>${dots}`;
}

interface Dot {
  x: number;
  y: number;
}

/** Points without a place interrupt. */
function runsOf(points: readonly { x: number | undefined; y: number | undefined }[]): Dot[][] {
  const runs: Dot[][] = [[]];
  for (const { x, y } of points) {
    if (x === undefined || y === undefined) runs.push([]);
    else runs.at(-1)!.push({ x, y });
  }
  return runs.filter((run) => run.length > 0);
}

/** Points less than half a pixel from the one before are left out. */
function pathOf(run: readonly Dot[]): string {
  let last: Dot | undefined;
  return run
    .filter((dot, index) => {
      const keep =
        !last || index === run.length - 1 || Math.hypot(dot.x - last.x, dot.y - last.y) >= 0.5;
      if (keep) last = dot;
      return keep;
    })
    .map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${pixel(x)} ${pixel(y)}`)
    .join('');
}

/** A bound of 0 on a logarithmic axis lies at its foot. */
function ribbonOf(band: NonNullable<Series['band']>, x: Scale, y: Scale): string {
  const upper = band.map((each) => ({ x: x(each.x), y: y(each.high) ?? BOTTOM }));
  const lower = band.map((each) => ({ x: x(each.x), y: y(each.low) ?? BOTTOM }));
  const round = runsOf([...upper, ...lower.toReversed()]).flat();
  return round.length < 3 ? '' : `${pathOf(round)}Z`;
}

/** Weak marks are named in one row, the strong one above them. */
function marks(chart: Chart): string {
  const x = xScale(chart);
  return (chart.marks ?? [])
    .map(({ at, text, strong }) => {
      const left = x(at);
      if (left === undefined) return '';
      const anchor = left > RIGHT - 24 ? 'end' : left < LEFT + 24 ? 'start' : 'middle';
      const kind = strong ? ' strong' : '';
      return `<path class="mark${kind}" d="M${pixel(left)} ${TOP}V${BOTTOM}"/><text class="name${kind}" x="${pixel(left)}" y="${strong ? TOP - 14 : TOP - 3}" text-anchor="${anchor}">${escape(text)}</text>`;
    })
    .join('');
}

function legend(series: readonly Series[], top: number): string {
  let row = 0;
  return series
    .map(({ name, dashed, unlisted, kind, colour }, index) => {
      if (unlisted) return '';
      const y = top + 6 + row++ * LEGEND_ROW;
      const which = (colour ?? index) % COLOURS;
      const key =
        kind === 'area'
          ? `<rect class="area f${which}" x="${LEFT}" y="${y - 4}" width="20" height="9"/><path class="line c${which}" d="M${LEFT} ${y - 4}h20"/>`
          : `<path class="line c${which}${dashed ? ' dashed' : ''}" d="M${LEFT} ${y}h20"/>${kind === 'dots' ? `<circle class="f${which}" cx="${LEFT + 10}" cy="${y}" r="2.6"/>` : ''}`;
      return `${key}<text class="name" x="${LEFT + 28}" y="${y + 4}">${escape(shortened(name, MOST_LEGEND_CHARACTERS))}</text>`;
    })
    .join('');
}

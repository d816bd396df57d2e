import type { PairSide, ThresholdsReport, WorstPair } from '../report.js';
import { escape } from './escape.js';
import { intervalText, percent, share, threshold, valueText, whole } from './number-text.js';

/** What to do, before anything else. */
export function verdictBox({ verdict, scale, label }: ThresholdsReport): string {
  const { value } = verdict.threshold;
  const big =
    value === null
      ? `<p class="big none">No threshold can be recommended from these data</p>`
      : `<p class="big">${escape(valueText(verdict.threshold, threshold))}</p><p class="interval">${escape(intervalText(verdict.threshold, threshold))}</p>`;
  const facts = [
    fact('Strangers that pass (FMR)', verdict.fmr),
    fact('Own people refused (FNMR)', verdict.fnmr),
    ...(verdict.search
      ? [
          fact(
            `Searches by strangers that find somebody, ${whole(verdict.search.gallerySize)} users (FPIR)`,
            verdict.search.fpir,
          ),
        ]
      : []),
  ];
  const [first = '', ...others] = verdict.sentences;
  return `<section class="card verdict" aria-labelledby="verdict"><div><h2 id="verdict">${scale.kind === 'similarity' ? 'Recommended threshold' : 'Recommended score'} for FMR ≤ ${share(verdict.targetFmr)}</h2>${big}${strip({ verdict, scale, label })}</div><div><ul>${[
    first,
    ...others,
  ]
    .filter((text) => text !== '')
    .map((text) => `<li>${escape(text)}</li>`)
    .join(
      '',
    )}</ul><dl class="facts">${facts.join('')}</dl></div>${requirements(verdict.requirements)}</section>`;
}

const fact = (name: string, rate: ThresholdsReport['verdict']['fmr']): string => {
  const interval = intervalText(rate, share);
  return `<div><dt>${escape(name)}</dt><dd>${escape(valueText(rate, share))}<span>${escape(interval)}</span></dd></div>`;
};

function requirements(all: ThresholdsReport['verdict']['requirements']): string {
  if (all.length === 0) return '';
  const items = all.map(({ text, outcome, found }) => {
    const name = { met: 'met', missed: 'missed', unknown: 'cannot be told' }[outcome];
    const kind = outcome === 'met' ? 'met' : 'missed';
    return `<li><span class="${kind}">${name}</span> <code>${escape(text)}</code>, found ${escape(valueText(found, share))}</li>`;
  });
  return `<ul class="required" aria-label="Requirements">${items.join('')}</ul>`;
}

const STRIP = { width: 320, left: 8, right: 312 } as const;

/** The scale as a line, with the interval, the recommended threshold and what people use unasked. */
function strip({ verdict, scale }: Pick<ThresholdsReport, 'verdict' | 'scale' | 'label'>): string {
  const { value, low, high } = verdict.threshold;
  if (value === null) return '';
  const x = (at: number): string => {
    const share01 = (at - scale.from) / (scale.to - scale.from);
    return (STRIP.left + Math.min(1, Math.max(0, share01)) * (STRIP.right - STRIP.left)).toFixed(1);
  };
  const ticks = scale.marks
    .map(
      ({ threshold: at }, index) =>
        `<path class="axis" d="M${x(at)} 22v10"/><text x="${x(at)}" y="${index % 2 === 0 ? 46 : 14}" text-anchor="middle">${threshold(at)}</text>`,
    )
    .join('');
  const range =
    low === null || high === null
      ? ''
      : `<rect class="band f0" x="${x(low)}" y="19" width="${(Number(x(high)) - Number(x(low))).toFixed(1)}" height="16"/>`;
  return `<svg class="chart strip" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${STRIP.width} 52" role="img" aria-label="Where it lies on the scale from ${threshold(scale.from)} to ${threshold(scale.to)}"><path class="axis" d="M${STRIP.left} 27H${STRIP.right}"/>${range}${ticks}<circle class="f0" cx="${x(value)}" cy="27" r="6"/></svg>`;
}

const MOST_ITEMS = 5;

export function warningsBox(warnings: ThresholdsReport['warnings']): string {
  if (warnings.length === 0) return '';
  const items = warnings.map(({ text, items: named, count }) => {
    if (named.length === 0) return `<li>${escape(text)}</li>`;
    const shown = named
      .slice(0, MOST_ITEMS)
      .map((item) => `<code>${escape(item)}</code>`)
      .join(', ');
    const rest = count > MOST_ITEMS ? ` and ${whole(count - MOST_ITEMS)} more` : '';
    return `<li>${escape(text)} ${shown}${rest}</li>`;
  });
  return `<section class="card warnings" aria-labelledby="warnings"><h2 id="warnings">Before you believe it</h2><ul>${items.join('')}</ul></section>`;
}

/** The comparisons to look at first: often a wrong label. */
export function worstPairs({ worst }: ThresholdsReport): string {
  const content =
    pairsPart(
      'Different people that score highest',
      'False matches: look for one person under two names.',
      worst.falseMatches,
    ) +
    pairsPart(
      'One person that scores lowest',
      'False non-matches: look for two people under one name, and for poor photos.',
      worst.falseNonMatches,
    );
  return content === ''
    ? ''
    : `<h2>Look at these first</h2><div class="card panel">${content}</div>`;
}

const SHOWN_PAIRS = 8;

function pairsPart(title: string, text: string, pairs: readonly WorstPair[]): string {
  if (pairs.length === 0) return '';
  const more = pairs.slice(SHOWN_PAIRS);
  const rest =
    more.length === 0
      ? ''
      : `<details><summary>${more.length} more</summary>${pairsList(more)}</details>`;
  return `<h3>${escape(title)}</h3><p class="note">${escape(text)}</p>${pairsList(pairs.slice(0, SHOWN_PAIRS))}${rest}`;
}

const pairsList = (pairs: readonly WorstPair[]): string =>
  `<ul class="pairs">${pairs.map(pairItem).join('')}</ul>`;

const pairItem = ({ similarity, cosine, a, b }: WorstPair): string =>
  `<li class="card"><span class="score">${threshold(similarity)}</span>${cosine === null ? '' : ` <span class="interval">cosine ${cosine.toFixed(4)}</span>`}<div class="sides">${side(a)}${side(b)}</div></li>`;

/** JPEG data only: whatever else a report carries is not put into the page. */
const THUMBNAIL = /^data:image\/jpeg;base64,[A-Za-z0-9+/]+={0,2}$/;

const side = ({ photo, subject, thumbnail }: PairSide): string =>
  `<div>${thumbnail !== null && THUMBNAIL.test(thumbnail) ? `<img src="${thumbnail}" alt="Face of ${escape(subject)}">` : ''}<b>${escape(subject)}</b><span>${escape(photo)}</span></div>`;

const REASONS = {
  UNREADABLE: 'cannot be read',
  NOT_AN_IMAGE: 'not an image',
  TOO_LARGE: 'too large',
  NO_FACE: 'no face found',
  LOW_QUALITY: 'quality too low',
  NO_LABEL: 'no label',
} as const;

/** How it was measured, so that another person can do it again. */
export function protocolBlock(report: ThresholdsReport): string {
  const { protocol, limits, equalErrorRate, areaUnderCurve } = report;
  const { counts, intervals, model, input } = protocol;
  const failures = new Map<string, number>();
  for (const { reason } of protocol.failures)
    failures.set(REASONS[reason], (failures.get(REASONS[reason]) ?? 0) + 1);
  const failed = [...failures].map(([reason, count]) => `${whole(count)} ${reason}`).join(', ');
  const rows: (readonly [string, string])[] = [
    ['Command', protocol.command],
    ['Input', `${input.kind} ${input.name}`],
    ['Data hash', `sha256 ${input.sha256}`],
    [
      'Model',
      model.id === null
        ? 'scores of another engine'
        : `${model.id} (version ${model.version ?? '?'}, ${model.dimension ?? '?'} dimensions)`,
    ],
    [
      'Calibration',
      model.calibration === null
        ? 'none'
        : `${model.calibration}, similarity = 100 · (1 − FMR^${model.exponent ?? '?'})`,
    ],
    [
      'Computed by',
      [protocol.runtime, protocol.kernel].filter((each) => each !== null).join(', ') ||
        'nothing was computed',
    ],
    [
      'People',
      `${whole(counts.subjects)}, ${whole(counts.subjectsWithSeveral)} with several photos`,
    ],
    ['Photos and faces', `${whole(counts.photos)} photos, ${whole(counts.faces)} faces`],
    [
      'Comparisons',
      `${whole(counts.genuineComparisons)} genuine, ${whole(counts.impostorComparisons)} impostor`,
    ],
    [
      'Failures to enrol',
      protocol.failureRate === null
        ? 'not applicable'
        : `${percent(protocol.failureRate)}${failed === '' ? '' : ` (${failed})`}`,
    ],
    [
      'Intervals',
      `${percent(intervals.confidence)}, ${intervals.resampled === 'subjects' ? 'bootstrap over people' : 'over comparisons, too narrow: the scores name nobody'}, ${whole(intervals.replicates)} replicates, ${whole(intervals.units)} units, seed ${protocol.seed}`,
    ],
    ['Limits of the data', limits.text],
    ['Equal error rate', withInterval(equalErrorRate, share)],
    ['Area under the ROC', withInterval(areaUnderCurve, (value) => value.toFixed(5))],
    ['Measured at', protocol.createdAt],
    ['Terms', 'ISO/IEC 19795-1; a comparison matches where its similarity ≥ threshold'],
  ];
  return `<h2>Protocol</h2><div class="card panel"><dl class="protocol">${rows.map(([name, text]) => `<dt>${escape(name)}</dt><dd>${name === 'Command' || name === 'Data hash' ? `<code>${escape(text)}</code>` : escape(text)}</dd>`).join('')}</dl></div>`;
}

function withInterval(
  estimate: ThresholdsReport['equalErrorRate'] | ThresholdsReport['areaUnderCurve'],
  text: (value: number) => string,
): string {
  const interval = intervalText(estimate, text);
  return `${valueText(estimate, text)}${interval === '' ? '' : ` (${interval})`}`;
}

import { NOT_MEASURABLE } from './bootstrap.js';
import type { Searches } from './identification.js';
import { activeUnits, CONFIDENCE, effectiveComparisons, RULE_OF_THREE } from './interval.js';
import type { MeasureOptions } from './measure.js';
import { powerText } from './numbers.js';
import { derive, equalError, metricName, type Operating, TARGETS } from './operating.js';
import { seedFor } from './random.js';
import { replicatesOf } from './replicates.js';
import {
  type CurvePoint,
  type Identification,
  type Limits,
  type Protocol,
  REPORT_FORMAT,
  type TargetRow,
  type ThresholdRow,
  type ThresholdsReport,
} from './report.js';
import { cosineAt, tablePlaces } from './scale.js';
import { verdictOf } from './verdict.js';

/** Everything that was measured, before it is written up. */
export interface Measured
  extends Pick<
    ThresholdsReport,
    'histogram' | 'impostorCurve' | 'worst' | 'association' | 'userGains' | 'groups' | 'quality'
  > {
  operating: Operating;
  searches?: Searches;
  warnings?: ThresholdsReport['warnings'];
}

/** What `assemble` cannot know of where the figures come from. */
export interface Origin
  extends Pick<Protocol, 'input' | 'model' | 'runtime' | 'kernel' | 'failures'> {
  counts: Pick<Protocol['counts'], 'subjects' | 'subjectsWithSeveral' | 'photos' | 'faces'>;
}

/** Writes up what was measured. */
export async function assemble(
  measured: Measured,
  options: MeasureOptions,
  origin: Origin,
): Promise<ThresholdsReport> {
  const { operating, searches, association, groups, quality, worst } = measured;
  const { seed, replicates, targetFmr, signal } = options;
  const targets = [...new Set([...TARGETS, targetFmr])].toSorted((a, b) => b - a);
  options.onProgress?.('drawing people anew', 0);
  const derived = await derive(operating, targets, {
    seed: seedFor(seed, 'bootstrap'),
    replicates,
    ...(signal && { signal }),
  });
  const threshold = operating.thresholdFor(targetFmr);
  const recommended = operating.place(threshold.value);
  const places = placesOf(operating, recommended);
  const marked = markedPlaces(operating, recommended);
  const identification = searches?.report(places, marked) ?? null;
  const limits = limitsOf(operating);
  const atTarget = derived.get(metricName(targetFmr))?.estimate ?? NOT_MEASURABLE;
  const crossing = equalError({ fmr: operating.impostor.rates(), fnmr: operating.genuine.rates() });
  return {
    format: REPORT_FORMAT,
    label: options.label,
    protocol: protocolOf(measured, options, origin),
    scale: operating.grid.scale,
    verdict: verdictOf({
      operating,
      threshold,
      atTarget,
      targetFmr,
      searches,
      association,
      limits,
    }),
    warnings: measured.warnings ?? [],
    limits,
    table: tableOf(operating, places, identification),
    targets: targets.map((fmr) =>
      targetRow(operating, fmr, derived.get(metricName(fmr))?.estimate ?? NOT_MEASURABLE),
    ),
    equalErrorRate: {
      ...(derived.get('eer')?.estimate ?? NOT_MEASURABLE),
      threshold: crossing ? betweenPlaces(operating, crossing.place) : null,
    },
    areaUnderCurve: derived.get('auc')?.estimate ?? NOT_MEASURABLE,
    curve: curveOf(operating),
    histogram: measured.histogram,
    identification,
    association,
    groups,
    quality,
    worst,
    impostorCurve: measured.impostorCurve,
    userGains: measured.userGains,
    replicates: replicatesOf(derived, operating, seed),
  };
}

function protocolOf(
  { operating }: Measured,
  { createdAt, command, seed, targetFmr, replicates }: MeasureOptions,
  { input, model, runtime, kernel, counts, failures }: Origin,
): Protocol {
  const { impostor, genuine } = operating;
  return {
    createdAt,
    command,
    input,
    model,
    runtime,
    kernel,
    seed,
    targetFmr,
    counts: {
      ...counts,
      genuineComparisons: genuine.comparisons,
      impostorComparisons: impostor.comparisons,
    },
    intervals: {
      confidence: CONFIDENCE,
      resampled: counts.subjects > 0 ? 'subjects' : 'comparisons',
      replicates,
      units: Math.max(activeUnits(impostor), activeUnits(genuine)),
    },
    failures,
    failureRate: counts.photos > 0 ? failures.length / counts.photos : null,
  };
}

/** The table's steps, the recommended threshold and the marks. */
function placesOf(operating: Operating, recommended: number | undefined): number[] {
  const marked = markedPlaces(operating, recommended);
  return [...new Set([...tablePlaces(operating.grid), ...marked])].toSorted((a, b) => a - b);
}

function markedPlaces(operating: Operating, recommended: number | undefined): number[] {
  const marks = operating.grid.scale.marks.map(({ threshold }) => operating.place(threshold));
  const known = [...marks, recommended].filter((place) => place !== undefined);
  return [...new Set(known)].toSorted((a, b) => a - b);
}

function tableOf(
  { grid, fmr, fnmr }: Operating,
  places: readonly number[],
  identification: Identification | null,
): ThresholdRow[] {
  const fpirAt = new Map(
    (identification?.byThreshold ?? []).map(({ threshold, fpir }) => [threshold, fpir]),
  );
  return places.map((g) => ({
    threshold: grid.thresholds[g]!,
    cosine: cosineAt(grid, g),
    fmr: fmr[g]!,
    fnmr: fnmr[g]!,
    fpir: fpirAt.get(grid.thresholds[g]!) ?? null,
  }));
}

function targetRow(operating: Operating, fmr: number, seen: TargetRow['fnmr']): TargetRow {
  const threshold = operating.thresholdFor(fmr);
  const place = operating.place(threshold.value);
  const cosine = place === undefined ? null : cosineAt(operating.grid, place);
  if (threshold.basis === 'measured') return { fmr, threshold, cosine, fnmr: seen };
  if (place === undefined) return { fmr, threshold, cosine, fnmr: NOT_MEASURABLE };
  const { value, low, high } = operating.fnmr[place]!;
  return { fmr, threshold, cosine, fnmr: { value, low, high, basis: 'extrapolated' } };
}

function betweenPlaces({ grid }: Operating, place: number): number {
  const [below, above] = [
    grid.thresholds[Math.max(0, Math.floor(place))]!,
    grid.thresholds[Math.max(0, Math.ceil(place))]!,
  ];
  return below + (above - below) * (place - Math.floor(place));
}

/** Where neither rate changes there is no point. */
function curveOf({ grid, fmr, fnmr }: Operating): CurvePoint[] {
  const points: CurvePoint[] = [];
  for (const [g, threshold] of grid.thresholds.entries()) {
    const [matched, missed] = [fmr[g]!, fnmr[g]!];
    const last = g > 0 && g < grid.thresholds.length - 1 ? g - 1 : undefined;
    const same =
      last !== undefined &&
      matched.errors === fmr[last]!.errors &&
      missed.errors === fnmr[last]!.errors;
    if (same || matched.value === null) continue;
    points.push({
      threshold,
      cosine: cosineAt(grid, g),
      fmr: matched.value,
      fmrLow: matched.low,
      fmrHigh: matched.high,
      fnmr: missed.value ?? 0,
      fnmrLow: missed.low,
      fnmrHigh: missed.high,
    });
  }
  return points;
}

/** No errors in so many trials: the rule of three. */
const smallestRate = (effective: number): number | null =>
  effective > 0 ? Math.min(1, RULE_OF_THREE / effective) : null;

function limitsOf({ impostor, genuine }: Operating): Limits {
  const [effectiveImpostor, effectiveGenuine] = [
    effectiveComparisons(impostor),
    effectiveComparisons(genuine),
  ];
  const [smallestFmr, smallestFnmr] = [
    smallestRate(effectiveImpostor),
    smallestRate(effectiveGenuine),
  ];
  return {
    effectiveImpostorComparisons: Math.round(effectiveImpostor),
    effectiveGenuineComparisons: Math.round(effectiveGenuine),
    smallestFmr,
    smallestFnmr,
    text:
      smallestFmr === null
        ? 'No two people were compared: no FMR can be measured.'
        : `${impostor.comparisons.toLocaleString('en-US')} impostor comparisons, worth ${Math.round(effectiveImpostor).toLocaleString('en-US')} independent ones: an FMR below ${powerText(smallestFmr)} is not measurable here; what is said of lower ones is extrapolated along the fitted tail, at most two decades.`,
  };
}

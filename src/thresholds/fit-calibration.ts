import { type Calibration, type CalibrationPoint, checkCurve } from '../domain/calibration.js';
import type { CalibrationCurve } from '../domain/similarity.js';
import { OperatorError } from '../errors.js';
import { powerText } from './numbers.js';
import type { ImpostorPoint, ThresholdsReport, UserGain } from './report.js';

/** Rates at which a curve has its points, down to what similarity 99 stands for. */
const RATES = [0.5, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10] as const;

/** s = 100·(1 − FMR^0.2) makes the documented defaults mean: 75 ↔ 1e-3, 80 ↔ 3e-4, 90 ↔ 1e-5. */
const EXPONENT = 0.2;

/** The default of AssociateFaces means this FMR: a curve that must guess it is none. */
const ANCHOR_FMR = 1e-3;
const LEAST_ERRORS = 30;

/**
 * The calibration that measured data give: for each rate the cosine that so many strangers reach, so that a
 * similarity says how rare it is. Points beyond what was measured follow the tail fitted by the report and say so.
 *
 * @throws OperatorError where the data cannot bear a curve; it says what is missing.
 */
export function fitCalibration(
  report: ThresholdsReport,
  { version, nowMs }: { version?: string | undefined; nowMs: number },
): Calibration {
  const { protocol, impostorCurve, userGains, warnings } = report;
  const { model, input, counts, intervals } = protocol;
  if (model.id === null)
    throw new OperatorError(
      'a calibration is fitted to cosines of an embedding model, and these are scores of another engine',
    );
  const measured = impostorCurve.filter(({ extrapolated }) => !extrapolated);
  requireAnchor(measured, counts.impostorComparisons);
  const points = RATES.flatMap((fmr) => pointAt(impostorCurve, fmr)).filter(
    // Where a tail falls so fast that rounding leaves no step, the curve goes on with its last slope.
    ({ cosine, basis }, i, all) => basis === 'measured' || cosine > (all[i - 1]?.cosine ?? -1),
  );
  const photos = {
    version: version ?? defaultVersion(input.name, nowMs),
    exponent: EXPONENT,
    points: points.map(({ cosine, fmr }) => [cosine, rounded(Math.log10(fmr))] as const),
  };
  try {
    checkCurve(photos);
  } catch (cause) {
    throw new OperatorError(`no calibration can be made: ${(cause as Error).message}`, { cause });
  }
  const gains = gainsFor(photos, userGains);
  const curve = { ...photos, ...(gains && { gains }) };
  const last = points.findLast(({ basis }) => basis === 'measured')?.fmr ?? ANCHOR_FMR;
  return {
    modelId: model.id,
    curve,
    evidence: {
      kind: 'measured',
      source: `${input.kind} ${input.name}`,
      dataHash: input.sha256,
      people: counts.subjects,
      photos: counts.faces,
      genuinePairs: counts.genuineComparisons,
      impostorPairs: counts.impostorComparisons,
      points: points.map((point, i) => ({ ...point, ...(gains && { gain: gains[i]! }) })),
      ...(gains && { gainUsers: userGains[0]!.users }),
      confidence: intervals.confidence,
      seed: protocol.seed,
      command: protocol.command,
      notes: [
        `FMR below ${powerText(last)}, so similarity above ${(100 * (1 - last ** EXPONENT)).toFixed(1)}, is extrapolated`,
        gains
          ? `what strangers gain on users of several faces is measured on ${userGains[0]!.users} people down to FMR ${powerText(userGains.at(-1)!.fmr)}, and held below`
          : 'too few people have several photos to say what strangers gain on users of several faces: users are read like photos, and take several times as many strangers',
        ...warnings.map(({ text }) => text),
      ],
    },
    createdAtMs: nowMs,
  };
}

/**
 * The gain at each point; below what was measured the last one, for the tails of users and of photos fall alike: both are
 * powers of the distance 1 − cosine. Undefined where it was not measured, or would make the cosine of users fall.
 */
export function gainsFor(
  curve: CalibrationCurve,
  measured: readonly UserGain[],
): number[] | undefined {
  const last = measured.at(-1);
  if (!last || last.fmr > ANCHOR_FMR) return undefined;
  const gains = curve.points.map(([, log10Fmr]) =>
    rounded((measured.find(({ fmr }) => Math.log10(fmr) <= log10Fmr + 1e-4) ?? last).gain),
  );
  try {
    checkCurve({ ...curve, gains });
    return gains;
  } catch {
    return undefined;
  }
}

function requireAnchor(measured: readonly ImpostorPoint[], comparisons: number): void {
  const lowest = measured.at(-1);
  if (lowest && lowest.log10Fmr <= Math.log10(ANCHOR_FMR) + 1e-9) return;
  const needed = LEAST_ERRORS / ANCHOR_FMR;
  const people = Math.ceil((1 + Math.sqrt(1 + 8 * needed)) / 2);
  throw new OperatorError(
    `these data cannot bear a calibration: FMR ${powerText(ANCHOR_FMR)}, which the default threshold 75 stands for, must be seen in ${LEAST_ERRORS} errors. That takes ${needed} comparisons of different people (${people} people with one photo each, fewer with more photos); here are ${comparisons}`,
  );
}

/** Empty where the report says nothing about this rate. Linear in log10 FMR, as the curve itself. */
function pointAt(all: readonly ImpostorPoint[], fmr: number): CalibrationPoint[] {
  const wanted = Math.log10(fmr);
  const cosine = crossing(all, wanted, ({ log10Fmr }) => log10Fmr);
  if (cosine === undefined) return [];
  const measured = all.filter(({ extrapolated }) => !extrapolated);
  const [lowest] = measured.slice(-1);
  if (!lowest || wanted < lowest.log10Fmr - 1e-9)
    return [{ fmr, cosine, errors: 0, basis: 'extrapolated' }];
  const low = crossing(measured, wanted, ({ log10FmrLow }) => log10FmrLow);
  const high = crossing(measured, wanted, ({ log10FmrHigh }) => log10FmrHigh);
  return [
    {
      fmr,
      cosine,
      ...(low !== undefined && { low: Math.min(low, cosine) }),
      ...(high !== undefined && { high: Math.max(high, cosine) }),
      errors: Math.floor(lowest.comparisons * fmr),
      basis: 'measured',
    },
  ];
}

/** The cosine at which a falling line reaches `wanted`; undefined where it does not. */
function crossing(
  all: readonly ImpostorPoint[],
  wanted: number,
  height: (point: ImpostorPoint) => number | null,
): number | undefined {
  const line = all.flatMap((point) => {
    const at = height(point);
    return at === null ? [] : [{ cosine: point.cosine, at }];
  });
  const index = line.findIndex(({ at }) => at <= wanted + 1e-12);
  const [before, after] = [line[index - 1], line[index]];
  if (!after) return undefined;
  if (!before) return Math.abs(after.at - wanted) < 1e-9 ? rounded(after.cosine) : undefined;
  const share = (before.at - wanted) / (before.at - after.at);
  return rounded(before.cosine + share * (after.cosine - before.cosine));
}

/** More digits would say more than any data. */
const rounded = (value: number): number => Math.round(value * 1e5) / 1e5;

/** Such as `photos-2026-11-26`. */
function defaultVersion(name: string, nowMs: number): string {
  const base = name
    .split('/')
    .findLast((part) => part !== '')
    ?.normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 48);
  return `${base || 'measured'}-${new Date(nowMs).toISOString().slice(0, 10)}`;
}

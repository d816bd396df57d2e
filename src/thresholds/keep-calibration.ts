import { type Calibration, checkCurve } from '../domain/calibration.js';
import type { CalibrationCurve } from '../domain/similarity.js';
import { OperatorError } from '../errors.js';

/**
 * Reads a version from the JSON that `likeness calibrations show --json` writes, under another name if one is
 * given. OperatorError that names what is missing or wrong.
 */
export function readCalibration(
  text: string,
  path: string,
  { version, nowMs }: { version?: string | undefined; nowMs: number },
): Calibration {
  try {
    const parsed: unknown = JSON.parse(text);
    const { modelId, curve, evidence } = parsed as Partial<Calibration>;
    if (typeof modelId !== 'string' || modelId === '')
      throw new RangeError('modelId is missing: the id of the embedding model');
    if (!Array.isArray(curve?.points) || !curve.points.every(isPoint))
      throw new RangeError('curve.points is missing: pairs [cosine, log10 FMR]');
    const { exponent, points, gains } = curve;
    if (gains !== undefined && !(Array.isArray(gains) && gains.every(Number.isFinite)))
      throw new RangeError('curve.gains is not a list of numbers');
    const named = { version: version ?? curve.version, exponent, points, ...(gains && { gains }) };
    checkCurve(named);
    return {
      modelId,
      curve: named,
      evidence: {
        ...evidence,
        kind: evidence?.kind === 'measured' ? 'measured' : 'given',
        source: typeof evidence?.source === 'string' ? evidence.source : path,
      },
      createdAtMs: nowMs,
    };
  } catch (cause) {
    throw new OperatorError(`${path} is no calibration version: ${(cause as Error).message}`, {
      cause,
    });
  }
}

const isPoint = (point: unknown): boolean =>
  Array.isArray(point) && point.length === 2 && point.every(Number.isFinite);

/** The curve of a version of a model, checked; OperatorError where there is none. */
export function requireCurve(
  all: readonly Calibration[],
  modelId: string,
  version: string,
): CalibrationCurve {
  const found = all.find((each) => each.modelId === modelId && each.curve.version === version);
  if (!found) {
    const versions = all
      .filter((each) => each.modelId === modelId)
      .map(({ curve }) => curve.version);
    throw new OperatorError(
      `there is no calibration version ${version} of ${modelId}, only: ${versions.join(', ') || 'none'}`,
    );
  }
  checkCurve(found.curve);
  return found.curve;
}

/** The curve that weighs the faces of a centroid: the one that came with the model last, else its first. */
export function weighingCurve(all: readonly Calibration[], modelId: string): CalibrationCurve {
  const own = all.filter((each) => each.modelId === modelId);
  const shipped = own.findLast(({ evidence }) => evidence.kind === 'shipped') ?? own[0];
  if (!shipped) throw new OperatorError(`there is no calibration version of ${modelId} yet`);
  return shipped.curve;
}

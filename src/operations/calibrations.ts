import { checkCurve } from '../domain/calibration.js';
import type { CalibrationCurve } from '../domain/similarity.js';
import { ApiError, OperatorError } from '../errors.js';
import type { CalibrationStore } from '../store/calibrations.js';
import type { Collection } from '../store/store.js';
import type { EmbeddingModel } from '../vision/vision.js';

/** What a cosine means, for whom. */
export interface Calibrations {
  /** The curve of the version a collection pins. */
  of(collection: Collection): Promise<CalibrationCurve>;
  /** For photos compared outside of any collection, and what a new collection pins. */
  current(): Promise<CalibrationCurve>;
}

/**
 * The curves of the store beside the one shipped with the model. The shipped one is stored as well, so that
 * collections keep it when a later release ships another. Rejects with an OperatorError where the card
 * carries no usable curve, or another than it did under the same version.
 */
export async function createCalibrations(
  store: CalibrationStore,
  { id: modelId, calibration: shipped }: Pick<EmbeddingModel, 'id' | 'calibration'>,
  nowMs: number,
): Promise<Calibrations> {
  try {
    checkCurve(shipped);
  } catch (cause) {
    throw new OperatorError(`the card of ${modelId}: ${(cause as Error).message}`, { cause });
  }
  const evidence = {
    kind: 'shipped',
    source: "the model's card says what it was fitted on",
  } as const;
  await store.add({ modelId, curve: shipped, evidence, createdAtMs: nowMs });
  // A version never changes, so what was read once stays true.
  const known = new Map<string, CalibrationCurve>();
  const find = async (model: string, version: string): Promise<CalibrationCurve | undefined> => {
    const key = `${model} ${version}`;
    const held = known.get(key);
    if (held) return held;
    const stored = await store.find(model, version);
    if (!stored) return undefined;
    checkCurve(stored.curve);
    known.set(key, stored.curve);
    return stored.curve;
  };
  return {
    async of({ collectionId, modelId: model, calibrationVersion }) {
      const curve = await find(model, calibrationVersion);
      if (!curve) throw notStored(collectionId, model, calibrationVersion);
      return curve;
    },
    async current() {
      const version = await store.defaultOf(modelId);
      return (version !== undefined && (await find(modelId, version))) || shipped;
    },
  };
}

const notStored = (collectionId: string, modelId: string, version: string): ApiError =>
  new ApiError(
    'InvalidParameterException',
    `The collection id: ${collectionId} pins the calibration version ${version} of ${modelId}, which this service does not have: see likeness calibrations list`,
  );

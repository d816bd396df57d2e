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
  /**
   * For photos compared outside of any collection, and what a new collection pins. ApiError where the model
   * was not measured yet.
   */
  current(): Promise<CalibrationCurve>;
  /**
   * By which the faces of a centroid are weighed: the curve shipped with the model, else its first. It never
   * changes, so that all centroids of a model are made alike.
   */
  weighing(modelId: string): Promise<CalibrationCurve>;
}

/**
 * The curves of the store beside those shipped with the models. Shipped ones are stored as well, so that
 * collections keep them when a later release ships others. Rejects with an OperatorError where a card
 * carries no usable curve, or another than it did under the same version.
 *
 * @param models those that the service runs, the one of new collections first.
 */
export async function createCalibrations(
  store: CalibrationStore,
  models: readonly Pick<EmbeddingModel, 'id' | 'name' | 'calibration'>[],
  nowMs: number,
): Promise<Calibrations> {
  for (const model of models) await keepShipped(store, model, nowMs);
  // A version never changes, so what was read once stays true.
  const known = new Map<string, CalibrationCurve>();
  const find = async (modelId: string, version: string): Promise<CalibrationCurve | undefined> => {
    const key = `${modelId} ${version}`;
    const held = known.get(key);
    if (held) return held;
    const stored = await store.find(modelId, version);
    if (!stored) return undefined;
    checkCurve(stored.curve);
    known.set(key, stored.curve);
    return stored.curve;
  };
  const first = async (modelId: string): Promise<CalibrationCurve> => {
    const model = models.find(({ id }) => id === modelId);
    if (model?.calibration) return model.calibration;
    const stored = (await store.list()).find((each) => each.modelId === modelId);
    if (!stored) throw notMeasured(model?.name ?? modelId);
    return stored.curve;
  };
  return {
    async of({ collectionId, modelId, calibrationVersion }) {
      const curve = await find(modelId, calibrationVersion);
      if (!curve) throw notStored(collectionId, modelId, calibrationVersion);
      return curve;
    },
    async current() {
      const [model] = models;
      if (!model) throw new Error('the service runs no model');
      const version = await store.defaultOf(model.id);
      return (version !== undefined && (await find(model.id, version))) || first(model.id);
    },
    weighing: first,
  };
}

async function keepShipped(
  store: CalibrationStore,
  { id: modelId, calibration: curve }: Pick<EmbeddingModel, 'id' | 'calibration'>,
  nowMs: number,
): Promise<void> {
  if (!curve) return;
  try {
    checkCurve(curve);
  } catch (cause) {
    throw new OperatorError(`the card of ${modelId}: ${(cause as Error).message}`, { cause });
  }
  const evidence = {
    kind: 'shipped',
    source: "the model's card says what it was fitted on",
  } as const;
  await store.add({ modelId, curve, evidence, createdAtMs: nowMs });
}

const notMeasured = (name: string): ApiError =>
  new ApiError(
    'InvalidParameterException',
    `The model ${name} has no calibration yet, so its similarities mean nothing: measure it with \`likeness thresholds --apply\``,
  );

const notStored = (collectionId: string, modelId: string, version: string): ApiError =>
  new ApiError(
    'InvalidParameterException',
    `The collection id: ${collectionId} pins the calibration version ${version} of ${modelId}, which this service does not have: see likeness calibrations list`,
  );

import { checkCurve } from '../domain/calibration.js';
import type { CalibrationCurve } from '../domain/similarity.js';
import { OperatorError } from '../errors.js';
import type { CalibrationStore } from '../store/calibrations.js';
import type { EmbeddingModel } from '../vision/vision.js';
import type { Scale } from './report.js';

/** The scale of a collection: the curve that it pins, and the one that its centroids are weighed by. */
export async function pinnedScale(
  store: CalibrationStore,
  model: EmbeddingModel,
  version: string,
): Promise<Scale> {
  const pinned = await store.find(model.id, version);
  if (!pinned)
    throw new OperatorError(
      `there is no calibration version ${version} of ${model.id}: likeness calibrations list`,
    );
  return { calibration: pinned.curve, weighing: await weighingOf(store, model) };
}

/**
 * The scale that collections of a model get: its default, else the one on its card, else its first.
 *
 * @throws OperatorError for a model that was not measured yet.
 */
export async function scaleOf(
  store: CalibrationStore,
  model: EmbeddingModel,
  nowMs: number,
): Promise<Scale> {
  const { id: modelId, calibration: shipped } = model;
  if (shipped) {
    checkCurve(shipped);
    // The service keeps those of the models it runs; this one it may run for the first time after the move.
    const evidence = {
      kind: 'shipped',
      source: "the model's card says what it was fitted on",
    } as const;
    await store.add({ modelId, curve: shipped, evidence, createdAtMs: nowMs });
  }
  const version = await store.defaultOf(modelId);
  const chosen = version === undefined ? undefined : await store.find(modelId, version);
  const weighing = await weighingOf(store, model);
  return { calibration: chosen?.curve ?? weighing, weighing };
}

/** As the service weighs the faces of a centroid: see Calibrations.weighing. */
async function weighingOf(
  store: CalibrationStore,
  { id, name, calibration }: EmbeddingModel,
): Promise<CalibrationCurve> {
  if (calibration) return calibration;
  const first = (await store.list()).find(({ modelId }) => modelId === id);
  if (!first)
    throw new OperatorError(
      `the model ${name} has no calibration yet: measure it with likeness thresholds --apply first`,
    );
  return first.curve;
}

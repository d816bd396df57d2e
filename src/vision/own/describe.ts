import { cohortNormalisation } from '../cohort.js';
import { embeddingModel, type ModelPlace } from '../models.js';
import { dimensionOf, type EmbeddingCard } from '../parts.js';
import type { EmbeddingModel } from '../vision.js';
import { listModels } from './installed-models.js';

/** A model in a line of a list. */
export interface DescribedModel extends Readonly<Record<string, string | number>> {
  readonly name: string;
  /** Id of the embedding space, or why the model cannot be used. */
  readonly id: string;
  /** What the API shows as FaceModelVersion. */
  readonly version: string;
  readonly dimension: number | string;
  readonly format: string;
  readonly licence: string;
  /** Version of the curve on its card; `to be measured` without one. */
  readonly calibration: string;
}

/** What an embedding model is made of, for people. */
export const makeOf = (card: EmbeddingCard): string =>
  card.format === 'fusion'
    ? `${dimensionOf(card)} numbers from ${card.parts.map(({ model }) => model).join(' and ')}`
    : `${dimensionOf(card)} numbers from ${card.input.size} × ${card.input.size}`;

/** The embedding models at hand, for people and programs. */
export async function describeModels(modelsDirectory: string): Promise<DescribedModel[]> {
  return (await listModels(modelsDirectory)).map((model) => {
    if ('fault' in model)
      return {
        name: model.name,
        id: `FAULT: ${model.fault}`,
        version: '',
        dimension: '',
        format: '',
        licence: '',
        calibration: '',
      };
    const { card, name } = model;
    return {
      name,
      id: embeddingModel(card).id,
      version: card.version,
      dimension: dimensionOf(card),
      format: card.format,
      licence: card.licence.weights,
      calibration: card.calibration?.version ?? 'to be measured',
    };
  });
}

/** An embedding model that can be used. */
export interface UsableModel {
  model: EmbeddingModel;
  /** Where it lies. */
  place: ModelPlace;
  /**
   * What it makes of an embedding of the model that it is with a cohort added (`EmbeddingModel.plainDigest`); absent: it is
   * none.
   */
  spread?: (plain: Float32Array) => Float32Array;
}

/** The usable ones. */
export async function placedModels(modelsDirectory: string): Promise<UsableModel[]> {
  return (await listModels(modelsDirectory)).flatMap((model) => {
    if ('fault' in model) return [];
    const { card, name, directory } = model;
    return [
      {
        model: embeddingModel(card),
        place: { name, directory },
        ...(card.format !== 'fusion' &&
          card.cohort && { spread: cohortNormalisation(card.cohort) }),
      },
    ];
  });
}

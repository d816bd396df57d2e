import { setImmediate as nextTurn } from 'node:timers/promises';
import { centroidOf, outlierDistanceOf } from '../domain/centroid.js';
import { carriesOver, comesAlongWith } from '../domain/ids.js';
import { LIMITS } from '../domain/limits.js';
import { OperatorError } from '../errors.js';
import type { Carriage, CollectionMove, EmbeddingSpace, Moved } from '../store/moving.js';
import type { StoreBeside } from '../store/sqlite/beside.js';
import type { UsableModel } from '../vision/own/describe.js';
import type { EmbeddingModel } from '../vision/vision.js';
import { type EmbedReport, embedGiven } from './embed.js';
import {
  type GivenPhoto,
  givenPhotos,
  keptCrops,
  type OpenCrop,
  type PhotoTools,
} from './photos.js';
import { type MoveReport, reportOf, type Scale } from './report.js';
import { pinnedScale, scaleOf } from './spaces.js';

/** What to do with a collection. */
export interface MigrateRequest {
  collectionId: string;
  /** Name of the model to move to; undefined: the one before, that is the way back. */
  modelName: string | undefined;
  /** Folders, s3:// addresses and CSV files. */
  photos: readonly string[];
  /** Whether to embed from kept crops, too. */
  fromCrops: boolean;
  switch: boolean;
  /** Whether the switch leaves faces behind that have no new embedding. */
  withoutMissing: boolean;
  threshold: number;
}

/** What it works with. */
export interface MigrateTools {
  store: StoreBeside;
  models: readonly UsableModel[];
  vision: { runtime: string; workers: number; timeoutMs: number };
  objects: PhotoTools['objects'];
  /** Absent without a master key. */
  openCrop?: OpenCrop;
  signal: AbortSignal;
  /** `text` tells it to people. */
  onProgress: (done: number, all: number, text: string) => void;
  nowMs: number;
}

/** What came of it. */
export interface MigrateResult {
  from: EmbeddingSpace;
  to: EmbeddingSpace;
  /** Faces whose new embedding was computed from the present one; undefined: this model needs their photos. */
  carried: number | undefined;
  photos: EmbedReport | undefined;
  report: MoveReport;
  switched: boolean;
  /** What became of faces at the switch; undefined: there was none. */
  moved: Moved | undefined;
  /** What the way back will need for faces that come after the switch: nothing, a service that runs both, or photos. */
  wayBack: 'nothing' | 'both models' | 'photos';
}

/**
 * Goes on with the move of a collection as far as it can: carries faces over where the model is the present one with a
 * cohort added, else embeds what photos are given for, reports what would change, and switches where that is asked and
 * every face has its new embedding.
 *
 * @throws OperatorError that says what is in the way.
 */
export async function migrate(
  {
    collectionId,
    modelName,
    photos,
    fromCrops,
    switch: doSwitch,
    withoutMissing,
    threshold,
  }: MigrateRequest,
  tools: MigrateTools,
): Promise<MigrateResult> {
  const { store, models, nowMs } = tools;
  const { modelId, calibrationVersion, faceModelVersion, dimension } =
    await store.collection(collectionId);
  const from: EmbeddingSpace = { modelId, calibrationVersion, faceModelVersion, dimension };
  const present = modelOf(models, modelId);
  const target = modelName === undefined ? before(collectionId, tools) : named(models, modelName);
  const scales = {
    before: await pinnedScale(store.calibrations, present.model, calibrationVersion),
    after: await scaleOf(store.calibrations, target.model, nowMs),
  };
  const to = spaceOf(target.model, scales.after, store.moves.former(collectionId));
  const over = carriesOver(modelId, target.model) ? target.spread : undefined;
  if (over && (photos.length > 0 || fromCrops))
    throw new OperatorError(
      `from ${present.model.name} to ${target.model.name} a collection moves without photos, its new embeddings are computed from the present ones: leave out --photos and --from-crops`,
    );
  if (fromCrops && !tools.openCrop)
    throw new OperatorError(
      'crops are encrypted under the master key: set LIKENESS_FACE_CROPS and LIKENESS_MASTER_KEY_FILE as the service has them',
    );
  const given = (await Promise.all(photos.map((source) => givenPhotos(source, tools)))).flat();
  const move = store.moves.open(collectionId, to, nowMs);
  try {
    const carried = over && (await carry(move, over, tools));
    if (fromCrops && tools.openCrop) given.push(...keptCrops(move, tools.openCrop));
    const embedded =
      given.length === 0
        ? undefined
        : await embed(given, { move, present, target, scale: scales.before, tools });
    const report = reportOf(move, scales, threshold);
    let moved: Moved | undefined;
    if (doSwitch) {
      const outlierDistance = outlierDistanceOf(scales.after.weighing);
      const options = { over, withoutMissing, facesPerUser: LIMITS.facesPerUser };
      moved = move.switch((faces) => centroidOf(faces, outlierDistance), nowMs, options);
      await store.moves.settle(collectionId);
    }
    return {
      from,
      to: move.move.to,
      carried,
      photos: embedded,
      report,
      switched: doSwitch,
      moved,
      wayBack: wayBackTo(present.model, target.model),
    };
  } finally {
    move.close();
  }
}

function wayBackTo(present: EmbeddingModel, target: EmbeddingModel): MigrateResult['wayBack'] {
  if (carriesOver(target.id, present) || comesAlongWith(present.id, target, [])) return 'nothing';
  return comesAlongWith(present.id, target, [present]) ? 'both models' : 'photos';
}

/** On the way back a collection gets the calibration it had. */
function spaceOf(
  { id: modelId, version, dimension }: EmbeddingModel,
  { calibration }: Scale,
  former: readonly EmbeddingSpace[],
): EmbeddingSpace {
  const known = former.find((space) => space.modelId === modelId);
  return (
    known ?? {
      modelId,
      calibrationVersion: calibration.version,
      faceModelVersion: version,
      dimension,
    }
  );
}

function before(collectionId: string, { store, models }: MigrateTools): UsableModel {
  const [space] = store.moves.former(collectionId);
  if (!space)
    throw new OperatorError(
      `nothing is kept of what the collection ${collectionId} was before: name a model with --model, and give its photos`,
    );
  return modelOf(models, space.modelId);
}

function named(models: readonly UsableModel[], name: string): UsableModel {
  const found = models.find(({ model }) => model.name === name);
  if (!found)
    throw new OperatorError(
      `there is no embedding model ${name}, only ${models.map(({ model }) => model.name).join(', ')}: likeness models add`,
    );
  return found;
}

function modelOf(models: readonly UsableModel[], id: string): UsableModel {
  const found = models.find(({ model }) => model.id === id);
  if (!found)
    throw new OperatorError(
      `the embedding model ${id} is not at hand, only ${models.map(({ model }) => model.id).join(', ')}: add it again with likeness models add`,
    );
  return found;
}

/** Carries over the faces that lack a new embedding; how many there were. */
async function carry(
  move: CollectionMove,
  over: Carriage,
  { signal, onProgress }: MigrateTools,
): Promise<number> {
  const { missing } = move.progress();
  let carried = 0;
  for (carried of move.carry(over)) {
    onProgress(carried, missing, `${carried} of ${missing} faces carried over`);
    // An interrupt is heard between pages.
    await nextTurn();
    signal.throwIfAborted();
  }
  return carried;
}

async function embed(
  given: readonly GivenPhoto[],
  {
    move,
    present,
    target,
    scale,
    tools,
  }: {
    move: CollectionMove;
    present: UsableModel;
    target: UsableModel;
    scale: Scale;
    tools: MigrateTools;
  },
): Promise<EmbedReport> {
  const { createVision } = await import('../vision/pool.js');
  const vision = await createVision({
    ...tools.vision,
    maxQueued: tools.vision.workers * 4,
    embedders: [present.place, target.place],
  });
  try {
    return await embedGiven(given, {
      move,
      vision,
      models: [present.model.id, target.model.id],
      calibration: scale.calibration,
      parallel: tools.vision.workers + 1,
      objects: tools.objects,
      signal: tools.signal,
      onProgress: (done, embedded) =>
        tools.onProgress(
          done,
          given.length,
          `${done} of ${given.length} photos, ${embedded} faces embedded`,
        ),
    });
  } finally {
    await vision.close();
  }
}

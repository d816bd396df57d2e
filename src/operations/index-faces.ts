import type { BoundingBox, FaceDetail } from '../domain/face.js';
import { carriesOver, comesAlongWith, imageIdOf } from '../domain/ids.js';
import { LIMITS } from '../domain/limits.js';
import {
  type IndexFacesInput,
  type IndexFacesOutput,
  indexFacesModel,
} from '../model/index-faces.js';
import type { Collection, NewFace } from '../store/store.js';
import type { AnalysedFace, EmbeddingModel } from '../vision/vision.js';
import { openCollection } from './collections.js';
import { readingsFor, toBoundingBox, toFaceDetail } from './faces.js';
import { hasEmbedding, withImage } from './images.js';
import type { Services } from './services.js';

/** Finds the faces of a photo and stores their embeddings; the photo is not kept, crops only where that is set. */
export async function indexFaces(
  services: Pick<
    Services,
    'store' | 'vision' | 'vectors' | 'objects' | 'settings' | 'clock' | 'newFaceId' | 'sealCrop'
  >,
  input: IndexFacesInput,
  { signal }: { signal: AbortSignal },
): Promise<IndexFacesOutput> {
  const { store, vision, vectors, settings, sealCrop } = services;
  const {
    CollectionId: collectionId,
    ExternalImageId: externalImageId,
    DetectionAttributes: attributes,
    MaxFaces: maxFaces = LIMITS.facesPerImage,
    QualityFilter: filter = indexFacesModel.defaults.QualityFilter,
  } = input;
  const collection = await openCollection(services, collectionId);
  const { modelId } = collection;
  const furtherModels = await modelsBeside(services, collection);
  const { imageId, faces } = await withImage(services, input.Image, signal, async (bytes) => ({
    imageId: imageIdOf(bytes),
    ...(await vision.analyse(
      bytes,
      {
        filter,
        maxFaces: Math.min(maxFaces, LIMITS.facesPerImage),
        embed: 'kept',
        models: [modelId, ...furtherModels],
        crops: sealCrop !== undefined,
        attributes: readingsFor(attributes),
      },
      signal,
    )),
  }));
  const kept = faces.filter(hasEmbedding);
  const { value: stored, sequence } = await store.insertFaces(
    collectionId,
    kept.map((face) => newFace(services, face, { imageId, externalImageId, furtherModels })),
    settings.quotas.facesPerCollection,
    modelId,
  );
  await vectors.reach(collection, sequence);
  return {
    FaceRecords: stored.map(({ faceId }, i) =>
      toFaceRecord(kept[i], { faceId, imageId, externalImageId }, attributes),
    ),
    FaceModelVersion: collection.faceModelVersion,
    UnindexedFaces: faces
      .filter(({ reasons }) => reasons.length > 0)
      .map((face) => ({ Reasons: face.reasons, FaceDetail: toFaceDetail(face, attributes) })),
  };
}

/**
 * The models that faces are embedded with besides the collection's own, so that they move along without their photos being
 * asked for again: the one that it is on its way to, where this service can; and for the way back the former ones, but only
 * where they cost nothing, as they may be kept for long. What could be carried over from the present embedding is not kept.
 */
async function modelsBeside(
  { store, vision }: Pick<Services, 'store' | 'vision'>,
  { collectionId, modelId }: Collection,
): Promise<string[]> {
  const { goal, former } = await store.otherSpaces(collectionId);
  const { models } = vision;
  const byId = (id: string): EmbeddingModel | undefined => models.find((model) => model.id === id);
  const present = byId(modelId);
  const isFree = (id: string): boolean =>
    present !== undefined && comesAlongWith(id, present, models);
  const isCarried = (id: string): boolean => carriesOver(modelId, byId(id) ?? {});
  const ids = former.map((space) => space.modelId).filter((id) => isFree(id) && !isCarried(id));
  if (goal && (isFree(goal.modelId) || byId(goal.modelId))) ids.push(goal.modelId);
  return [...new Set(ids)];
}

/** What is stored of a face that was kept. */
function newFace(
  { clock, newFaceId, sealCrop }: Pick<Services, 'clock' | 'newFaceId' | 'sealCrop'>,
  { box, confidence, embedding, further = [], crop }: AnalysedFace & { embedding: Float32Array },
  {
    imageId,
    externalImageId,
    furtherModels,
  }: Omit<StoredName, 'faceId'> & { furtherModels: readonly string[] },
): NewFace {
  const faceId = newFaceId();
  return {
    faceId,
    imageId,
    ...(externalImageId !== undefined && { externalImageId }),
    box: asStored(box),
    confidence: toSixDigits(confidence),
    embedding,
    further: furtherModels.flatMap((id, at) => {
      const other = further[at];
      return other ? [{ modelId: id, embedding: other }] : [];
    }),
    ...(sealCrop && crop && { crop: sealCrop(crop, faceId) }),
    createdAtMs: clock(),
  };
}

interface StoredName {
  faceId: string;
  imageId: string;
  externalImageId: string | undefined;
}

/** In this reply box and confidence are unrounded, and model version and user are left out (recorded replies). */
const toFaceRecord = (
  face: FaceDetail | undefined,
  { faceId, imageId, externalImageId }: StoredName,
  attributes: readonly string[] | undefined,
) => {
  if (!face) throw new Error('the store returned more faces than it was given');
  return {
    Face: {
      FaceId: faceId,
      BoundingBox: toBoundingBox(face.box),
      ImageId: imageId,
      ...(externalImageId !== undefined && { ExternalImageId: externalImageId }),
      Confidence: face.confidence,
    },
    FaceDetail: toFaceDetail(face, attributes),
  };
};

/** What a collection keeps is rounded to six significant digits (recorded replies). */
const toSixDigits = (value: number): number => Number(value.toPrecision(6));

const asStored = ({ width, height, left, top }: BoundingBox): BoundingBox => ({
  width: toSixDigits(width),
  height: toSixDigits(height),
  left: toSixDigits(left),
  top: toSixDigits(top),
});

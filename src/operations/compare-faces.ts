import { LIMITS } from '../domain/limits.js';
import { reaches, similarityOf } from '../domain/similarity.js';
import { ApiError } from '../errors.js';
import {
  type CompareFacesInput,
  type CompareFacesOutput,
  compareFacesModel,
} from '../model/compare-faces.js';
import { toBoundingBox, toComparedFace } from './faces.js';
import { hasEmbedding, largestFace, withImage } from './images.js';
import type { Services } from './services.js';

/** Compares the largest face of one photo with every face of another; nothing is stored. */
export async function compareFaces(
  services: Pick<Services, 'vision' | 'matcher' | 'objects' | 'calibrations'>,
  input: CompareFacesInput,
  { signal }: { signal: AbortSignal },
): Promise<CompareFacesOutput> {
  const { vision, matcher, calibrations } = services;
  const {
    SimilarityThreshold: threshold = compareFacesModel.defaults.SimilarityThreshold,
    QualityFilter: filter = compareFacesModel.defaults.QualityFilter,
  } = input;
  const [{ searched: source }, target] = await Promise.all([
    largestFace(services, input.SourceImage, { filter }, signal),
    withImage(services, input.TargetImage, signal, (bytes) =>
      vision.analyse(bytes, { filter, maxFaces: LIMITS.facesPerImage, embed: 'kept' }, signal),
    ),
  ]);
  const faces = target.faces.filter(hasEmbedding);
  if (!source || faces.length === 0)
    throw new ApiError('InvalidParameterException', 'Request has invalid parameters');
  const cosines = matcher.cosines(
    source.embedding,
    faces.map(({ embedding }) => embedding),
  );
  const calibration = await calibrations.current();
  const scored = faces.map((face, i) => ({
    face: toComparedFace(face),
    similarity: similarityOf(calibration, cosines[i] ?? -1),
  }));
  const matched = scored.filter(({ similarity }) => reaches(similarity, threshold));
  return {
    SourceImageFace: { BoundingBox: toBoundingBox(source.box), Confidence: source.confidence },
    FaceMatches: matched
      .toSorted((a, b) => b.similarity - a.similarity)
      .map(({ similarity, face }) => ({ Similarity: similarity, Face: face })),
    UnmatchedFaces: scored
      .filter(({ similarity }) => !reaches(similarity, threshold))
      .map(({ face }) => face),
  };
}

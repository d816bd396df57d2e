import type { QualityFilter } from '../domain/face.js';
import { LIMITS } from '../domain/limits.js';
import { ApiError } from '../errors.js';
import type { AnalysedFace } from '../vision/vision.js';
import type { Services } from './services.js';

interface ImageInput {
  Bytes?: Uint8Array;
  S3Object?: unknown;
}

/** The photo's bytes. Exactly one source must be given; objects in S3 cannot be read without a configured endpoint. */
export function imageBytes({ Bytes: bytes, S3Object: s3Object }: ImageInput): Uint8Array {
  if (s3Object !== undefined && bytes === undefined)
    throw new ApiError(
      'InvalidS3ObjectException',
      'Unable to get object metadata from S3. Check object key, region and/or access permissions.',
    );
  if (bytes === undefined || s3Object !== undefined)
    throw new ApiError('InvalidParameterException', 'Request has invalid parameters');
  return bytes;
}

/** A face whose embedding was made. */
export type EmbeddedFace = AnalysedFace & { embedding: Float32Array };
export const hasEmbedding = (face: AnalysedFace): face is EmbeddedFace =>
  face.embedding !== undefined;

/** The largest face that passes the filter, and all others; no face is not an error here. */
export async function largestFace(
  { vision }: Pick<Services, 'vision'>,
  bytes: Uint8Array,
  filter: QualityFilter,
  signal: AbortSignal,
): Promise<{ searched: EmbeddedFace | undefined; others: AnalysedFace[] }> {
  const { faces } = await vision.analyse(
    bytes,
    { filter, maxFaces: LIMITS.facesPerImage, embed: 'largest' },
    signal,
  );
  const searched = faces.find(hasEmbedding);
  return { searched, others: faces.filter((face) => face !== searched) };
}

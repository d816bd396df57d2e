import type { QualityFilter } from '../domain/face.js';
import { LIMITS } from '../domain/limits.js';
import { ApiError } from '../errors.js';
import type { AnalysedFace } from '../vision/vision.js';
import type { Services } from './services.js';

interface ImageInput {
  Bytes?: Uint8Array;
  S3Object?: { Bucket?: string; Name?: string; Version?: string };
}

/** Hands the photo's bytes to `use`, wherever they come from. Exactly one source must be given. */
export async function withImage<T>(
  { objects }: Pick<Services, 'objects'>,
  { Bytes: bytes, S3Object: s3Object }: ImageInput,
  signal: AbortSignal,
  use: (bytes: Uint8Array) => Promise<T>,
): Promise<T> {
  if (bytes !== undefined && s3Object === undefined) return use(bytes);
  if (bytes !== undefined || s3Object === undefined)
    throw new ApiError('InvalidParameterException', 'Request has invalid parameters');
  const { Bucket: bucket, Name: name, Version: version } = s3Object;
  if (bucket === undefined || name === undefined) throw new ApiError('InvalidS3ObjectException');
  return objects.withObject(
    { bucket, name, ...(version !== undefined && { version }) },
    signal,
    use,
  );
}

/** A face whose embedding was made. */
export type EmbeddedFace = AnalysedFace & { embedding: Float32Array };
export const hasEmbedding = (face: AnalysedFace): face is EmbeddedFace =>
  face.embedding !== undefined;

/** The largest face that passes the filter, and all others; no face is not an error here. */
export async function largestFace(
  services: Pick<Services, 'vision' | 'objects'>,
  image: ImageInput,
  { filter, models }: { filter: QualityFilter; models?: readonly string[] },
  signal: AbortSignal,
): Promise<{ searched: EmbeddedFace | undefined; others: AnalysedFace[] }> {
  const { faces } = await withImage(services, image, signal, (bytes) =>
    services.vision.analyse(
      bytes,
      {
        filter,
        maxFaces: LIMITS.facesPerImage,
        embed: 'largest',
        ...(models && { models }),
      },
      signal,
    ),
  );
  const searched = faces.find(hasEmbedding);
  return { searched, others: faces.filter((face) => face !== searched) };
}

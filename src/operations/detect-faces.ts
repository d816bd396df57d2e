import { LIMITS } from '../domain/limits.js';
import type { DetectFacesInput, DetectFacesOutput } from '../model/detect-faces.js';
import { readingsFor, toFaceDetail } from './faces.js';
import { withImage } from './images.js';
import type { Services } from './services.js';

/** Finds the faces of a photo; nothing is stored. */
export async function detectFaces(
  services: Pick<Services, 'vision' | 'objects'>,
  input: DetectFacesInput,
  { signal }: { signal: AbortSignal },
): Promise<DetectFacesOutput> {
  const { faces } = await withImage(services, input.Image, signal, (bytes) =>
    services.vision.analyse(
      bytes,
      {
        filter: 'NONE',
        maxFaces: LIMITS.facesPerImage,
        embed: 'none',
        attributes: readingsFor(input.Attributes),
      },
      signal,
    ),
  );
  return { FaceDetails: faces.map((face) => toFaceDetail(face, input.Attributes)) };
}

import { imageIdOf } from '../domain/ids.js';
import { type CalibrationCurve, similarityOf } from '../domain/similarity.js';
import { ApiError } from '../errors.js';
import type { CollectionMove, MovingFace } from '../store/moving.js';
import type { AnalysedFace, Vision } from '../vision/vision.js';
import { type GivenPhoto, isKeptCrop, type PhotoTools, withPhoto } from './photos.js';

/**
 * What a face in a given photo must resemble the stored one, under the present model, to be taken for it. Another
 * view of the person may be as like; the same photo gives 100.
 */
const SAME_FACE = 90;

/** What became of the photos. */
export interface EmbedReport {
  photos: number;
  /** Faces that got a new embedding. */
  embedded: number;
  /** Photos that show no face of the collection that lacks an embedding, and why. */
  unused: { photo: string; reason: string }[];
}

/** What embedding works with. */
export interface EmbedTools extends PhotoTools {
  move: CollectionMove;
  vision: Pick<Vision, 'analyse'>;
  /** Ids of the present model and of the one moved to. */
  models: readonly [from: string, to: string];
  /** The curve that the collection pins. */
  calibration: CalibrationCurve;
  /** Photos worked at side by side. */
  parallel: number;
  onProgress: (done: number, embedded: number) => void;
}

/**
 * Embeds the faces that lack an embedding from photos given again. A photo is known by its content, its file name
 * or what a list says of it; which of its faces is which is told by the present model, so that no embedding ever
 * comes to a face that does not look like it. What is embedded is kept at once: a run that is stopped goes on.
 */
export async function embedGiven(
  photos: readonly GivenPhoto[],
  tools: EmbedTools,
): Promise<EmbedReport> {
  const report: EmbedReport = { photos: photos.length, embedded: 0, unused: [] };
  const wanted = new Wanted(tools.move);
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (;;) {
      const photo = photos[next++];
      if (!photo) return;
      tools.signal.throwIfAborted();
      const outcome = await embedOne(photo, wanted, tools);
      if (typeof outcome === 'number') report.embedded += outcome;
      else report.unused.push({ photo: photo.name, reason: outcome.reason });
      tools.onProgress(++done, report.embedded);
    }
  };
  await Promise.all(Array.from({ length: tools.parallel }, work));
  return report;
}

/** The faces that lack an embedding, by everything a photo may be known by. */
class Wanted {
  readonly #byKey = new Map<string, MovingFace[]>();

  constructor(move: CollectionMove) {
    for (const page of move.missing())
      for (const face of page)
        for (const key of new Set([face.imageId, face.externalImageId, face.faceId]))
          if (key !== '') this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), face]);
  }

  of(keys: readonly string[]): MovingFace[] {
    return [...new Set(keys.flatMap((key) => this.#byKey.get(key) ?? []))];
  }

  remove(faces: readonly MovingFace[]): void {
    for (const face of faces)
      for (const key of [face.imageId, face.externalImageId, face.faceId])
        this.#byKey.set(
          key,
          (this.#byKey.get(key) ?? []).filter((other) => other !== face),
        );
  }
}

/** A photo that cannot be read is told apart from a fault of what is done with it. */
async function embedOne(
  photo: GivenPhoto,
  wanted: Wanted,
  tools: EmbedTools,
): Promise<number | { reason: string }> {
  let work: Promise<number | { reason: string }> | undefined;
  try {
    return await withPhoto(photo, tools, (bytes) => {
      const faces = wanted.of([imageIdOf(bytes), ...photo.keys]);
      work = embedBytes({ bytes, isCrop: isKeptCrop(photo) }, faces, wanted, tools);
      return work;
    });
  } catch (error) {
    if (work) throw error;
    tools.signal.throwIfAborted();
    return { reason: (error as Error).message };
  }
}

async function embedBytes(
  { bytes, isCrop }: { bytes: Uint8Array; isCrop: boolean },
  faces: readonly MovingFace[],
  wanted: Wanted,
  { move, vision, models, calibration, signal }: EmbedTools,
): Promise<number | { reason: string }> {
  if (faces.length === 0) return { reason: 'no face that lacks an embedding goes by it' };
  let found: AnalysedFace[];
  try {
    const request = { filter: 'NONE', maxFaces: 100, embed: 'kept', models } as const;
    found = (await vision.analyse(bytes, { ...request, isCrop }, signal)).faces;
  } catch (error) {
    if (error instanceof ApiError) return { reason: error.message };
    throw error;
  }
  const embeddings = faces.flatMap((face) => {
    const present = move.embedding(face.faceId);
    const embedding = present && newEmbedding(present, found, calibration);
    return embedding ? [{ face, faceId: face.faceId, embedding }] : [];
  });
  if (embeddings.length === 0)
    return { reason: `none of its ${found.length} faces looks like the stored one` };
  move.stage(embeddings);
  wanted.remove(embeddings.map(({ face }) => face));
  return embeddings.length;
}

/** The new embedding of the face that is most like the stored one; undefined where none is it. */
function newEmbedding(
  present: Float32Array,
  found: readonly AnalysedFace[],
  calibration: CalibrationCurve,
): Float32Array | undefined {
  let best: { cosine: number; embedding: Float32Array | undefined } | undefined;
  for (const { embedding, further } of found) {
    if (!embedding) continue;
    const cosine = cosineOf(present, embedding);
    if (!best || cosine > best.cosine) best = { cosine, embedding: further?.[0] };
  }
  return best && similarityOf(calibration, best.cosine) >= SAME_FACE ? best.embedding : undefined;
}

/** Of two unit vectors. */
export const cosineOf = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return Math.min(1, sum);
};

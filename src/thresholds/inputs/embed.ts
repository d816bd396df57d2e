import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { QualityFilter } from '../../domain/face.js';
import { refusals } from '../../domain/quality.js';
import { ApiError } from '../../errors.js';
import { DEFAULT_MODELS, loadCard } from '../../vision/models.js';
import type { EmbeddingModel, ImageAnalysis, Vision } from '../../vision/vision.js';
import type { FailureReason, Protocol, Warning } from '../report.js';
import type { LabelledFace } from '../samples.js';
import { EmbeddingCache, type KnownFace, type PhotoResult } from './embedding-cache.js';
import { count, type LabelledPhoto, type PhotoList } from './photos.js';

/** As in the API. */
const LARGEST_PHOTO = 5 * 1024 * 1024;
/** Goes up whenever the vision part's code finds other faces in the same photos. */
const FINDS = 2;
const MOST_ITEMS = 200;
/** A full queue is waited for, photo by photo. */
const BUSY_WAIT_MS = 200;

export interface EmbedOptions {
  /** Started only where the cache does not know every photo. */
  openVision: () => Promise<Vision>;
  model: EmbeddingModel;
  cacheDirectory: string;
  /** Which of several faces a label means. */
  face: 'largest' | 'central';
  filter: QualityFilter;
  parallel: number;
  signal?: AbortSignal;
  onProgress?: (done: { photos: number; total: number; computed: number }) => void;
}

/** Faces to measure, and what became of the other photos. */
export interface EmbeddedInput {
  faces: LabelledFace[];
  photos: number;
  failures: Protocol['failures'];
  warnings: Warning[];
  sha256: string;
  runtime: string | null;
}

/** Photos become labelled faces, each content once, with what the cache knows. */
export async function embedPhotos(list: PhotoList, options: EmbedOptions): Promise<EmbeddedInput> {
  const digests = await digestsOf(list.photos, options);
  const wanted = new Set([...digests.values()].filter((digest) => digest !== undefined));
  const { model, cacheDirectory } = options;
  const cache = await EmbeddingCache.open(cacheDirectory, {
    key: `${model.id}-${await pipelineDigest()}`,
    dimension: model.dimension,
    wanted,
  });
  const runtime = await computeMissing(list.photos, { digests, cache, options });
  return collect(list, { digests, cache, options, runtime });
}

type Digests = Map<LabelledPhoto, string | undefined>;

/** SHA-256 of each content; undefined where it cannot be read. */
async function digestsOf(
  photos: readonly LabelledPhoto[],
  { signal }: EmbedOptions,
): Promise<Digests> {
  const digests: Digests = new Map();
  for (const photo of photos) {
    signal?.throwIfAborted();
    const hash = createHash('sha256');
    const read = await pipeline(createReadStream(photo.path), hash).then(
      () => true,
      () => false,
    );
    digests.set(photo, read ? hash.digest('hex') : undefined);
  }
  return digests;
}

interface Work {
  digests: Digests;
  cache: EmbeddingCache;
  options: EmbedOptions;
}

async function computeMissing(
  photos: readonly LabelledPhoto[],
  { digests, cache, options }: Work,
): Promise<string | null> {
  const missing = new Map<string, LabelledPhoto>();
  for (const photo of photos) {
    const digest = digests.get(photo);
    if (digest !== undefined && !cache.find(digest)) missing.set(digest, photo);
  }
  const { onProgress, parallel, signal } = options;
  let done = 0;
  const known = photos.length - missing.size;
  onProgress?.({ photos: known, total: photos.length, computed: 0 });
  if (missing.size === 0) return null;
  const vision = await options.openVision();
  try {
    const pending = missing.entries();
    const worker = async (): Promise<void> => {
      for (const [digest, { path }] of pending) {
        signal?.throwIfAborted();
        await cache.add(digest, await analyse(vision, path, signal));
        done++;
        onProgress?.({ photos: known + done, total: photos.length, computed: done });
      }
    };
    // All end before the first fault is reported: nothing is on its way then.
    const ends = await Promise.allSettled(Array.from({ length: parallel }, worker));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    return vision.runtime;
  } finally {
    await vision.close();
  }
}

const REASONS: Readonly<Record<string, FailureReason>> = {
  InvalidImageFormatException: 'NOT_AN_IMAGE',
  ImageTooLargeException: 'TOO_LARGE',
  InvalidParameterException: 'NOT_AN_IMAGE',
};

async function analyse(
  vision: Vision,
  path: string,
  signal: AbortSignal | undefined,
): Promise<PhotoResult> {
  const { size } = await stat(path);
  if (size > LARGEST_PHOTO) {
    const detail = `${(size / 1024 / 1024).toFixed(1)} MB is more than the 5 MB of the API`;
    return { failure: { reason: 'TOO_LARGE', detail } };
  }
  const bytes = await readFile(path);
  for (;;)
    try {
      return resultOf(
        await vision.analyse(bytes, { filter: 'NONE', maxFaces: 100, embed: 'kept' }, signal),
      );
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const reason = REASONS[error.code];
      if (reason) return { failure: { reason, detail: error.message } };
      if (error.code !== 'ThrottlingException') throw error;
      await new Promise((resolve) => setTimeout(resolve, BUSY_WAIT_MS));
    }
}

const resultOf = ({ faces }: ImageAnalysis): PhotoResult => ({
  faces: faces.flatMap(({ box, confidence, quality, pose, sizePx, embedding }) =>
    embedding ? [{ box, confidence, quality, pose, sizePx, embedding }] : [],
  ),
});

/** Over the models that find faces, besides the embedder, whose id says all of itself. */
async function pipelineDigest(): Promise<string> {
  const cards = [
    await loadCard(DEFAULT_MODELS.detector, 'detector'),
    await loadCard(DEFAULT_MODELS.landmarks, 'landmarks'),
  ];
  const parts = cards.map(({ files, input }) => [files, input]);
  return createHash('sha256')
    .update(JSON.stringify([FINDS, parts]))
    .digest('hex')
    .slice(0, 8);
}

/** Chooses the face of each photo; tells what gave none, and what is there twice. */
function collect(
  list: PhotoList,
  { digests, cache, options, runtime }: Work & { runtime: string | null },
): EmbeddedInput {
  const failures: Protocol['failures'] = list.unusable.map((each) => ({ ...each, subject: null }));
  // Listed pairs stay as they are.
  const { twice, contested, unique } = list.pairs
    ? { twice: [], contested: [], unique: list.photos }
    : duplicatesOf(list.photos, digests);
  const several: string[] = [];
  const faces: LabelledFace[] = [];
  for (const photo of unique) {
    const { name, subject = '', groups } = photo;
    const digest = digests.get(photo);
    const result = digest === undefined ? undefined : cache.find(digest);
    const fail = (reason: FailureReason, detail: string): void =>
      void failures.push({ photo: name, subject, reason, detail });
    if (!result) fail('UNREADABLE', 'the file cannot be read');
    else if ('failure' in result) fail(result.failure.reason, result.failure.detail);
    else {
      const face = faceOf(result.faces, options.face);
      const reasons = face ? refusals(face, options.filter) : [];
      if (!face) fail('NO_FACE', 'no face was found');
      else if (reasons.length > 0) fail('LOW_QUALITY', reasons.join(', '));
      else {
        if (result.faces.length > 1) several.push(name);
        faces.push(labelled(face, { photo: name, subject, groups }));
      }
    }
  }
  const warnings = [...list.warnings, ...duplicateWarnings(twice, contested)];
  if (several.length > 0)
    warnings.push({
      code: 'SEVERAL_FACES',
      text: `${count(several.length, 'photo')} with several faces: the ${options.face === 'largest' ? 'largest' : 'most central'} one was taken for the person (--face ${options.face}).`,
      items: several.slice(0, MOST_ITEMS),
      count: several.length,
    });
  return {
    faces,
    photos: list.photos.length + list.unusable.length,
    failures,
    warnings,
    sha256: dataDigest(list, digests),
    runtime,
  };
}

const labelled = (
  { embedding, confidence, quality, sizePx }: KnownFace,
  label: Pick<LabelledFace, 'photo' | 'subject' | 'groups'>,
): LabelledFace => ({ ...label, embedding, quality: { ...quality, confidence, faceSize: sizePx } });

const offCentre = ({ box }: KnownFace): number =>
  Math.hypot(box.left + box.width / 2 - 0.5, box.top + box.height / 2 - 0.5);

function faceOf(faces: readonly KnownFace[], which: EmbedOptions['face']): KnownFace | undefined {
  if (which === 'largest') return faces[0];
  return faces.toSorted((a, b) => offCentre(a) - offCentre(b))[0];
}

/** Photos of equal content: of one person the first counts, of several people none. */
function duplicatesOf(photos: readonly LabelledPhoto[], digests: Digests) {
  const byDigest = new Map<string, LabelledPhoto[]>();
  for (const photo of photos) {
    const digest = digests.get(photo) ?? photo.path;
    const known = byDigest.get(digest);
    if (known) known.push(photo);
    else byDigest.set(digest, [photo]);
  }
  const twice: string[] = [];
  const contested: string[] = [];
  const unique: LabelledPhoto[] = [];
  for (const [first, ...others] of byDigest.values()) {
    if (!first) continue;
    const people = new Set([first, ...others].map(({ subject }) => subject));
    if (people.size > 1) contested.push([first, ...others].map(({ name }) => name).join(' = '));
    else {
      unique.push(first);
      for (const { name } of others) twice.push(`${name} = ${first.name}`);
    }
  }
  return { twice, contested, unique };
}

function duplicateWarnings(twice: string[], contested: string[]): Warning[] {
  const warnings: Warning[] = [];
  if (contested.length > 0)
    warnings.push({
      code: 'SAME_PHOTO_DIFFERENT_PEOPLE',
      text: `${count(contested.length, 'photo')} under the names of different people: left out, because nobody can say whose they are.`,
      items: contested.slice(0, MOST_ITEMS),
      count: contested.length,
    });
  if (twice.length > 0)
    warnings.push({
      code: 'DUPLICATE_PHOTOS',
      text: `${count(twice.length, 'photo')} there a second time: counted once, because a copy matches itself always.`,
      items: twice.slice(0, MOST_ITEMS),
      count: twice.length,
    });
  return warnings;
}

/** Whatever the order of photos and wherever they lie. */
function dataDigest({ photos, pairs }: PhotoList, digests: Digests): string {
  const byName = new Map(photos.map((photo) => [photo.name, digests.get(photo) ?? 'unreadable']));
  const lines = pairs
    ? pairs.map(({ a, b, same }) => `${byName.get(a)} ${byName.get(b)} ${same}`)
    : photos.map((photo) => `${digests.get(photo) ?? 'unreadable'} ${photo.subject}`);
  const hash = createHash('sha256');
  for (const line of lines.toSorted()) hash.update(`${line}\n`);
  return hash.digest('hex');
}

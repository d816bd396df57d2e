import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, posix, resolve } from 'node:path';
import { parseCsv } from '../csv.js';
import { ApiError, OperatorError } from '../errors.js';
import type { ObjectAddress, Objects } from '../objects/objects.js';
import type { CollectionMove } from '../store/moving.js';

/** A photo that is given again. */
export interface GivenPhoto {
  /** As reports name it. */
  name: string;
  /** A path, where it lies in the object store, or what opens it. */
  place: string | ObjectAddress | { open: () => Uint8Array };
  /** What faces it may show go by, besides its content: ExternalImageIds and FaceIds. */
  keys: string[];
}

const PHOTO = /\.(?:jpe?g|png)$/i;
const COLUMNS = { photo: ['photo', 'path', 'file'], key: ['face_id', 'external_image_id', 'id'] };

/** The API takes no larger photo. */
const MOST_BYTES = 15 * 2 ** 20;

/** What photos are looked for and read with. */
export interface PhotoTools {
  objects: Pick<Objects, 'withObject' | 'names'>;
  signal: AbortSignal;
}

/**
 * Photos below a folder or below s3://bucket/prefix, or those a CSV file lists in a column `photo`, as paths or s3://
 * addresses, with an ExternalImageId or FaceId in a column `external_image_id`, `face_id` or `id`.
 *
 * @throws OperatorError that says what is wrong with it.
 */
export async function givenPhotos(source: string, tools: PhotoTools): Promise<GivenPhoto[]> {
  const photos = await photosOf(source, tools);
  if (photos.length === 0) throw new OperatorError(`${source} names no photos (.jpg or .png)`);
  return photos;
}

async function photosOf(source: string, tools: PhotoTools): Promise<GivenPhoto[]> {
  const address = addressOf(source);
  if (address) return inBucket(address, tools);
  const path = resolve(source);
  const info = await stat(path).catch(() => undefined);
  if (!info) throw new OperatorError(`${source} does not exist`);
  return info.isDirectory() ? below(path) : listed(path);
}

/** Reads s3://bucket/name; undefined: it is a path. */
function addressOf(text: string): ObjectAddress | undefined {
  const [, bucket, name = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(text) ?? [];
  return bucket === undefined ? undefined : { bucket, name };
}

/** What a photo goes by when nothing else is said: its name with and without ending. */
const keysOf = (name: string): string[] => [
  posix.basename(name),
  posix.basename(name, posix.extname(name)),
];

async function inBucket(
  { bucket, name: prefix }: ObjectAddress,
  { objects, signal }: PhotoTools,
): Promise<GivenPhoto[]> {
  const photos: GivenPhoto[] = [];
  try {
    for await (const names of objects.names(bucket, prefix, signal))
      for (const name of names.filter((each) => PHOTO.test(each)))
        photos.push({
          name: `s3://${bucket}/${name}`,
          place: { bucket, name },
          keys: keysOf(name),
        });
  } catch (cause) {
    if (!(cause instanceof ApiError)) throw cause;
    throw new OperatorError(
      `s3://${bucket}/${prefix} cannot be listed: ${cause.message} (LIKENESS_S3_ENDPOINT and the settings beside it, which the service has too)`,
      { cause },
    );
  }
  return photos;
}

async function below(folder: string): Promise<GivenPhoto[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && PHOTO.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => ({
      place: path,
      name: path.slice(folder.length + 1),
      keys: keysOf(path),
    }));
}

async function listed(file: string): Promise<GivenPhoto[]> {
  const [header, ...rows] = parseCsv(await readFile(file, 'utf8'), basename(file));
  const titles = (header?.cells ?? []).map((title) => title.trim().toLowerCase());
  const photo = titles.findIndex((title) => COLUMNS.photo.includes(title));
  const keys = titles.flatMap((title, at) => (COLUMNS.key.includes(title) ? [at] : []));
  if (photo === -1)
    throw new OperatorError(
      `${file}: the first line must name the columns, as in: photo,external_image_id`,
    );
  return rows.map(({ line, cells }) => {
    const name = cells[photo]?.trim() ?? '';
    if (name === '') throw new OperatorError(`${file}: line ${line} names no photo`);
    return {
      name,
      place: addressOf(name) ?? resolve(dirname(file), name),
      keys: keys.map((at) => cells[at]?.trim() ?? '').filter((key) => key !== ''),
    };
  });
}

/** Opens what was kept as a crop; undefined where another key or face it was sealed for. */
export type OpenCrop = (sealed: Uint8Array, faceId: string) => Uint8Array | undefined;

/**
 * The crops of the faces that lack a new embedding, as photos that each show one face.
 *
 * @throws OperatorError where the key is not that of the crops.
 */
export function keptCrops(
  move: Pick<CollectionMove, 'missing' | 'crop'>,
  openCrop: OpenCrop,
): GivenPhoto[] {
  const faces = [...move.missing()].flat();
  if (!isKeyOf(move, faces, openCrop))
    throw new OperatorError(
      'the crops of this collection were encrypted under another master key than the one in LIKENESS_MASTER_KEY_FILE: name the file with the key that the service had, or give photos (--photos)',
    );
  return faces.map(({ faceId }) => ({
    name: `the crop of ${faceId}`,
    place: {
      open: () => {
        const sealed = move.crop(faceId);
        if (!sealed) throw new Error('none was kept');
        const crop = openCrop(sealed, faceId);
        if (!crop) throw new Error('it was encrypted under another master key, or it is damaged');
        return crop;
      },
    },
    keys: [faceId],
  }));
}

/** Whether one crop opens; also where there is none. Others may be of another key, or damaged: each says so by itself. */
function isKeyOf(
  move: Pick<CollectionMove, 'crop'>,
  faces: readonly { faceId: string }[],
  openCrop: OpenCrop,
): boolean {
  let isTried = false;
  for (const { faceId } of faces) {
    const sealed = move.crop(faceId);
    if (sealed && openCrop(sealed, faceId)) return true;
    isTried ||= sealed !== undefined;
  }
  return !isTried;
}

/** Whether it was kept as a crop. */
export const isKeptCrop = ({ place }: GivenPhoto): boolean =>
  typeof place === 'object' && 'open' in place;

/**
 * Hands the bytes of a photo to `use`.
 *
 * @throws Error that says why it cannot be taken.
 */
export async function withPhoto<T>(
  { place }: GivenPhoto,
  { objects, signal }: PhotoTools,
  use: (bytes: Uint8Array) => Promise<T>,
): Promise<T> {
  if (typeof place === 'object' && 'open' in place) return use(place.open());
  if (typeof place !== 'string') return objects.withObject(place, signal, use);
  const { size } = await stat(place);
  if (size > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES / 2 ** 20} MiB`);
  return use(await readFile(place));
}

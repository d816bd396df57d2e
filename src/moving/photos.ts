import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { parseCsv } from '../csv.js';
import { OperatorError } from '../errors.js';

/** A photo that is given again. */
export interface GivenPhoto {
  /** As reports name it. */
  name: string;
  path: string;
  /** What faces it may show go by, besides its content: ExternalImageIds and FaceIds. */
  keys: string[];
}

const PHOTO = /\.(?:jpe?g|png)$/i;
const COLUMNS = { photo: ['photo', 'path', 'file'], key: ['face_id', 'external_image_id', 'id'] };

/** The API takes no larger photo. */
const MOST_BYTES = 15 * 2 ** 20;

/**
 * Photos below a folder, or those a CSV file lists in a column `photo`, with an ExternalImageId or FaceId in a column
 * `external_image_id`, `face_id` or `id`.
 *
 * @throws OperatorError that says what is wrong with it.
 */
export async function givenPhotos(source: string): Promise<GivenPhoto[]> {
  const path = resolve(source);
  const info = await stat(path).catch(() => undefined);
  if (!info) throw new OperatorError(`${source} does not exist`);
  const photos = info.isDirectory() ? await below(path) : await listed(path);
  if (photos.length === 0) throw new OperatorError(`${source} names no photos (.jpg or .png)`);
  return photos;
}

async function below(folder: string): Promise<GivenPhoto[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && PHOTO.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => ({
      path,
      name: path.slice(folder.length + 1),
      keys: [basename(path), basename(path, extname(path))],
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
      path: resolve(dirname(file), name),
      keys: keys.map((at) => cells[at]?.trim() ?? '').filter((key) => key !== ''),
    };
  });
}

/** The bytes of a photo; an Error that says why it cannot be taken. */
export async function photoBytes({ path }: GivenPhoto): Promise<Buffer> {
  const { size } = await stat(path);
  if (size > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES / 2 ** 20} MiB`);
  return readFile(path);
}

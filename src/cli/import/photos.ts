import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseCsv } from '../../csv.js';
import { OperatorError } from '../../errors.js';

/** A photo to bring in. */
export interface Photo {
  /** Absolute. */
  readonly path: string;
  /** As the report names it: below the folder, or as the CSV file has it. */
  readonly name: string;
  /** The user its face joins; undefined: none. */
  readonly userId: string | undefined;
}

const PHOTO = /\.(?:jpe?g|png)$/i;
const PHOTO_COLUMNS = ['photo', 'path', 'file', 'image'];
const USER_COLUMNS = ['user', 'user_id', 'userid', 'person', 'name'];
const LONGEST_USER_ID = 128;

/** The photos of a folder of people, or of a CSV file. OperatorError names what is wrong with it. */
export async function findPhotos(source: string): Promise<Photo[]> {
  const path = resolve(source);
  const info = await stat(path).catch(() => undefined);
  if (!info) throw new OperatorError(`${source} does not exist`);
  const photos = info.isDirectory() ? await inFolder(path) : await inCsv(path);
  if (photos.length === 0)
    throw new OperatorError(
      `${source} names no photos: expected ${source}/<person>/<photo>.jpg or .png`,
    );
  return photos;
}

async function inFolder(folder: string): Promise<Photo[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && PHOTO.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
  const loose = names.filter((name) => !name.includes('/'));
  if (loose.length > 0)
    throw new OperatorError(
      `${loose.length} photos lie directly in ${folder} (${loose[0]} …): put each into a folder named after its person, or list them in a CSV file`,
    );
  const users = userIds(new Set(names.map((name) => name.split('/')[0] ?? '')));
  return names.map((name) => ({
    path: join(folder, name),
    name,
    userId: users.get(name.split('/')[0] ?? ''),
  }));
}

async function inCsv(file: string): Promise<Photo[]> {
  const [header, ...rows] = parseCsv(await readFile(file, 'utf8'), basename(file));
  const column = (names: readonly string[]): number =>
    (header?.cells ?? []).findIndex((title) => names.includes(title.trim().toLowerCase()));
  const photoColumn = column(PHOTO_COLUMNS);
  const userColumn = column(USER_COLUMNS);
  if (photoColumn < 0)
    throw new OperatorError(
      `${file}: the first line must name the columns, one of them photo (and one user), as in: photo,user`,
    );
  const people = rows
    .map(({ cells }) => cells[userColumn]?.trim() ?? '')
    .filter((name) => name !== '');
  const users = userIds(new Set(people));
  return rows.map(({ line, cells }) => {
    const name = cells[photoColumn]?.trim() ?? '';
    if (name === '') throw new OperatorError(`${file}: line ${line} names no photo`);
    return {
      path: resolve(dirname(file), name),
      name,
      userId: users.get(cells[userColumn]?.trim() ?? ''),
    };
  });
}

/**
 * User ids for people's names: letters, digits, `_ . - :`. Other characters become `_`; accents are
 * dropped. Two people who would share an id are an error, for their faces must not be mixed.
 */
function userIds(names: ReadonlySet<string>): Map<string, string> {
  const ids = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const name of names) {
    const id = name
      .normalize('NFKD')
      .replaceAll(/\p{M}/gu, '')
      .replaceAll(/[^a-zA-Z0-9_.\-:]+/g, '_')
      .slice(0, LONGEST_USER_ID);
    const owner = owners.get(id);
    if (owner !== undefined)
      throw new OperatorError(
        `${JSON.stringify(owner)} and ${JSON.stringify(name)} would both become the user ${id}: rename one of them`,
      );
    owners.set(id, name);
    ids.set(name, id);
  }
  return ids;
}

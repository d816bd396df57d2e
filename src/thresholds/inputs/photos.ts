import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { parseCsv } from '../../csv.js';
import { OperatorError } from '../../errors.js';
import type { Protocol, Warning } from '../report.js';

/** A photo and whose it is. */
export interface LabelledPhoto {
  /** Absolute. */
  path: string;
  /** As the report names it: below the folder, or as the file has it. */
  name: string;
  /** Undefined: nobody's. */
  subject: string | undefined;
  groups: Readonly<Record<string, string>>;
}

/** What an input asks to be measured. */
export interface PhotoList {
  kind: Protocol['input']['kind'];
  name: string;
  photos: LabelledPhoto[];
  /** Only these are compared, by name of photo; undefined: all with all. */
  pairs?: { a: string; b: string; same: boolean }[];
  /** Files that are pictures but not ones the service takes, or nobody's. */
  unusable: { photo: string; reason: 'NOT_AN_IMAGE' | 'NO_LABEL'; detail: string }[];
  warnings: Warning[];
  /** False where two photos of one person may go under two names: then only the listed pairs say anything. */
  labelsComplete: boolean;
}

const PHOTO = /^\.(?:jpe?g|png)$/i;
const OTHER_PICTURE = /^\.(?:webp|heic|heif|avif|gif|bmp|tiff?|jp2)$/i;

const PHOTO_COLUMNS = ['photo', 'path', 'file', 'image', 'filename'];
const SUBJECT_COLUMNS = [
  'person',
  'user',
  'user_id',
  'userid',
  'subject',
  'identity',
  'label',
  'name',
];
const FIRST_COLUMNS = ['a', 'photo1', 'image1', 'file1', 'path1', 'first'];
const SECOND_COLUMNS = ['b', 'photo2', 'image2', 'file2', 'path2', 'second'];
const SAME_COLUMNS = ['same', 'issame', 'is_same', 'match', 'genuine', 'label', 'same_person'];

/** Photos in a folder for each person; deeper folders belong to the person too. */
export async function photosInFolder(folder: string): Promise<PhotoList> {
  const root = resolve(folder);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const people = new Map<string, number>();
  for (const entry of entries)
    if (entry.isDirectory() && entry.parentPath === root) people.set(entry.name, 0);
  const list = emptyList('folder', basename(root));
  const names = entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted();
  for (const name of names) {
    const extension = extname(name);
    const [person, ...rest] = name.split('/');
    if (OTHER_PICTURE.test(extension))
      list.unusable.push({
        photo: name,
        reason: 'NOT_AN_IMAGE',
        detail: `${extension} is not read: JPEG and PNG are`,
      });
    if (!PHOTO.test(extension)) continue;
    if (rest.length === 0) {
      const detail = 'lies in no person’s folder';
      list.unusable.push({ photo: name, reason: 'NO_LABEL', detail });
      continue;
    }
    people.set(person ?? '', (people.get(person ?? '') ?? 0) + 1);
    list.photos.push({ path: join(root, name), name, subject: person, groups: {} });
  }
  const empty = [...people].filter(([, count]) => count === 0).map(([name]) => name);
  if (empty.length > 0)
    list.warnings.push({
      code: 'EMPTY_FOLDERS',
      text: `${count(empty.length, 'folder')} of people without a photo.`,
      items: empty.slice(0, 200),
      count: empty.length,
    });
  if (list.photos.length === 0)
    throw new OperatorError(
      list.unusable.some(({ reason }) => reason === 'NO_LABEL')
        ? `${list.unusable.length} photos lie directly in ${folder}: put each into a folder named after its person`
        : `${folder} holds no photos: expected ${folder}/<person>/<photo>.jpg or .png`,
    );
  return list;
}

/** A column that must have a value, or must not. */
export interface Condition {
  column: string;
  value: string;
  not: boolean;
}

/**
 * A CSV file of photos (columns photo and person; all others may be groups), or of pairs (columns a, b and same).
 *
 * @param photoRoot where the paths begin; default: the file's folder.
 * @param where keeps rows that meet all of these.
 */
export async function photosInCsv(
  file: string,
  {
    photoRoot = dirname(resolve(file)),
    where = [],
  }: { photoRoot?: string; where?: readonly Condition[] },
): Promise<PhotoList> {
  const [header, ...all] = parseCsv(await readFile(file, 'utf8'), basename(file));
  const titles = (header?.cells ?? []).map((title) => title.trim().toLowerCase());
  const rows = all.filter(({ cells }) =>
    where.every(({ column, value, not }) => {
      const at = titles.indexOf(column.toLowerCase());
      if (at < 0) throw new OperatorError(`--where ${column}: ${file} has no such column`);
      return (cells[at]?.trim() === value) !== not;
    }),
  );
  if (rows.length === 0)
    throw new OperatorError(
      all.length === 0 ? `${file} has no rows` : `no row of ${file} is as --where asks`,
    );
  const column = (names: readonly string[]): number =>
    titles.findIndex((title) => names.includes(title));
  const [a, b, same] = [column(FIRST_COLUMNS), column(SECOND_COLUMNS), column(SAME_COLUMNS)];
  if (a >= 0 && b >= 0 && same >= 0)
    return pairList(
      file,
      rows.map(({ line, cells }) => ({
        a: cells[a]?.trim() ?? '',
        b: cells[b]?.trim() ?? '',
        same: truth(cells[same] ?? '', `${file}: line ${line}`),
      })),
      photoRoot,
    );
  const [photo, subject] = [column(PHOTO_COLUMNS), column(SUBJECT_COLUMNS)];
  if (photo < 0 || subject < 0)
    throw new OperatorError(
      `${file}: the first line must name the columns: photo,person for photos, a,b,same for pairs, or score,genuine for scores`,
    );
  const list = emptyList('manifest', basename(file));
  for (const { line, cells } of rows) {
    const name = cells[photo]?.trim() ?? '';
    if (name === '') throw new OperatorError(`${file}: line ${line} names no photo`);
    const person = cells[subject]?.trim() ?? '';
    if (person === '') {
      list.unusable.push({ photo: name, reason: 'NO_LABEL', detail: 'the file names no person' });
      continue;
    }
    const groups = Object.fromEntries(titles.map((title, i) => [title, cells[i]?.trim() ?? '']));
    list.photos.push({ path: resolve(photoRoot, name), name, subject: person, groups });
  }
  return list;
}

const lfwPhoto = (name: string, number: string): string =>
  `${name}/${name}_${number.padStart(4, '0')}.jpg`;

/** LFW's pairs.txt: `name i j` for a genuine pair, `name i name j` for an impostor one. */
export async function photosInLfwPairs(file: string, photoRoot?: string): Promise<PhotoList> {
  const lines = (await readFile(file, 'utf8')).split(/\r?\n/);
  const pairs = lines.flatMap((line, index) => {
    const words = line.trim().split(/\s+/);
    const [name, one, other, two] = words;
    // The first line counts folds and pairs.
    if (words.length <= 2) return [];
    if (name === undefined || one === undefined || other === undefined || words.length > 4)
      throw new OperatorError(`${file}: line ${index + 1} is no pair: ${line.slice(0, 80)}`);
    return two === undefined
      ? [{ a: lfwPhoto(name, one), b: lfwPhoto(name, other), same: true }]
      : [{ a: lfwPhoto(name, one), b: lfwPhoto(other, two), same: false }];
  });
  return pairList(file, pairs, photoRoot ?? dirname(resolve(file)));
}

async function pairList(
  file: string,
  pairs: { a: string; b: string; same: boolean }[],
  photoRoot: string,
): Promise<PhotoList> {
  const list = emptyList('pairs', basename(file));
  const names = [...new Set(pairs.flatMap(({ a, b }) => [a, b]))];
  list.labelsComplete = pairs.every(({ a, b, same }) => (dirname(a) === dirname(b)) === same);
  const subjectOf = list.labelsComplete ? dirname : componentsOf(pairs);
  list.photos = names.map((name) => ({
    path: resolve(photoRoot, name),
    name,
    subject: subjectOf(name),
    groups: {},
  }));
  list.pairs = pairs;
  if (names[0] !== undefined && !(await stat(resolve(photoRoot, names[0])).catch(() => undefined)))
    throw new OperatorError(
      `${resolve(photoRoot, names[0])} does not exist: say where the photos of ${file} lie with --photos DIRECTORY`,
    );
  return list;
}

/** People as the pairs tell them: whoever is in one genuine pair is one person. */
function componentsOf(
  pairs: readonly { a: string; b: string; same: boolean }[],
): (name: string) => string {
  const parents = new Map<string, string>();
  const root = (name: string): string => {
    let at = name;
    for (let up = parents.get(at); up !== undefined; up = parents.get(at)) at = up;
    return at;
  };
  for (const { a, b, same } of pairs)
    if (same && root(a) !== root(b)) parents.set(root(a), root(b));
  return root;
}

function truth(text: string, where: string): boolean {
  const word = text.trim().toLowerCase();
  if (['1', 'true', 'yes', 'same', 'genuine', 'mated'].includes(word)) return true;
  if (['0', '-1', 'false', 'no', 'different', 'impostor', 'nonmated', 'non-mated'].includes(word))
    return false;
  throw new OperatorError(`${where}: expected 1 or 0 for the same person, got ${text}`);
}

const emptyList = (kind: PhotoList['kind'], name: string): PhotoList => ({
  kind,
  name,
  photos: [],
  unusable: [],
  warnings: [],
  labelsComplete: true,
});

/** Such as `1 folder`, `12 folders`. */
export const count = (number: number, what: string): string =>
  `${number.toLocaleString('en-US')} ${what}${number === 1 ? '' : 's'}`;

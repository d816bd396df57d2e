import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { OperatorError } from '../../errors.js';

export interface Person {
  name: string;
  /** Absolute paths, in name order. */
  photos: string[];
}

const PHOTO = /\.(jpe?g|png)$/i;

/** The group photos that come inside the face-api package. */
export async function samplePhotos(): Promise<string[]> {
  const packageFile = createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json');
  const folder = join(dirname(packageFile), 'demo');
  const names = (await readdir(folder)).filter((name) => /^sample\d+\.jpg$/.test(name)).toSorted();
  if (names.length === 0)
    throw new OperatorError(`No sample photos in ${folder}: run npm ci again`);
  return names.map((name) => join(folder, name));
}

/** One person for each subfolder that holds JPEG or PNG files. */
export async function peopleIn(folder: string): Promise<Person[]> {
  const info = await stat(folder).catch(() => undefined);
  if (!info?.isDirectory()) throw new OperatorError(`${folder} is not a folder`);
  const people: Person[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const names = (await readdir(join(folder, entry.name)))
      .filter((name) => PHOTO.test(name))
      .toSorted();
    if (names.length > 0)
      people.push({
        name: entry.name,
        photos: names.map((name) => join(folder, entry.name, name)),
      });
  }
  if (people.length === 0)
    throw new OperatorError(
      `${folder} holds no folder with JPEG or PNG files: expected ${folder}/<person>/<photo>.jpg`,
    );
  return people.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

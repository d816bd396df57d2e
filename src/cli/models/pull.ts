import { rm, rmdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { OperatorError } from '../../errors.js';
import type { Io } from '../io.js';
import { download, Unavailable } from './download.js';
import { sha256Of } from './partial.js';
import { megabytes, showProgress } from './progress.js';

/** What pulling needs of a catalogue's entry. */
interface Entry {
  name: string;
  licence: { weights: string; text: string };
  mustAccept: boolean;
  files: readonly { path: string; bytes: number; sha256: string; urls: readonly string[] }[];
}

/** A file of the model with where it lies now. */
export type FoundFile<F> = F & { at: string };

/** Milliseconds: a connection on which nothing moves, and the first pause between attempts. */
const IDLE_MS = 60_000;
const PAUSE_MS = 500;

/** @throws OperatorError where the licence has to be accepted and was not. */
export function requireAccepted({ name, licence, mustAccept }: Entry, accepted: boolean): void {
  if (!mustAccept || accepted) return;
  throw new OperatorError(
    `${name} is not free for every use: ${licence.text || licence.weights}\nPull it with --accept-license if your use is within this licence.`,
  );
}

/** Where files are taken from in place of the catalogue's URLs. */
export type Place = { folder: string } | { base: string };

/** Reads --from: a folder, or the URL of one. */
export function placeOf(from: string): Place {
  if (!/^https?:\/\//.test(from)) return { folder: resolve(from) };
  if (!URL.canParse(from)) throw new OperatorError(`--from ${from}: this is no URL`);
  return { base: from.replace(/\/+$/, '') };
}

/**
 * Gets the files of a model: from a folder, or from the web into a folder of downloads.
 *
 * @throws OperatorError that says what is missing and how it may be had otherwise.
 */
export async function findFiles<F extends Entry['files'][number]>(
  entry: Entry & { files: readonly F[] },
  place: Place | undefined,
  { downloads, io }: { downloads: string; io: Pick<Io, 'env' | 'stderr'> },
): Promise<FoundFile<F>[]> {
  const found: FoundFile<F>[] = [];
  for (const file of entry.files)
    found.push({
      ...file,
      at:
        place && 'folder' in place
          ? await inFolder(entry, file, place.folder)
          : await fromWeb(entry, mirrored(entry, file, place), { downloads, io }),
    });
  return found;
}

/** Names of a file in a folder of several models, of which some call different files alike. */
const namesOf = ({ name }: Entry, { path }: Entry['files'][number]): string[] => [
  `${name}/${path}`,
  path,
];

const mirrored = <F extends Entry['files'][number]>(
  entry: Entry,
  file: F,
  place: { base: string } | undefined,
): F =>
  place ? { ...file, urls: namesOf(entry, file).map((name) => `${place.base}/${name}`) } : file;

async function inFolder(
  entry: Entry,
  file: Entry['files'][number],
  folder: string,
): Promise<string> {
  const wrong: string[] = [];
  for (const path of namesOf(entry, file).map((name) => join(folder, name))) {
    const info = await stat(path).catch(() => undefined);
    if (!info?.isFile()) continue;
    const fault = await faultOf(path, info.size, file);
    if (fault === undefined) return path;
    wrong.push(`${path} ${fault}`);
  }
  throw new OperatorError(
    wrong.length > 0
      ? `${wrong.join('\n')}\nThe file of ${entry.name} has ${file.bytes} bytes and the sha256 ${file.sha256}.`
      : `${folder} holds no ${namesOf(entry, file).join(' and no ')} (${file.bytes} bytes, sha256 ${file.sha256}); it is to be had at ${file.urls.join(' or ')}`,
  );
}

/** What is wrong with a file; undefined: nothing. */
async function faultOf(
  path: string,
  size: number,
  { bytes, sha256 }: Entry['files'][number],
): Promise<string | undefined> {
  if (size !== bytes) return `has ${size} bytes`;
  try {
    const found = await sha256Of(path);
    return found === sha256 ? undefined : `has the sha256 ${found}`;
  } catch (error) {
    return `cannot be read: ${(error as Error).message}`;
  }
}

async function fromWeb(
  { name }: Entry,
  file: Entry['files'][number],
  { downloads, io }: { downloads: string; io: Pick<Io, 'env' | 'stderr'> },
): Promise<string> {
  try {
    return await download(file, {
      folder: downloads,
      env: io.env,
      idleMs: IDLE_MS,
      pauseMs: PAUSE_MS,
      onProgress: showProgress(file, io.stderr, () => performance.now()),
    });
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    throw new OperatorError(
      `${error.message}\nWithout a way to the web: bring ${file.path} (${megabytes(file.bytes)}) in a folder, then likeness models pull ${name} --from FOLDER`,
      { cause: error },
    );
  }
}

/** Removes what was downloaded once a model took it. */
export async function forgetDownloads(
  downloads: string,
  files: readonly FoundFile<object>[],
): Promise<void> {
  for (const { at } of files) await rm(at, { force: true });
  // Others may be on their way.
  await rmdir(downloads).catch(() => {});
}

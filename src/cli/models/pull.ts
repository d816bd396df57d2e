import { existsSync } from 'node:fs';
import { mkdir, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { OperatorError } from '../../errors.js';
import { sha256Of } from '../files.js';
import type { Io } from '../io.js';
import { type ArchiveKind, isThere, takeMembers } from './archive/archive.js';
import { download, Unavailable } from './download.js';
import { megabytes, showProgress } from './progress.js';

/** What pulling needs of a catalogue's file. */
interface EntryFile {
  path: string;
  bytes: number;
  sha256: string;
  urls?: readonly string[];
  member?: string;
}

interface EntryArchive {
  kind: ArchiveKind;
  bytes: number;
  sha256: string;
  urls: readonly string[];
  package?: string;
}

/** What pulling needs of a catalogue's entry. */
interface Entry {
  name: string;
  files: readonly EntryFile[];
  archive?: EntryArchive;
}

/** What has one content wherever it is had from. */
type Pinned = Required<Pick<EntryFile, 'path' | 'bytes' | 'sha256' | 'urls'>>;

/** A file of the model with where it lies now. */
export type FoundFile<F> = F & { at: string };

/** Milliseconds: a connection on which nothing moves, and the first pause between attempts. */
const IDLE_MS = 60_000;
const PAUSE_MS = 500;

/** @throws OperatorError where the licence has to be accepted and was not. */
export function requireAccepted(
  {
    name,
    licence,
    mustAccept,
  }: { name: string; licence: { weights: string; text: string }; mustAccept: boolean },
  accepted: boolean,
): void {
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

/** Where things go on their way, and how they are had. */
export interface Way {
  downloads: string;
  place: Place | undefined;
  io: Pick<Io, 'env' | 'stderr'>;
}

/**
 * Gets the files of a model: from a folder, from an installed package, or from the web into a folder of downloads.
 *
 * @throws OperatorError that says what is missing and how it may be had otherwise.
 */
export async function findFiles<F extends EntryFile>(
  entry: Entry & { files: readonly F[] },
  way: Way,
): Promise<FoundFile<F>[]> {
  const found: FoundFile<F>[] = [];
  for (const file of entry.files) found.push({ ...file, at: await findFile(entry, file, way) });
  return found;
}

async function findFile(entry: Entry, file: EntryFile, way: Way): Promise<string> {
  const { archive } = entry;
  const pinned = { ...file, urls: file.urls ?? [] };
  const packed = archive && file.member !== undefined ? wholeOf(archive) : undefined;
  if (packed && file.urls === undefined) return fromArchive(entry, packed, { file, way });
  if (way.place && 'folder' in way.place) {
    const { folder } = way.place;
    return packed && namesOf(entry, packed).some((name) => existsSync(join(folder, name)))
      ? fromArchive(entry, packed, { file, way })
      : inFolder(entry, pinned, folder);
  }
  try {
    return await fromWeb(entry, pinned, way);
  } catch (error) {
    if (!packed || !(error instanceof Unavailable)) throw error;
    way.io.stderr.write(`${error.message}\nThe whole ${packed.path} is tried.\n`);
    return fromArchive(entry, packed, { file, way });
  }
}

/** An archive under the name that it is published by. */
const wholeOf = (archive: EntryArchive): EntryArchive & Pinned => ({
  ...archive,
  path: basename(new URL(archive.urls[0] ?? '').pathname),
});

/** A file of an archive: by itself in a folder, in its installed package, or taken out of the archive. */
async function fromArchive(
  entry: Entry,
  archive: EntryArchive & Pinned,
  { file, way }: { file: EntryFile; way: Way },
): Promise<string> {
  const { place, downloads } = way;
  const taken = join(downloads, file.sha256);
  const folder = place && 'folder' in place ? place.folder : undefined;
  const alone = folder === undefined ? [] : namesOf(entry, file).map((name) => join(folder, name));
  const installed = place ? [] : await installedFile(archive, file);
  for (const path of [...alone, ...installed, taken]) if (await isThere(path, file)) return path;
  const at =
    folder === undefined
      ? await fromWeb(entry, archive, way)
      : await inFolder(entry, archive, folder);
  await mkdir(downloads, { recursive: true, mode: 0o700 });
  const members = entry.files.flatMap((each) =>
    each.member !== undefined ? [{ ...each, member: each.member }] : [],
  );
  await takeMembers(at, archive.kind, members, ({ sha256 }) => join(downloads, sha256));
  if (dirname(at) === downloads) await rm(at);
  return taken;
}

/** Names of a file in a folder of several models, of which some call different files alike. */
const namesOf = ({ name }: Entry, { path }: Pick<EntryFile, 'path'>): string[] => [
  `${name}/${path}`,
  path,
];

const mirrored = (entry: Entry, file: Pinned, base: string): Pinned => ({
  ...file,
  urls: namesOf(entry, file).map((name) => `${base}/${name}`),
});

/** Where a file lies in a package that happens to be installed; npm keeps its files below `package/`. */
async function installedFile(archive: EntryArchive, { member }: EntryFile): Promise<string[]> {
  if (archive.package === undefined || member === undefined) return [];
  const { installedDirectory } = await import('../../vision/runtimes/installed.js');
  const directory = installedDirectory(archive.package);
  return directory === undefined ? [] : [join(directory, member.replace(/^package\//, ''))];
}

async function inFolder(entry: Entry, file: Pinned, folder: string): Promise<string> {
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
  { bytes, sha256 }: Pinned,
): Promise<string | undefined> {
  if (size !== bytes) return `has ${size} bytes`;
  try {
    const found = await sha256Of(path);
    return found === sha256 ? undefined : `has the sha256 ${found}`;
  } catch (error) {
    return `cannot be read: ${(error as Error).message}`;
  }
}

async function fromWeb(entry: Entry, pinned: Pinned, { downloads, place, io }: Way) {
  const file = place && 'base' in place ? mirrored(entry, pinned, place.base) : pinned;
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
    throw new Unavailable(
      `${error.message}\nWithout a way to the web: bring ${file.path} (${megabytes(file.bytes)}) in a folder, then likeness models pull ${entry.name} --from FOLDER`,
      { cause: error },
    );
  }
}

/** Removes what was downloaded once a model took it; files of the operator or of a package stay. */
export async function forgetDownloads(
  downloads: string,
  files: readonly FoundFile<object>[],
): Promise<void> {
  for (const { at } of files) if (dirname(at) === downloads) await rm(at, { force: true });
  // Others may be on their way.
  await rmdir(downloads).catch(() => {});
}

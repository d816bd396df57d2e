import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { OperatorError } from '../../../errors.js';
import { sha256Of, sync } from '../../files.js';
import { readTgz } from './tgz.js';
import { readZip } from './zip.js';

/** A file of which only its name inside an archive and its content are known. */
export interface Member {
  /** As the archive writes it. */
  member: string;
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
}

/** A regular file as a reader meets it; its content has to be read, or left, before the next is asked for. */
export interface Met {
  name: string;
  bytes: number;
  content: AsyncIterable<Uint8Array>;
}

/** Goes through the files of an archive in its order. Anything but regular files is passed over. */
export type ReadArchive = (path: string) => AsyncGenerator<Met>;

/** The kinds of archives that models are published in; a further one is a reader and a line here. */
const READERS = { tgz: readTgz, zip: readZip } as const satisfies Readonly<
  Record<string, ReadArchive>
>;

/** The kind of an archive. */
export type ArchiveKind = keyof typeof READERS;

/**
 * Takes files out of an archive. Names in the archive only decide what is taken: where it goes is the caller's choice.
 * What is there in the end has the size and checksum that were asked for.
 *
 * @param placeOf where a member goes; the folder is there.
 * @throws OperatorError for an archive that cannot be read, that lacks one of them or has another content there.
 */
export async function takeMembers(
  path: string,
  kind: ArchiveKind,
  wanted: readonly Member[],
  placeOf: (member: Member) => string,
): Promise<void> {
  const missing = new Map(wanted.map((member) => [member.member, member]));
  await readable(path, async () => {
    for await (const met of READERS[kind](path)) {
      const member = missing.get(met.name);
      if (!member) continue;
      await take(met, member, placeOf(member));
      missing.delete(met.name);
      if (missing.size === 0) return;
    }
    throw new OperatorError(`the archive ${path} has no file ${[...missing.keys()].join(', ')}`);
  });
}

/** What a reader meets that is not the operator's already is told as a fault of the archive. */
async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw new OperatorError(`the archive ${path} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function take(met: Met, member: Member, place: string): Promise<void> {
  if (met.bytes !== member.bytes)
    throw new OperatorError(
      `${met.name} in the archive has ${met.bytes} bytes, expected ${member.bytes}`,
    );
  const part = `${place}.taken-${process.pid}`;
  try {
    await unpack(met, part);
    const found = await sha256Of(part);
    if (found !== member.sha256)
      throw new OperatorError(
        `${met.name} in the archive has the sha256 ${found}, expected ${member.sha256}`,
      );
    await sync(part);
    await rename(part, place);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

const unpack = (met: Met, place: string): Promise<void> =>
  pipeline(Readable.from(met.content), createWriteStream(place, { mode: 0o600 }));

const KINDS: readonly (readonly [RegExp, ArchiveKind])[] = [
  [/\.zip$/i, 'zip'],
  [/\.(?:tgz|tar\.gz)$/i, 'tgz'],
];

/** The kind of an archive by its name; undefined for anything else. */
export const kindOf = (path: string): ArchiveKind | undefined =>
  KINDS.find(([pattern]) => pattern.test(path))?.[1];

/**
 * Takes one model out of an archive of which nothing is known.
 *
 * @param name of the file in the archive, with or without its folders; undefined: the only .onnx file.
 * @param folder where it goes, under its name without folders.
 * @returns where it lies.
 * @throws OperatorError that names what is in the archive where it is not clear which is meant.
 */
export async function takeModel(
  path: string,
  kind: ArchiveKind,
  name: string | undefined,
  folder: string,
): Promise<string> {
  const { MOST_BYTES } = await import('../../../vision/own/source.js');
  return readable(path, async () => {
    const chosen = choose(path, await namesIn(path, kind), name);
    for await (const met of READERS[kind](path)) {
      if (met.name !== chosen) continue;
      if (met.bytes > MOST_BYTES)
        throw new OperatorError(
          `${chosen} in the archive ${path} has more than ${MOST_BYTES} bytes`,
        );
      const place = join(folder, basename(chosen));
      await unpack(met, place);
      return place;
    }
    throw new OperatorError(`the archive ${path} was changed while it was read`);
  });
}

async function namesIn(path: string, kind: ArchiveKind): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of READERS[kind](path)) names.push(name);
  return names;
}

function choose(path: string, all: readonly string[], name: string | undefined): string {
  const models = all.filter((each) => each.endsWith('.onnx'));
  const meant = all.includes(name ?? '')
    ? all.filter((each) => each === name)
    : name === undefined
      ? models
      : all.filter((each) => basename(each) === name);
  const [only, ...others] = meant;
  if (only !== undefined && others.length === 0) return only;
  const wanted = name === undefined ? 'one .onnx file' : `one file ${name}`;
  const held = models.length === 0 ? 'no .onnx file' : models.join(', ');
  throw new OperatorError(
    `the archive ${path} does not hold ${wanted}, but ${held}: name one with --member`,
  );
}

/** Whether a file with this content lies there. */
export async function isThere(
  path: string,
  { bytes, sha256 }: Pick<Member, 'bytes' | 'sha256'>,
): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  return info?.isFile() === true && info.size === bytes && (await sha256Of(path)) === sha256;
}

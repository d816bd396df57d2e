import { type Entry, openPromise, type ZipFile } from 'yauzl';
import type { Met } from './archive.js';

/** More than this is no pack of models. */
const MOST_FILES = 10_000;

/**
 * The files of a ZIP archive in the order of its directory. What is not asked for is not unpacked; what is unpacks to the
 * size that the directory states, or fails. Names that lead out of a folder are refused, whether they are asked for or not.
 *
 * @throws Error for what is no ZIP archive, cut off, encrypted, or names a file twice.
 */
export async function* readZip(path: string): AsyncGenerator<Met> {
  const zip = await openPromise(path, { strictFileNames: true, autoClose: false });
  try {
    for (const entry of await entriesOf(zip))
      yield {
        name: entry.fileName,
        bytes: entry.uncompressedSize,
        content: contentOf(zip, entry),
      };
  } finally {
    zip.close();
  }
}

/** All files, looked at before any is taken: of two of a name nobody knows which is meant. */
async function entriesOf(zip: ZipFile): Promise<Entry[]> {
  if (zip.entryCount > MOST_FILES)
    throw new Error(`it holds ${zip.entryCount} files, at most ${MOST_FILES} are taken`);
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    const { fileName } = entry;
    if (fileName.endsWith('/')) continue;
    if (entries.has(fileName)) throw new Error(`it holds ${fileName} twice`);
    entries.set(fileName, entry);
  }
  return [...entries.values()];
}

async function* contentOf(zip: ZipFile, entry: Entry): AsyncGenerator<Uint8Array> {
  if (entry.isEncrypted()) throw new Error(`${entry.fileName} is encrypted`);
  const unpacked = await zip.openReadStreamPromise(entry);
  yield* unpacked as AsyncIterable<Uint8Array>;
}

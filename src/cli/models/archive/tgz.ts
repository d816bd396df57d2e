import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import { createTarDecoder } from 'modern-tar';
import type { Met } from './archive.js';

/** More than this is no package of models: a small file may unpack to any size. */
const MOST_UNPACKED = 4 * 2 ** 30;

/**
 * The files of a .tgz, one after the other, read as they come.
 *
 * @throws Error for what is no gzip, no tar, damaged or cut off.
 */
export async function* readTgz(path: string): AsyncGenerator<Met> {
  const unzipped = createGunzip();
  // A failure of either is met by who reads.
  pipeline(createReadStream(path), unzipped, () => {});
  const left = new AbortController();
  const entries = ReadableStream.from(bounded(unzipped)).pipeThrough(
    createTarDecoder({ strict: true }),
    { signal: left.signal },
  );
  try {
    for await (const { header, body } of entries) {
      if (header.type === 'file') yield { name: header.name, bytes: header.size, content: body };
      // Read, not cancelled: the decoder is ahead by some entries, and would take that for the one it is at.
      for await (const _ of body);
    }
  } finally {
    left.abort();
  }
}

async function* bounded(unzipped: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of unzipped) {
    bytes += chunk.length;
    if (bytes > MOST_UNPACKED) throw new Error(`it unpacks to more than ${MOST_UNPACKED} bytes`);
    yield chunk;
  }
}

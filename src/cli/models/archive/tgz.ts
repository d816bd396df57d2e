import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Met } from './archive.js';

/** tar is made of blocks (POSIX.1-2017, pax, "ustar Interchange Format"). */
const BLOCK = 512;

/** More than this is no package of models: a small file may unpack to any size. */
const MOST_UNPACKED = 4 * 2 ** 30;

/** Where a header has what, in bytes. */
const FIELDS = {
  name: [0, 100],
  size: [124, 136],
  checksum: [148, 156],
  type: [156, 157],
  magic: [257, 262],
  prefix: [345, 500],
} as const;

/** A regular file; old writers say so with a zero. */
const REGULAR = new Set(['0', '\0', '']);

/**
 * The files of a .tgz, one after the other, read as they come. Long names in extended headers are not followed: a file
 * that has one is met under its short name.
 *
 * @throws Error for what is no gzip, no tar, or cut off.
 */
export async function* readTgz(path: string): AsyncGenerator<Met> {
  const unzipped = createGunzip();
  // A failure of either is met by who reads.
  pipeline(createReadStream(path), unzipped, () => {});
  const blocks = new Bytes(unzipped);
  try {
    for (;;) {
      const header = await blocks.exactly(BLOCK);
      // Two such blocks end an archive; nothing of ours lies behind the first.
      if (header.every((byte) => byte === 0)) return;
      checkHeader(header);
      const bytes = octal(header, 'size');
      const name = [text(header, 'prefix'), text(header, 'name')].filter(Boolean).join('/');
      const end = blocks.position + bytes;
      if (REGULAR.has(text(header, 'type'))) yield { name, bytes, content: blocks.upTo(end) };
      await blocks.skipTo(end + ((BLOCK - (bytes % BLOCK)) % BLOCK));
    }
  } finally {
    await blocks.close();
  }
}

/** A stream of chunks as a stream of bytes, with a bound. */
class Bytes {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #read = 0;
  position = 0;

  constructor(stream: AsyncIterable<unknown>) {
    this.#chunks = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  async exactly(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.upTo(this.position + count)) parts.push(part);
    return Buffer.concat(parts);
  }

  /** What lies before this position and was not read yet. */
  async *upTo(end: number): AsyncGenerator<Buffer> {
    while (this.position < end) {
      if (this.#rest.length === 0) await this.#more();
      const part = this.#rest.subarray(0, end - this.position);
      this.#rest = this.#rest.subarray(part.length);
      this.position += part.length;
      yield part;
    }
  }

  async skipTo(position: number): Promise<void> {
    for await (const _ of this.upTo(position));
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #more(): Promise<void> {
    const next = await this.#chunks.next();
    if (next.done === true) throw new Error('it ends in the middle of a file');
    this.#rest = next.value;
    this.#read += this.#rest.length;
    if (this.#read > MOST_UNPACKED)
      throw new Error(`it unpacks to more than ${MOST_UNPACKED} bytes`);
  }
}

/** The sum over the header with its own field as spaces. */
function checkHeader(header: Buffer): void {
  const [from, to] = FIELDS.checksum;
  let sum = 0;
  for (const [at, byte] of header.entries()) sum += at >= from && at < to ? 0x20 : byte;
  if (text(header, 'magic') !== 'ustar' || sum !== octal(header, 'checksum'))
    throw new Error('it holds no tar archive, or a damaged one');
}

function text(header: Buffer, field: keyof typeof FIELDS): string {
  const bytes = header.subarray(...FIELDS[field]);
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
}

function octal(header: Buffer, field: 'size' | 'checksum'): number {
  const digits = text(header, field).trim();
  if (!/^[0-7]+$/.test(digits)) throw new Error(`a header of it has the ${field} ${digits}`);
  return Number.parseInt(digits, 8);
}

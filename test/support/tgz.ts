import { gzipSync } from 'node:zlib';

/** A file in an archive; without content a folder. */
export interface ArchiveFile {
  name: string;
  content?: Buffer;
}

const BLOCK = 512;

/** A .tgz as npm writes it. */
export function tgz(files: readonly ArchiveFile[]): Buffer {
  const blocks = files.flatMap(({ name, content }) => [
    header(name, content),
    ...(content ? [content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)] : []),
  ]);
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]));
}

function header(name: string, content: Buffer | undefined): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100);
  block.write('000644 \0', 100);
  block.write(`${(content?.length ?? 0).toString(8).padStart(11, '0')} `, 124);
  block.write(' '.repeat(8), 148);
  block.write(content ? '0' : '5', 156);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

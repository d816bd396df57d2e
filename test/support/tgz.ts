import { gzipSync } from 'node:zlib';

/** A file in an archive; without content a folder, or a link where it says to what. */
export interface ArchiveFile {
  name: string;
  content?: Buffer;
  linkTo?: string;
}

const BLOCK = 512;

/** A .tgz as npm writes it. */
export function tgz(files: readonly ArchiveFile[]): Buffer {
  const blocks = files.flatMap((file) => [
    header(file),
    ...(file.content
      ? [file.content, Buffer.alloc((BLOCK - (file.content.length % BLOCK)) % BLOCK)]
      : []),
  ]);
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]));
}

function header({ name, content, linkTo }: ArchiveFile): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100);
  block.write('000644 \0', 100);
  block.write(`${(content?.length ?? 0).toString(8).padStart(11, '0')} `, 124);
  block.write(' '.repeat(8), 148);
  block.write(content ? '0' : linkTo === undefined ? '5' : '2', 156);
  block.write(linkTo ?? '', 157, 100);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

import { createReadStream } from 'node:fs';

const LINE_FEED = 0x0a;

/**
 * The lines of a text file, in batches, whatever its size: a chunk of the file and one line are in memory at a time.
 * Carriage returns are taken off, a byte order mark too.
 */
export async function* linesOf(file: string, signal?: AbortSignal): AsyncGenerator<string[]> {
  const chunks = createReadStream(file, { highWaterMark: 1 << 20, ...(signal && { signal }) });
  let rest: Buffer = Buffer.alloc(0);
  let first = true;
  for await (const chunk of chunks as AsyncIterable<Buffer>) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const end = bytes.lastIndexOf(LINE_FEED);
    if (end < 0) {
      rest = bytes;
      continue;
    }
    rest = bytes.subarray(end + 1);
    yield split(bytes.toString('utf8', 0, end), first);
    first = false;
  }
  if (rest.length > 0) yield split(rest.toString('utf8'), first);
}

function split(text: string, first: boolean): string[] {
  const lines = (first ? text.replace(/^\ufeff/, '') : text).split('\n');
  return text.includes('\r') ? lines.map((line) => line.replace(/\r$/, '')) : lines;
}

import { mkdir } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { OperatorError } from '../../errors.js';
import { openGet, type Reply, type Web } from './get.js';
import { withLock } from './lock.js';
import { Partial } from './partial.js';

/** A file with pinned content. */
export interface Wanted {
  /** For people. */
  path: string;
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
  /** Tried one after the other. */
  urls: readonly string[];
}

/** How it is got. */
export interface Downloading extends Web {
  /** Where whole and partial files lie; it is made. */
  folder: string;
  /** Bytes that are there, whenever some came. */
  onProgress: (bytes: number) => void;
  /** Before an attempt that follows one that brought nothing; doubled each time. */
  pauseMs: number;
}

/** Attempts in a row that bring nothing before a source is given up. */
const ATTEMPTS = 5;

/** No source has it. */
export class Unavailable extends OperatorError {}

/** The source does not have what is wanted: no use asking it again. */
class Refused extends Error {}

/**
 * Gets a file and checks its content. A download that stops goes on where it was, here and in the next call; what is
 * there in the end has the checksum.
 *
 * @returns where it lies.
 * @throws Unavailable that says what each source answered, and OperatorError for what is wrong here.
 */
export async function download(wanted: Wanted, how: Downloading): Promise<string> {
  await mkdir(how.folder, { recursive: true, mode: 0o700 });
  const partial = new Partial(how.folder, wanted.sha256);
  return withLock(`${partial.whole}.lock`, `a download of ${wanted.path}`, async () => {
    // Of a pull that ended after its download.
    if (await partial.isWhole()) return partial.whole;
    const answers: string[] = [];
    for (const url of wanted.urls)
      try {
        await fromSource(url, wanted, partial, how);
        return partial.whole;
      } catch (error) {
        if (error instanceof OperatorError) throw error;
        answers.push(`  ${url}\n    ${reasonOf(error)}`);
      }
    throw new Unavailable(
      `${wanted.path} (${wanted.bytes} bytes, sha256 ${wanted.sha256}) cannot be had:\n${answers.join('\n')}`,
    );
  });
}

const reasonOf = (error: unknown): string => {
  const { message, code } = error as NodeJS.ErrnoException;
  // A name with several addresses: the reasons are in the parts.
  if (error instanceof AggregateError)
    return error.errors.map((each) => (each as Error).message).join('; ');
  return message || (code ?? String(error));
};

async function fromSource(
  url: string,
  wanted: Wanted,
  partial: Partial,
  how: Downloading,
): Promise<void> {
  // Bytes from an earlier call or another source may turn out wrong; those from here alone tell of this source.
  let mixed = (await partial.size()) > 0;
  for (;;) {
    await untilWhole(url, wanted, partial, how);
    const found = await partial.sha256();
    if (found === wanted.sha256) return partial.finish();
    await partial.forget();
    if (!mixed)
      throw new Refused(`it has other content: expected sha256 ${wanted.sha256}, found ${found}`);
    mixed = false;
  }
}

/** Asks for what is missing until nothing is. */
async function untilWhole(
  url: string,
  wanted: Wanted,
  partial: Partial,
  how: Downloading,
): Promise<void> {
  let failed = 0;
  for (;;) {
    const before = await partial.size();
    if (before === wanted.bytes) return;
    try {
      await fetchRest(url, wanted, partial, how);
    } catch (error) {
      if (error instanceof OperatorError || error instanceof Refused) throw error;
      failed = (await partial.size()) > before ? 0 : failed + 1;
      if (failed === ATTEMPTS) throw error;
      await wait(how.pauseMs * 2 ** failed);
    }
  }
}

/** One request; an error that is neither an OperatorError nor a Refused is worth another. */
async function fetchRest(
  url: string,
  wanted: Wanted,
  partial: Partial,
  how: Downloading,
): Promise<void> {
  const there = await partial.size();
  if (there > wanted.bytes) await partial.forget();
  const start = there > wanted.bytes ? 0 : there;
  await partial.requireSpace(wanted.bytes - start);
  const origin = await partial.origin();
  const condition = origin?.url === url ? origin.validator : undefined;
  const reply = await openGet(
    new URL(url),
    {
      ...(start > 0 && { range: `bytes=${start}-` }),
      ...(start > 0 && condition !== undefined && { 'if-range': condition }),
    },
    how,
  );
  try {
    // What is there goes past the end of what it has: begin anew.
    if (reply.status === 416 && start > 0) return await partial.forget();
    const from = startOf(reply, start, wanted.bytes);
    const source = { url, validator: validatorOf(reply) };
    await partial.write(
      from,
      source,
      bounded(reply, wanted.bytes - from, (count) => how.onProgress(from + count)),
    );
  } finally {
    reply.body.destroy();
  }
  const came = await partial.size();
  if (came < wanted.bytes)
    throw new Refused(`it ends after ${came} bytes, expected ${wanted.bytes}`);
}

/** Where in the file the body of a reply begins. */
function startOf({ status, headers, answer }: Reply, asked: number, bytes: number): number {
  if (status === 408 || status === 429 || status >= 500) throw new Error(`it answers ${answer}`);
  if (status !== 200 && status !== 206) throw new Refused(`it answers ${answer}`);
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new Refused(`it answers in ${encoding}, which was not asked for`);
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
  const start = status === 206 ? Number(range?.[1] ?? -1) : 0;
  if (status === 206 && start !== asked)
    throw new Refused(
      `it answers ${answer} with ${headers['content-range'] ?? 'no range'}, asked for byte ${asked} on`,
    );
  const length = headers['content-length'];
  const total = length === undefined ? Number(range?.[2] ?? bytes) : start + Number(length);
  if (total !== bytes) throw new Refused(`it has ${total} bytes, expected ${bytes}`);
  return start;
}

/** What If-Range may name; a weak ETag does not promise the same bytes. */
function validatorOf({ headers }: Reply): string | undefined {
  const { etag } = headers;
  return etag !== undefined && !etag.startsWith('W/') ? etag : headers['last-modified'];
}

async function* bounded(
  { body }: Reply,
  most: number,
  onProgress: (count: number) => void,
): AsyncGenerator<Buffer> {
  let count = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    count += chunk.length;
    if (count > most) throw new Refused('it sends more bytes than it should have');
    yield chunk;
    onProgress(count);
  }
}

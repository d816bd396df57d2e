import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { OperatorError } from '../../errors.js';
import { CONNECTION_OPTIONS, connect, operatorError } from '../connection.js';
import { type KnownFace, type Outcome, PeopleImport } from '../import/people.js';
import { findPhotos, type Photo } from '../import/photos.js';
import { Progress } from '../import/progress.js';
import { Report, type ReportLine } from '../import/report.js';
import { processIo } from '../process-io.js';

const LARGEST_PHOTO = 5 * 1024 * 1024;
/** Tries of one call: a service that is busy for a minute does not end an import. */
const MAX_ATTEMPTS = 10;
/** Photos named at the end; the report has them all. */
const MOST_SHOWN = 50;
const HASH_DIGITS = 16;
const LONGEST_NAME = 255;
const QUALITY_FILTERS = ['NONE', 'AUTO', 'LOW', 'MEDIUM', 'HIGH'];

/** A person and the photos that are not through yet. */
interface Person {
  readonly userId: string;
  waiting: number;
  readonly faces: { readonly faceId: string; readonly line: ReportLine }[];
}

/**
 * Brings photos of people into a collection over the public API. The name a face is stored under holds its
 * photo's checksum, so that the collection itself tells a later run what is done.
 */
export async function importPeople(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const photos = await findPhotos(options.source);
  const io = processIo();
  const service = await connect(options.values, io, { maxAttempts: MAX_ATTEMPTS });
  const people = new PeopleImport(service, options.collectionId, options);
  const report = new Report(options.report);
  try {
    if (await people.ensureCollection())
      io.stderr.write(`The collection ${options.collectionId} is new.\n`);
    const known = await people.knownFaces();
    const run = new Run({ people, report, known, retry: options.retry });
    const progress = new Progress(io.stderr, photos.length);
    try {
      await run.all(photos, options.parallel, progress);
    } finally {
      progress.end();
    }
    process.stdout.write(run.summary(photos.length));
  } catch (error) {
    const fault = operatorError(error);
    if (!(fault instanceof OperatorError)) throw fault;
    throw new OperatorError(`${fault.message.trim()}\nThe same command goes on where it stopped.`, {
      cause: fault,
    });
  } finally {
    report.close();
  }
}

interface RunParts {
  readonly people: PeopleImport;
  readonly report: Report;
  readonly known: ReadonlyMap<string, KnownFace>;
  readonly retry: boolean;
}

class Run {
  readonly #parts: RunParts;
  readonly #persons = new Map<string, Person>();
  readonly #problems: string[] = [];
  #stored = 0;
  #before = 0;
  #joined = 0;

  constructor(parts: RunParts) {
    this.#parts = parts;
  }

  async all(photos: readonly Photo[], parallel: number, progress: Progress): Promise<void> {
    for (const { userId } of photos) {
      if (userId === undefined) continue;
      const person = this.#persons.get(userId) ?? { userId, waiting: 0, faces: [] };
      person.waiting++;
      this.#persons.set(userId, person);
    }
    let next = 0;
    let failed = false;
    const worker = async (): Promise<void> => {
      for (let photo = photos[next++]; photo && !failed; photo = photos[next++])
        try {
          progress.count(await this.#one(photo));
        } catch (error) {
          failed = true;
          throw error;
        }
    };
    const workers = Array.from({ length: Math.min(parallel, photos.length) }, worker);
    // All of them end before the first fault is reported: nothing is on its way then.
    const failure = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
    if (failure?.status === 'rejected') throw failure.reason;
  }

  async #one(photo: Photo): Promise<{ sent: boolean; face: boolean }> {
    const { report, known, retry } = this.#parts;
    const { bytes, problem } = await readPhoto(photo.path);
    const hash = createHash('sha256')
      .update(bytes ?? photo.path)
      .digest('hex')
      .slice(0, HASH_DIGITS);
    const earlier = report.find(photo.name, hash);
    const stored = known.get(nameOf(photo, hash));
    const skip = stored === undefined && earlier !== undefined && !retry;
    let outcome: Outcome;
    let sent = false;
    if (stored) outcome = { status: 'stored', faceId: stored.faceId };
    else if (skip && earlier.status !== 'stored') outcome = earlier;
    else if (!bytes) outcome = { status: 'refused', reason: problem };
    else {
      outcome = await this.#parts.people.index(bytes, nameOf(photo, hash));
      sent = true;
    }
    const line: ReportLine = {
      photo: photo.name,
      hash,
      ...(photo.userId !== undefined && { userId: photo.userId }),
      status: outcome.status,
      ...(outcome.faceId !== undefined && { faceId: outcome.faceId }),
      ...(outcome.reason !== undefined && { reason: outcome.reason }),
    };
    await this.#settle(photo, line, stored);
    return { sent, face: outcome.status === 'stored' };
  }

  /** Counts a photo and, with the last one of a person, gives all faces to the user. */
  async #settle(photo: Photo, line: ReportLine, stored: KnownFace | undefined): Promise<void> {
    const { report } = this.#parts;
    if (line.status === 'stored') {
      if (stored) this.#before++;
      else this.#stored++;
    } else this.#problems.push(`${photo.name}: ${line.reason ?? ''}`);
    const person = photo.userId === undefined ? undefined : this.#persons.get(photo.userId);
    const joins = person && line.faceId !== undefined && stored?.userId === undefined;
    if (joins) person.faces.push({ faceId: line.faceId, line });
    if (!joins && !stored) report.add(line);
    if (!person || --person.waiting > 0) return;
    this.#persons.delete(person.userId);
    if (person.faces.length > 0) await this.#associate(person);
  }

  async #associate({ userId, faces }: Person): Promise<void> {
    const { people, report } = this.#parts;
    const refused = await people.associate(
      userId,
      faces.map(({ faceId }) => faceId),
    );
    for (const { faceId, line } of faces) {
      const notJoined = refused.get(faceId);
      if (notJoined === undefined) this.#joined++;
      else this.#problems.push(`${line.photo}: its face did not join ${userId}: ${notJoined}`);
      report.add({ ...line, ...(notJoined !== undefined && { notJoined }) });
    }
  }

  summary(total: number): string {
    const lines = [
      `${total} photos: ${this.#stored} faces stored, ${this.#before} were there before, ${this.#joined} joined their users`,
    ];
    if (this.#problems.length > 0) {
      const shown = this.#problems.slice(0, MOST_SHOWN);
      const more = this.#problems.length - shown.length;
      lines.push('', `${this.#problems.length} photos need a look:`);
      lines.push(...shown.map((problem) => `  ${problem}`));
      if (more > 0) lines.push(`  … and ${more} more`);
    }
    lines.push('', `What became of each photo: ${this.#parts.report.path}`);
    return `${lines.join('\n')}\n`;
  }
}

async function readPhoto(
  path: string,
): Promise<{ bytes: Uint8Array; problem?: never } | { bytes?: never; problem: string }> {
  try {
    const { size } = await stat(path);
    if (size > LARGEST_PHOTO)
      return { problem: `${(size / 1024 / 1024).toFixed(1)} MB is more than the 5 MB of the API` };
    if (size === 0) return { problem: 'the file is empty' };
    return { bytes: await readFile(path) };
  } catch (error) {
    return { problem: `cannot be read: ${(error as Error).message}` };
  }
}

/** The ExternalImageId: what people can read, and the checksum that makes it unique. */
function nameOf({ name }: Photo, hash: string): string {
  const readable = basename(name).replaceAll(/[^a-zA-Z0-9_.\-:]+/g, '_');
  return `${readable.slice(0, LONGEST_NAME - HASH_DIGITS - 1)}:${hash}`;
}

function readOptions(args: readonly string[]) {
  const { values, positionals } = parse(args);
  const [source, ...rest] = positionals;
  const collectionId = values['collection-id'];
  if (source === undefined || rest.length > 0 || collectionId === undefined)
    throw new OperatorError(
      'name one folder or CSV file and a collection, as in: likeness import ~/photos --collection-id people',
    );
  const parallel = Number(values.parallel);
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > 64)
    throw new OperatorError(`--parallel: expected 1 to 64, got ${values.parallel}`);
  const qualityFilter = values['quality-filter'];
  if (!QUALITY_FILTERS.includes(qualityFilter))
    throw new OperatorError(
      `--quality-filter: expected one of ${QUALITY_FILTERS.join(', ')}, got ${qualityFilter}`,
    );
  const given = values['user-match-threshold'];
  const threshold = given === undefined ? undefined : Number(given);
  if (threshold !== undefined && !(threshold >= 0 && threshold <= 100))
    throw new OperatorError(`--user-match-threshold: expected 0 to 100, got ${given}`);
  return {
    source,
    collectionId,
    parallel,
    qualityFilter,
    threshold,
    retry: values.retry,
    report: resolve(values.report ?? `likeness-import-${collectionId}.jsonl`),
    values,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...CONNECTION_OPTIONS,
        'collection-id': { type: 'string' },
        parallel: { type: 'string', default: '4' },
        'quality-filter': { type: 'string', default: 'AUTO' },
        'user-match-threshold': { type: 'string' },
        report: { type: 'string' },
        retry: { type: 'boolean', default: false },
      },
    });
  } catch (cause) {
    throw new OperatorError((cause as Error).message, { cause });
  }
}

import type { CollectionState } from './follower.js';
import type { Pacer } from './pacer.js';
import type { NativeSnapshots, SnapshotWriter } from './snapshot-file.js';
import { SnapshotFiles } from './snapshot-files.js';
import {
  type IndexParts,
  KINDS,
  type LastChange,
  type ReadTools,
  readAbout,
  readIndex,
  type SnapshotAbout,
  type SnapshotSubject,
  writeAbout,
  writeIndex,
} from './snapshot-state.js';
import type { NativeIndex } from './table.js';
import type { Log, VectorKind, VectorSource } from './vectors.js';

/** When snapshots are written. */
export interface SnapshotTuning {
  /** Smaller collections are read from the store as fast. */
  minRows: number;
  /** A snapshot is written again when so many changes came since, as a share of the rows there are … */
  changedShare: number;
  /** … and in any case so long after the last one, when anything changed. */
  maxAgeMs: number;
  /** How often it is looked whether one is due. */
  checkMs: number;
  /** In the background; on shutdown as fast as the disk takes it. */
  bytesPerSecond: number;
}

const TUNING: SnapshotTuning = {
  minRows: 2000,
  changedShare: 0.2,
  maxAgeMs: 24 * 3_600_000,
  checkMs: 5000,
  bytesPerSecond: 128 * 2 ** 20,
};

/** After a write the next one waits this many times as long as it took: a tenth of the time is spent writing. */
const REST = 9;
const RETRY_MS = 600_000;
/** A graph that is being built is waited for so long before it is written as it is. */
const MAX_BUILD_MS = 600_000;
/** Left free on the disk for the store. */
const SPARE_BYTES = 256 * 2 ** 20;

/** A loaded collection. */
export interface Loaded {
  subject: SnapshotSubject;
  state: CollectionState;
}

export interface SnapshotCounts {
  restored: number;
  stale: number;
  setAside: number;
  written: number;
  failed: number;
}

interface Known {
  /** What the file stands at; undefined: there is none that is of use. */
  sequence: number | undefined;
  /** When it was written, found, or missed. */
  atMs: number;
  retryAtMs: number;
}

/**
 * Keeps the indexes of collections in files, so that a start need not build them anew. The store stays the truth: a
 * snapshot stands at one change number, the changes after it are followed as ever, and one that is damaged, of
 * something else or of another history than the store's is not used.
 */
export class Snapshots {
  readonly counts: SnapshotCounts = { restored: 0, stale: 0, setAside: 0, written: 0, failed: 0 };
  readonly #files: SnapshotFiles;
  readonly #native: NativeSnapshots & NativeIndex;
  readonly #source: VectorSource;
  readonly #log: Log;
  readonly #pacer: Pacer;
  readonly #tuning: SnapshotTuning;
  readonly #known = new Map<string, Known>();
  #writing: { collectionId: string; writer: SnapshotWriter; done: Promise<void> } | undefined;
  #restUntilMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: {
    directory: string;
    native: NativeSnapshots & NativeIndex;
    source: VectorSource;
    pacer: Pacer;
    log: Log;
    tuning?: Partial<SnapshotTuning>;
  }) {
    this.#files = new SnapshotFiles(parts.directory);
    this.#native = parts.native;
    this.#source = parts.source;
    this.#log = parts.log;
    this.#pacer = parts.pacer;
    this.#tuning = { ...TUNING, ...parts.tuning };
  }

  /** Looks from time to time which of the loaded collections should be written. */
  watch(loaded: () => Iterable<Loaded>): void {
    this.#timer = setInterval(() => {
      if (this.#writing || Date.now() < this.#restUntilMs) return;
      for (const each of loaded()) {
        if (!this.#isDue(each)) continue;
        const started = Date.now();
        void this.#write(each, this.#tuning.bytesPerSecond).then(() => {
          this.#restUntilMs = Date.now() + REST * (Date.now() - started);
        });
        return;
      }
    }, this.#tuning.checkMs).unref();
  }

  /** The indexes of a collection as its snapshot has them; undefined where there is none that can be used. */
  async load(
    subject: SnapshotSubject,
    memory: Pick<ReadTools, 'newSegment' | 'mapped'>,
  ): Promise<{ parts: Record<VectorKind, IndexParts>; sequence: number } | undefined> {
    const { collectionId, dimension } = subject;
    const started = performance.now();
    this.#known.set(collectionId, { sequence: undefined, atMs: Date.now(), retryAtMs: 0 });
    try {
      const about = await this.#read(subject, { ...memory, ...this.#tools, dimension });
      if (!about) return undefined;
      const { sequence, parts } = about;
      this.#known.set(collectionId, { sequence, atMs: Date.now(), retryAtMs: 0 });
      this.counts.restored++;
      const tookMs = Math.round(performance.now() - started);
      const rows = parts.face.ordinals.size + parts.user.ordinals.size;
      this.#log(
        'a collection was read from its snapshot',
        { collectionId, rows, sequence, tookMs },
        'info',
      );
      return { parts, sequence };
    } catch (error) {
      await this.#refuse(collectionId, error);
      return undefined;
    }
  }

  /** Removes what is kept of a collection that was deleted. */
  async remove(collectionId: string): Promise<void> {
    this.#known.delete(collectionId);
    if (this.#writing?.collectionId === collectionId) {
      this.#writing.writer.cancel();
      await this.#writing.done;
    }
    await this.#files.remove(collectionId);
  }

  /** Removes what is kept of collections that are not among these, which are all there are. */
  async sweep(collectionIds: Iterable<string>): Promise<void> {
    const removed = await this.#files.sweep(collectionIds);
    if (removed.length > 0)
      this.#log('removed snapshots that belong to no collection', { files: removed }, 'info');
  }

  /** Writes what changed since it was last written, for at most this long, and ends. */
  async close(loaded: Iterable<Loaded>, timeoutMs: number): Promise<void> {
    clearInterval(this.#timer);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#writing?.writer.cancel();
    }, timeoutMs);
    if (this.#writing) {
      this.#writing.writer.cancel();
      await this.#writing.done;
    }
    for (const each of loaded) if (!late && this.#behind(each) > 0) await this.#write(each, 0);
    clearTimeout(timer);
    if (late) this.#log('shutdown did not wait for all snapshots; the next start is slower', {});
  }

  get #tools() {
    return { native: this.#native, pacer: this.#pacer };
  }

  async #read(subject: SnapshotSubject, tools: ReadTools) {
    const { collectionId } = subject;
    const reader = new this.#native.Reader(this.#files.path(collectionId));
    try {
      const about = await readAbout(reader);
      const reason = differs(about, subject) ?? (await this.#history(about));
      if (reason !== undefined) {
        this.counts.stale++;
        this.#log('a snapshot is of no use', { collectionId, reason }, 'info');
        await this.#files.remove(collectionId);
        return undefined;
      }
      const read = (kind: VectorKind) =>
        readIndex(reader, kind, about.graphs.includes(kind), tools);
      const parts = { face: await read('face'), user: await read('user') };
      return { sequence: about.sequence, parts };
    } finally {
      reader.close();
    }
  }

  /** Why the store's history is not the one the snapshot was taken of; undefined where it is. */
  async #history({
    collectionId,
    sequence,
    lastChange,
  }: SnapshotAbout): Promise<string | undefined> {
    const found = await this.#changeAt(collectionId, sequence);
    if (!found) return `the store does not know its change ${sequence}`;
    return found.kind === lastChange.kind && found.key === lastChange.key
      ? undefined
      : `change ${sequence} is another one in the store`;
  }

  async #changeAt(collectionId: string, sequence: number): Promise<LastChange | undefined> {
    const answer = await this.#source.changes(collectionId, sequence - 1, 1);
    const [change] = answer === 'truncated' ? [] : answer.changes;
    return change?.sequence === sequence ? { kind: change.kind, key: change.key } : undefined;
  }

  /** A snapshot that could not be read: what is damaged is set aside, what may have been an accident stays. */
  async #refuse(collectionId: string, error: unknown): Promise<void> {
    const { code, message } = error as { code?: string; message: string };
    if (code === 'ENOENT') return;
    if (code === 'SNAPSHOT_VERSION') {
      this.counts.stale++;
      this.#log('a snapshot is of no use', { collectionId, reason: message }, 'info');
      await this.#files.remove(collectionId);
      return;
    }
    if (code !== 'SNAPSHOT_BROKEN') {
      this.#log('a snapshot could not be read; the collection is read from the store', {
        collectionId,
        error,
      });
      return;
    }
    this.counts.setAside++;
    const file = await this.#files.setAside(collectionId).catch(String);
    const what = 'a snapshot is damaged and was set aside; the collection is read from the store';
    this.#log(what, { collectionId, reason: message, file });
  }

  /** Changes that the file of a collection lacks. */
  #behind({ subject, state }: Loaded): number {
    if (rowsOf(state) < this.#tuning.minRows) return 0;
    return state.sequence - (this.#known.get(subject.collectionId)?.sequence ?? 0);
  }

  #isDue(loaded: Loaded): boolean {
    const { subject, state } = loaded;
    const { minRows, changedShare, maxAgeMs } = this.#tuning;
    const known = this.#known.get(subject.collectionId);
    if (!known) return false;
    const now = Date.now();
    const rows = rowsOf(state);
    if (rows < minRows) {
      // A collection that has shrunk must not leave what was erased in a file.
      if (known.sequence !== undefined && known.sequence < state.sequence) this.#outgrown(subject);
      return false;
    }
    const behind = this.#behind(loaded);
    if (behind === 0 || now < known.retryAtMs) return false;
    const building = KINDS.some((kind) => state.indexes[kind].pending > rows / 10);
    if (building && now < known.atMs + MAX_BUILD_MS) return false;
    return (
      known.sequence === undefined || behind >= rows * changedShare || now >= known.atMs + maxAgeMs
    );
  }

  #outgrown({ collectionId }: SnapshotSubject): void {
    this.#known.set(collectionId, { sequence: undefined, atMs: Date.now(), retryAtMs: 0 });
    this.#files
      .remove(collectionId)
      .catch((error: unknown) =>
        this.#log('a snapshot could not be removed', { collectionId, error }),
      );
  }

  /** Never rejects. */
  async #write(loaded: Loaded, bytesPerSecond: number): Promise<void> {
    const { collectionId } = loaded.subject;
    const started = performance.now();
    try {
      const writer = this.#open(loaded, bytesPerSecond);
      const work = this.#save(loaded, writer);
      const done = work.then(
        () => undefined,
        () => undefined,
      );
      this.#writing = { collectionId, writer, done };
      const { sequence, bytes } = await work;
      // Dropped while the last bytes were written: the file must go as well.
      if (!this.#known.has(collectionId)) await this.#files.remove(collectionId);
      else this.#known.set(collectionId, { sequence, atMs: Date.now(), retryAtMs: 0 });
      this.counts.written++;
      await this.#files.removeBroken(collectionId);
      const tookMs = Math.round(performance.now() - started);
      this.#log('a snapshot was written', { collectionId, sequence, bytes, tookMs }, 'info');
    } catch (error) {
      if ((error as { code?: string }).code !== 'SNAPSHOT_CANCELLED') {
        this.counts.failed++;
        this.#log('a snapshot could not be written', { collectionId, error });
      }
      const known = this.#known.get(collectionId);
      if (known) known.retryAtMs = Date.now() + RETRY_MS;
    } finally {
      this.#writing = undefined;
    }
  }

  #open({ subject, state }: Loaded, bytesPerSecond: number): SnapshotWriter {
    const bytes = rowsOf(state) * (subject.dimension * 5 + 512) + SPARE_BYTES;
    const free = this.#files.freeBytes();
    if (free < bytes)
      throw new Error(
        `it needs ${bytes} bytes on the disk, with some to spare, and ${free} are free`,
      );
    return new this.#native.Writer(`${this.#files.path(subject.collectionId)}.tmp`, bytesPerSecond);
  }

  /** Writes the state as it is at this moment. */
  async #save(
    { subject, state }: Loaded,
    writer: SnapshotWriter,
  ): Promise<{ sequence: number; bytes: number }> {
    const native = this.#native;
    const { sequence } = state;
    const images = KINDS.map((kind) => {
      const image = state.indexes[kind].image();
      return { kind, image, marks: native.marks(image.table) };
    });
    try {
      const lastChange = await this.#changeAt(subject.collectionId, sequence);
      if (!lastChange) throw new Error(`the store does not know change ${sequence}`);
      for (const { kind, image, marks } of images)
        await writeIndex(writer, kind, image, { native, marks });
      const graphs = images.flatMap(({ kind, image }) => (image.graph ? [kind] : []));
      await writeAbout(writer, { ...subject, sequence, lastChange, graphs });
      const bytes = await writer.commit(this.#files.path(subject.collectionId));
      return { sequence, bytes };
    } finally {
      writer.cancel();
      for (const { image } of images) image.release();
    }
  }
}

const rowsOf = ({ indexes }: CollectionState): number => indexes.face.count + indexes.user.count;

/** Why a snapshot is not one of this collection; undefined where it is. */
function differs(about: SnapshotAbout, subject: SnapshotSubject): string | undefined {
  const fields = ['collectionId', 'createdAtMs', 'modelId', 'dimension'] as const;
  const field = fields.find((name) => about[name] !== subject[name]);
  return field && `its ${field} is ${about[field]}, not ${subject[field]}`;
}

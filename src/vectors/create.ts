import {
  ENGINE_TAG,
  type EngineName,
  parseSearchSettings,
  type SearchSettings,
} from '../domain/search-settings.js';
import { collectionMoved } from '../errors.js';
import { type CollectionState, Follower } from './follower.js';
import type { GraphMaker, GraphSettings } from './graph-engine.js';
import { hnswGraphs } from './hnsw.js';
import { hnswlibGraphs } from './hnswlib.js';
import { HnswlibHost } from './hnswlib-host.js';
import { loadKernels } from './kernels.js';
import { Pacer } from './pacer.js';
import { PortableTable } from './portable-table.js';
import { type RowMemory, rowMemory } from './row-memory.js';
import { loadNativeSnapshots } from './snapshot-file.js';
import type { SnapshotSubject } from './snapshot-state.js';
import { type Loaded, Snapshots, type SnapshotTuning } from './snapshots.js';
import { loadNativeIndex } from './table.js';
import { type IndexPlan, type IndexTools, VectorIndex } from './vector-index.js';
import type { CollectionRef, Log, VectorKind, VectorSource, Vectors } from './vectors.js';

export interface VectorsOptions {
  /** Up to this many vectors of a kind every search scans them all; above, a graph proposes candidates. */
  flatLimits: Readonly<Record<VectorKind, number>>;
  /**
   * `flat` never builds a graph, the others build one above the limit: `hnsw` in the native addon,
   * `hnswlib` in a worker thread, `auto` whichever is there, in this order.
   */
  engine: EngineName;
  log?: Log;
  /** Where indexes are kept over a restart; undefined: they are built anew from the store. */
  snapshots?: SnapshotOptions;
  /** Where rows are kept; default: in memory. */
  memory?: RowMemory;
  /** Overrides how graphs are built and searched. */
  graphSettings?: GraphSettings;
}

export interface SnapshotOptions {
  /** Made when missing. Holds embeddings, readable by its owner only. */
  directory: string;
  /** How long `close` may write. */
  closeMs: number;
  tuning?: Partial<SnapshotTuning>;
}

/** The searchable vectors of all collections of a store. Nothing is loaded before it is asked for. */
export function createVectors(source: VectorSource, options: VectorsOptions): Vectors {
  return new SearchableVectors(source, options);
}

type Plans = Readonly<Record<VectorKind, IndexPlan>>;

/** How often the reading of a collection is reported. */
const PROGRESS_MS = 5000;

interface Entry {
  collection: SnapshotSubject;
  follower: Follower;
  plans: Plans;
  /** The tag that the plans were made of. */
  tag: string | undefined;
  /** Resolves when the tag was read for the first time. */
  ready: Promise<void>;
}

class SearchableVectors implements Vectors {
  readonly #source: VectorSource;
  readonly #tools: IndexTools;
  readonly #options: VectorsOptions;
  readonly #native = loadNativeIndex();
  readonly #entries = new Map<string, Entry>();
  readonly #hnswlib = new HnswlibHost();
  readonly #snapshots: Snapshots | undefined;
  readonly #closeMs: number;
  readonly #memory: ReturnType<typeof rowMemory>;
  #readFromStore = 0;
  #closed = false;

  constructor(source: VectorSource, options: VectorsOptions) {
    const { log = () => undefined } = options;
    const { kernels, kernelProblem } = loadKernels();
    if (kernelProblem)
      log('the native addon was built but does not load; a slower kernel is in use', {
        error: kernelProblem,
        kernel: kernels[0].name,
      });
    const [kernel] = kernels;
    const pacer = new Pacer();
    const Native = this.#native;
    this.#source = source;
    this.#memory = rowMemory(options.memory);
    this.#tools = {
      kernel,
      newTable: (shape) =>
        Native ? new Native.Table(shape) : new PortableTable(kernel, pacer, shape),
      newSegment: this.#memory.newSegment,
      pacer,
      log,
    };
    this.#options = options;
    this.#closeMs = options.snapshots?.closeMs ?? 0;
    this.#snapshots = this.#openSnapshots(options);
    this.#snapshots?.watch(() => this.#loaded());
  }

  async search(
    collection: CollectionRef,
    { kind, ...request }: Parameters<Vectors['search']>[1],
    atLeast: number,
  ) {
    const { indexes } = await this.#reach(collection, atLeast);
    return indexes[kind].search(request);
  }

  async reach(collection: CollectionRef, sequence: number): Promise<void> {
    await this.#reach(collection, sequence);
  }

  async reconfigure(collectionId: string): Promise<void> {
    const entry = this.#entries.get(collectionId);
    if (!entry || !(await this.#readTag(collectionId, entry))) return;
    for (const kind of ['face', 'user'] as const)
      entry.follower.state?.indexes[kind].replan(entry.plans[kind]);
  }

  async drop(collectionId: string): Promise<void> {
    this.#forget(collectionId);
    try {
      await this.#snapshots?.remove(collectionId);
    } catch (error) {
      // The collection is gone all the same; the next start removes it.
      this.#tools.log('the snapshot of a deleted collection could not be removed', {
        collectionId,
        error,
      });
    }
  }

  async sweep(collectionIds: Iterable<string>): Promise<void> {
    await this.#snapshots?.sweep(collectionIds);
  }

  status() {
    const states = [...this.#entries.values()].flatMap(({ follower }) => follower.state ?? []);
    const sum = (of: (state: (typeof states)[number]) => number) =>
      states.reduce((total, state) => total + of(state), 0);
    return {
      collections: states.length,
      faces: sum(({ indexes }) => indexes.face.count),
      users: sum(({ indexes }) => indexes.user.count),
      kernel: this.#tools.kernel.name,
      engines: this.#engines(),
      pending: sum(({ indexes }) => indexes.face.pending + indexes.user.pending),
      ...(this.#snapshots && {
        readFromStore: this.#readFromStore,
        snapshots: { ...this.#snapshots.counts },
      }),
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#snapshots?.close(this.#loaded(), this.#closeMs);
    for (const collectionId of this.#entries.keys()) this.#forget(collectionId);
    await this.#hnswlib.close();
  }

  #engines() {
    const engines = { flat: 0, hnsw: 0, hnswlib: 0 };
    for (const { follower } of this.#entries.values())
      for (const { engine } of Object.values(follower.state?.indexes ?? {})) engines[engine]++;
    return engines;
  }

  async #reach(collection: CollectionRef, sequence: number): Promise<CollectionState> {
    const { follower, ready } = this.#entry(collection);
    await ready;
    return follower.reach(sequence);
  }

  #entry(collection: CollectionRef): Entry {
    if (this.#closed) throw new Error('the search index is closed');
    const { collectionId, dimension } = collection;
    const known = this.#entries.get(collectionId);
    if (known && isSame(known.collection, collection)) return known;
    // Deleted and created again under its old id before `drop` came, or moved to another model.
    const { createdAtMs, modelId } = collection;
    const moved = known?.collection.createdAtMs === createdAtMs && createdAtMs !== undefined;
    this.#forget(collectionId, moved ? collectionMoved(collectionId) : undefined);
    const subject: SnapshotSubject = { collectionId, dimension, createdAtMs, modelId };
    const follower = new Follower(this.#source, subject, {
      newIndex: (kind) => new VectorIndex(dimension, this.#tools, entry.plans[kind]),
      pacer: this.#tools.pacer,
      restore: () => this.#restore(subject, entry.plans),
      progress: this.#progressOf(collectionId),
    });
    const plans = this.#plans();
    const entry: Entry = {
      collection: subject,
      follower,
      plans,
      tag: undefined,
      ready: Promise.resolve(),
    };
    this.#entries.set(collectionId, entry);
    // One that is gone is told to whoever waits for the follower.
    entry.ready = this.#readTag(collectionId, entry).then(
      () => undefined,
      () => undefined,
    );
    return entry;
  }

  /** Makes the plans that the collection's tag asks for; false where it is the one they were made of. */
  async #readTag(collectionId: string, entry: Entry): Promise<boolean> {
    const { [ENGINE_TAG]: tag } = await this.#source.tags(collectionId);
    if (tag === entry.tag) return false;
    try {
      entry.plans = this.#plans(tag === undefined ? undefined : parseSearchSettings(tag));
    } catch (error) {
      this.#tools.log(`a collection's tag ${ENGINE_TAG} is not valid; it is ignored`, {
        collectionId,
        error,
      });
      entry.plans = this.#plans();
    }
    entry.tag = tag;
    return true;
  }

  #plans(settings?: SearchSettings): Plans {
    const { flatLimits, engine, graphSettings } = this.#options;
    const graphs = this.#graphs(settings?.engine ?? engine);
    const plan = (flatLimit: number): IndexPlan => ({
      graphs,
      flatLimit: settings?.flat ?? flatLimit,
      ...(graphs && { graphSettings: tuned(graphSettings ?? graphs.settings, settings) }),
    });
    return { face: plan(flatLimits.face), user: plan(flatLimits.user) };
  }

  #graphs(engine: EngineName): GraphMaker | undefined {
    const { log, pacer } = this.#tools;
    if (engine === 'flat') return undefined;
    if (this.#native && engine !== 'hnswlib') return hnswGraphs(this.#native, pacer);
    if (engine === 'hnsw') log('there is no native addon; hnswlib takes the place of hnsw', {});
    return hnswlibGraphs(this.#hnswlib);
  }

  async #restore(subject: SnapshotSubject, plans: Plans): Promise<CollectionState | undefined> {
    const found = await this.#snapshots?.load(subject, this.#memory);
    if (!found) return undefined;
    const { parts, sequence } = found;
    const index = (kind: VectorKind) =>
      new VectorIndex(subject.dimension, this.#tools, plans[kind], parts[kind]);
    return { indexes: { face: index('face'), user: index('user') }, sequence };
  }

  /** Tells how far the reading of a collection from the store has come, if it takes long. */
  #progressOf(collectionId: string): (rows: number) => void {
    let rows = 0;
    let toldMs = performance.now();
    return (more) => {
      rows += more;
      this.#readFromStore += more;
      if (performance.now() - toldMs < PROGRESS_MS) return;
      toldMs = performance.now();
      this.#tools.log('reading a collection from the store', { collectionId, rows }, 'info');
    };
  }

  *#loaded(): Generator<Loaded> {
    for (const { collection: subject, follower } of this.#entries.values())
      if (follower.state) yield { subject, state: follower.state };
  }

  #forget(collectionId: string, reason?: Error): void {
    this.#entries.get(collectionId)?.follower.close(reason);
    this.#entries.delete(collectionId);
  }

  #openSnapshots({ snapshots, log = () => undefined }: VectorsOptions): Snapshots | undefined {
    const files = loadNativeSnapshots();
    if (!snapshots || !this.#native || !files) return undefined;
    const { directory, tuning } = snapshots;
    const native = { ...this.#native, ...files };
    const parts = { directory, native, source: this.#source, pacer: this.#tools.pacer, log };
    try {
      return new Snapshots({ ...parts, ...(tuning && { tuning }) });
    } catch (error) {
      log('there will be no snapshots: their directory cannot be used', { directory, error });
      return undefined;
    }
  }
}

const MAX_SHARE_SET = 1 / 16;

/** What a collection sets for itself, in place of what holds for all. */
const tuned = (
  base: GraphSettings,
  { m, efConstruction, ef }: Omit<SearchSettings, 'engine'> = {},
): GraphSettings => ({
  ...base,
  ...(m !== undefined && { m: () => m }),
  ...(efConstruction !== undefined && { efConstruction }),
  // Whoever sets the candidates wants them where a scan would be somewhat cheaper, too.
  ...(ef !== undefined && { candidates: () => ef, maxShare: MAX_SHARE_SET }),
});

/** A caller that does not know when the collection was created is taken to mean the one that is loaded. */
const isSame = (known: SnapshotSubject, asked: CollectionRef): boolean =>
  known.dimension === asked.dimension &&
  (known.modelId === undefined || asked.modelId === undefined || known.modelId === asked.modelId) &&
  (known.createdAtMs === undefined ||
    asked.createdAtMs === undefined ||
    known.createdAtMs === asked.createdAtMs);

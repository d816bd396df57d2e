import type { EngineName } from './engine.js';
import { Follower } from './follower.js';
import type { GraphMaker, GraphSettings } from './graph-engine.js';
import { hnswGraphs } from './hnsw.js';
import { hnswlibGraphs } from './hnswlib.js';
import { HnswlibHost } from './hnswlib-host.js';
import { loadKernels } from './kernels.js';
import { Pacer } from './pacer.js';
import { PortableTable } from './portable-table.js';
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
  /** Overrides how graphs are built and searched. */
  graphSettings?: GraphSettings;
}

/** The searchable vectors of all collections of a store. Nothing is loaded before it is asked for. */
export function createVectors(source: VectorSource, options: VectorsOptions): Vectors {
  return new SearchableVectors(source, options);
}

interface Entry {
  collection: CollectionRef;
  follower: Follower;
}

class SearchableVectors implements Vectors {
  readonly #source: VectorSource;
  readonly #tools: IndexTools;
  readonly #plans: Readonly<Record<VectorKind, IndexPlan>>;
  readonly #native = loadNativeIndex();
  readonly #entries = new Map<string, Entry>();
  readonly #hnswlib = new HnswlibHost();
  #closed = false;

  constructor(source: VectorSource, options: VectorsOptions) {
    const { flatLimits, engine, log = () => undefined, graphSettings } = options;
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
    this.#tools = {
      kernel,
      newTable: (shape) =>
        Native ? new Native.Table(shape) : new PortableTable(kernel, pacer, shape),
      pacer,
      log,
    };
    const graphs = this.#graphs(engine, log);
    const plan = (flatLimit: number): IndexPlan => ({
      graphs,
      flatLimit,
      ...(graphSettings && { graphSettings }),
    });
    this.#plans = { face: plan(flatLimits.face), user: plan(flatLimits.user) };
  }

  async search(
    collection: CollectionRef,
    { kind, ...request }: Parameters<Vectors['search']>[1],
    atLeast: number,
  ) {
    const { indexes } = await this.#follower(collection).reach(atLeast);
    return indexes[kind].search(request);
  }

  async reach(collection: CollectionRef, sequence: number): Promise<void> {
    await this.#follower(collection).reach(sequence);
  }

  drop(collectionId: string): void {
    this.#entries.get(collectionId)?.follower.close();
    this.#entries.delete(collectionId);
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
      pending: sum(({ indexes }) => indexes.face.pending + indexes.user.pending),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const collectionId of this.#entries.keys()) this.drop(collectionId);
    await this.#hnswlib.close();
  }

  #graphs(engine: VectorsOptions['engine'], log: Log): GraphMaker | undefined {
    if (engine === 'flat') return undefined;
    if (this.#native && engine !== 'hnswlib') return hnswGraphs(this.#native, this.#tools.pacer);
    if (engine === 'hnsw') log('there is no native addon; hnswlib takes the place of hnsw', {});
    return hnswlibGraphs(this.#hnswlib);
  }

  #follower(collection: CollectionRef): Follower {
    if (this.#closed) throw new Error('the search index is closed');
    const { collectionId, dimension } = collection;
    const entry = this.#entries.get(collectionId);
    if (entry && isSame(entry.collection, collection)) return entry.follower;
    // Deleted and created again under its old id before `drop` came.
    this.drop(collectionId);
    const follower = new Follower(this.#source, collectionId, {
      newIndex: (kind) => new VectorIndex(dimension, this.#tools, this.#plans[kind]),
      pacer: this.#tools.pacer,
    });
    const { createdAtMs } = collection;
    const known = { collectionId, dimension, ...(createdAtMs !== undefined && { createdAtMs }) };
    this.#entries.set(collectionId, { collection: known, follower });
    return follower;
  }
}

/** A caller that does not know when the collection was created is taken to mean the one that is loaded. */
const isSame = (known: CollectionRef, asked: CollectionRef): boolean =>
  known.dimension === asked.dimension &&
  (known.createdAtMs === undefined ||
    asked.createdAtMs === undefined ||
    known.createdAtMs === asked.createdAtMs);

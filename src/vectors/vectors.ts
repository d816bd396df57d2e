/** Faces and users of one collection are searched apart. */
export type VectorKind = 'face' | 'user';

/** Tells an operator what happened inside: a message and what goes with it; `warn` unless it says otherwise. */
export type Log = (
  message: string,
  details: Record<string, unknown>,
  level?: 'info' | 'warn',
) => void;

/** Which collection is meant. */
export interface CollectionRef {
  collectionId: string;
  /** Length of its vectors. */
  dimension: number;
  /** Where given, another value under the same id is another collection, and starts afresh. */
  createdAtMs?: number;
  /** The model that its vectors come from. */
  modelId?: string;
}

/** Where an index gets its vectors from: the store, seen as a followable log. */
export interface VectorSource {
  changes(
    collectionId: string,
    after: number,
    limit: number,
    /** Of the model that the vectors are expected to be of; another one is an error. */
    modelId?: string,
  ): Promise<
    | {
        changes: {
          sequence: number;
          kind: VectorKind;
          /** FaceId or UserId. */
          key: string;
          /** Unit length; undefined: no longer there. */
          vector: Float32Array | undefined;
        }[];
        /** True when `changes` ends at the newest change. */
        complete: boolean;
      }
    | 'truncated'
  >;
  /** All vectors as they stand at one change number: at least one batch, an empty one where there is none. */
  vectors(
    collectionId: string,
    modelId?: string,
  ): AsyncIterable<{
    sequence: number;
    kind: VectorKind;
    keys: string[];
    /** keys.length × dimension floats, row by row. */
    rows: Float32Array;
  }>;
  /** Those of a collection; one of them may say how it is searched (domain/search-settings.ts). */
  tags(collectionId: string): Promise<Record<string, string>>;
}

export interface SearchRequest {
  kind: VectorKind;
  /** Unit length, the collection's dimension. */
  query: Float32Array;
  /** At most this many matches. */
  limit: number;
  /** Matches below this cosine are left out. */
  minCosine: number;
  /** A key that must not be returned: the face or user searched with. */
  exclude?: string;
  /** Only these keys may be returned; undefined: all. */
  only?: ReadonlySet<string>;
}

export interface Match {
  key: string;
  /** Exact, from the float32 vectors by the native kernel. */
  cosine: number;
}

/**
 * The searchable vectors of every collection: a cache of the store that follows its change sequence.
 * An index only proposes candidates; every cosine returned is the exact one.
 */
export interface Vectors {
  /**
   * The best matches, highest cosine first (ties: by key), as of at least change number `atLeast`.
   * Loads the collection from the store first where it is not loaded yet.
   */
  search(collection: CollectionRef, request: SearchRequest, atLeast: number): Promise<Match[]>;
  /** Follows the store up to `sequence`, so that later searches need not wait. */
  reach(collection: CollectionRef, sequence: number): Promise<void>;
  /** Searches a collection as its tags say now. A graph that this takes is built in the background. */
  reconfigure(collectionId: string): Promise<void>;
  /** Forgets a collection. Resolves once nothing of it is kept in files. */
  drop(collectionId: string): Promise<void>;
  /** Removes the files of collections that are not among these, which are all there are. */
  sweep(collectionIds: Iterable<string>): Promise<void>;
  status(): {
    /** Loaded ones; the counts below are of these. */
    collections: number;
    faces: number;
    users: number;
    kernel: string;
    /** How many sets of vectors, of a collection and kind each, are searched by which engine now. */
    engines: { flat: number; hnsw: number; hnswlib: number };
    /** Vectors a graph has not taken in yet; searches take them into account all the same. */
    pending?: number;
    /** Vectors read from the store since the start because no snapshot could be used. */
    readFromStore?: number;
    /** What became of snapshots since the start. */
    snapshots?: Readonly<Record<string, number>>;
  };
  close(): Promise<void>;
}

/** Exact scoring of a handful of vectors against one: one native call. */
export interface Matcher {
  /** Name of the kernel in use, such as `avx512`. */
  readonly kernel: string;
  /** cosines[i] = query · rows[i]; all of unit length and equal dimension. */
  cosines(query: Float32Array, rows: readonly Float32Array[]): Float32Array;
  /** cosines[i] = query · row ordinals[i] of `block`, whose rows lie end to end: nothing is copied. */
  cosinesOf(query: Float32Array, block: Float32Array, ordinals: Uint32Array): Float32Array;
}

import { ApiError } from '../errors.js';
import type { Pacer } from './pacer.js';
import type { VectorIndex } from './vector-index.js';
import type { VectorKind, VectorSource } from './vectors.js';

/** The vectors of one collection as of one change number. */
export interface CollectionState {
  readonly indexes: Record<VectorKind, VectorIndex>;
  /** All changes up to this number are in the indexes. */
  sequence: number;
}

/** Changes asked for at once. */
const CHANGES_PER_READ = 1000;

/** Loading anew this often without getting ahead means that the source contradicts itself. */
const MAX_LOADS_IN_A_ROW = 3;

interface Waiter {
  sequence: number;
  /** The read during which it came; only a later one shows everything committed before it came. */
  since: number;
  resolve: (state: CollectionState) => void;
  reject: (error: unknown) => void;
}

/**
 * Keeps one collection's indexes in step with the store. It reads only while someone waits: one read at
 * a time serves all who wait. A failed read rejects them, and the next call tries again.
 */
export class Follower {
  readonly #source: VectorSource;
  readonly #collectionId: string;
  readonly #modelId: string | undefined;
  readonly #newIndex: (kind: VectorKind) => VectorIndex;
  readonly #pacer: Pacer;
  readonly #progress: (rows: number) => void;
  /** Asked once, before the first load. */
  #restore: (() => Promise<CollectionState | undefined>) | undefined;
  #state: CollectionState | undefined;
  #waiters: Waiter[] = [];
  #reads = 0;
  #running = false;
  #closed = false;

  constructor(
    source: VectorSource,
    { collectionId, modelId }: { collectionId: string; modelId: string | undefined },
    tools: {
      newIndex: (kind: VectorKind) => VectorIndex;
      pacer: Pacer;
      /** An earlier state to go on from. */
      restore?: () => Promise<CollectionState | undefined>;
      /** Told how many vectors were read from the source, as they come. */
      progress?: (rows: number) => void;
    },
  ) {
    this.#source = source;
    this.#collectionId = collectionId;
    this.#modelId = modelId;
    this.#newIndex = tools.newIndex;
    this.#pacer = tools.pacer;
    this.#restore = tools.restore;
    this.#progress = tools.progress ?? (() => undefined);
  }

  /** What is loaded; undefined before the first load is complete. */
  get state(): CollectionState | undefined {
    return this.#state;
  }

  /** The state as of at least `sequence`. Rejects when reading the source fails or the follower is closed. */
  reach(sequence: number): Promise<CollectionState> {
    if (this.#closed) return Promise.reject(this.#closedError());
    if (this.#state && this.#state.sequence >= sequence) return Promise.resolve(this.#state);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ sequence, since: this.#reads, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  /** Forgets everything and rejects who waits, as for a deleted collection unless told otherwise; a load under way ends at its next batch. */
  close(reason: Error = this.#closedError()): void {
    this.#closed = true;
    this.#rejectAll(reason);
    this.#replaceState(undefined);
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      for (let loads = 0; this.#waiters.length > 0 && !this.#closed; ) {
        const read = ++this.#reads;
        const complete = this.#state ? await this.#follow(this.#state) : await this.#begin();
        if (complete === 'truncated') {
          if (++loads > MAX_LOADS_IN_A_ROW)
            throw new Error(
              `the change log of collection ${this.#collectionId} does not reach back to its own vectors`,
            );
          await this.#load();
        } else if (complete) loads = 0;
        this.#settle(complete === true ? read : undefined);
      }
    } catch (error) {
      this.#rejectAll(error);
    } finally {
      this.#running = false;
    }
  }

  /** Resolves who has what it waits for; after a complete read, rejects who asked for what is not there. */
  #settle(completeRead: number | undefined): void {
    const state = this.#state;
    if (!state) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      if (waiter.sequence <= state.sequence) waiter.resolve(state);
      else if (completeRead !== undefined && waiter.since < completeRead)
        waiter.reject(
          new Error(
            `collection ${this.#collectionId} has no change ${waiter.sequence}; its newest is ${state.sequence}`,
          ),
        );
      else this.#waiters.push(waiter);
    }
  }

  /** Takes one run of changes. True when it ended at the newest change. */
  async #follow(state: CollectionState): Promise<boolean | 'truncated'> {
    const answer = await this.#source.changes(
      this.#collectionId,
      state.sequence,
      CHANGES_PER_READ,
      this.#modelId,
    );
    if (answer === 'truncated') return answer;
    await this.#pacer.step();
    if (this.#closed) return false;
    for (const { sequence, kind, key, vector } of answer.changes) {
      if (sequence <= state.sequence)
        throw new Error(
          `change ${sequence} of collection ${this.#collectionId} came after ${state.sequence}`,
        );
      state.indexes[kind].set(key, vector);
      state.sequence = sequence;
    }
    if (!answer.complete && answer.changes.length === 0)
      throw new Error(`collection ${this.#collectionId} has more changes but showed none`);
    return answer.complete;
  }

  /** Goes on from an earlier state, where there is one. */
  async #begin(): Promise<boolean> {
    const restore = this.#restore;
    this.#restore = undefined;
    const state = await restore?.();
    if (!state) return this.#load();
    if (this.#closed) closeIndexes(state);
    else this.#replaceState(state);
    return false;
  }

  /** Reads all vectors into a fresh state and puts it in place of the old one. */
  async #load(): Promise<boolean> {
    const indexes = { face: this.#newIndex('face'), user: this.#newIndex('user') };
    const state: CollectionState = { indexes, sequence: 0 };
    try {
      for await (const batch of this.#source.vectors(this.#collectionId, this.#modelId)) {
        state.sequence = batch.sequence;
        await this.#take(indexes[batch.kind], batch);
        this.#progress(batch.keys.length);
        if (this.#closed) break;
      }
    } catch (error) {
      closeIndexes(state);
      throw error;
    }
    if (this.#closed) closeIndexes(state);
    else this.#replaceState(state);
    return false;
  }

  async #take(
    index: VectorIndex,
    { keys, rows }: { keys: string[]; rows: Float32Array },
  ): Promise<void> {
    if (keys.length === 0) return;
    const dimension = rows.length / keys.length;
    for (const [i, key] of keys.entries()) {
      if (!this.#pacer.hasTime()) await this.#pacer.step();
      index.set(key, rows.subarray(i * dimension, (i + 1) * dimension));
    }
  }

  #replaceState(state: CollectionState | undefined): void {
    const old = this.#state;
    this.#state = state;
    if (old) closeIndexes(old);
  }

  #rejectAll(error: unknown): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiters) reject(error);
  }

  /** The collection was deleted while somebody waited for it. */
  #closedError(): ApiError {
    return new ApiError(
      'ResourceNotFoundException',
      `The collection id: ${this.#collectionId} does not exist`,
    );
  }
}

function closeIndexes({ indexes }: CollectionState): void {
  indexes.face.close();
  indexes.user.close();
}

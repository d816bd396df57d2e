import { setImmediate } from 'node:timers/promises';
import type { VectorKind, VectorSource } from '../../src/vectors/vectors.js';

/** A seeded source of numbers (mulberry32). */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }

  /** 0 ≤ x < 1. */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** 0 ≤ x < end. */
  below(end: number): number {
    return Math.floor(this.unit() * end);
  }

  gauss(): number {
    return Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit());
  }

  floats(length: number, scale = 1): Float32Array {
    return Float32Array.from({ length }, () => this.gauss() * scale);
  }

  /** A unit vector whose components shrink like those of face embeddings. */
  direction(dimension: number): Float32Array {
    return normalise(
      Float32Array.from(
        { length: dimension },
        (_, i) => this.gauss() / Math.sqrt(1 + (8 * i) / dimension),
      ),
    );
  }

  /** A unit vector at about this cosine from `centre`. */
  near(centre: Float32Array, cosine: number): Float32Array {
    const other = this.direction(centre.length);
    const away = Math.sqrt(1 - cosine * cosine);
    return normalise(centre.map((value, i) => cosine * value + away * other[i]!));
  }
}

export function normalise(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector));
  return vector.map((value) => value / length);
}

/** In double precision. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Faces of `people` people, `each` apiece, two of one person at a cosine of about 0.7. */
export function people(
  { people: count, each, dimension }: { people: number; each: number; dimension: number },
  seed: number,
): { centre: Float32Array; faces: Float32Array[] }[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const centre = random.direction(dimension);
    return {
      centre,
      faces: Array.from({ length: each }, () => random.near(centre, Math.sqrt(0.7))),
    };
  });
}

/** A promise that a test resolves. */
export class Gate {
  readonly opened: Promise<void>;
  open: () => void = () => undefined;
  constructor() {
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }
}

interface Change {
  sequence: number;
  kind: VectorKind;
  key: string;
}

/** A small store in memory: current vectors and a change log that can be cut off. */
export class MemorySource implements VectorSource {
  readonly dimension: number;
  readonly vectorsNow: Record<VectorKind, Map<string, Float32Array>> = {
    face: new Map(),
    user: new Map(),
  };
  readonly tagsNow: Record<string, string> = {};
  sequence = 0;
  reads = { changes: 0, vectors: 0 };
  /** Thrown by the next read, once. */
  failure: Error | undefined;
  /** Awaited before each answer and each batch. */
  delay: () => Promise<unknown> = () => setImmediate();
  #log: Change[] = [];
  #batchRows: number;

  constructor(dimension: number, batchRows = 500) {
    this.dimension = dimension;
    this.#batchRows = batchRows;
  }

  set(kind: VectorKind, key: string, vector: Float32Array | undefined): number {
    if (vector) this.vectorsNow[kind].set(key, vector);
    else this.vectorsNow[kind].delete(key);
    this.sequence++;
    this.#log.push({ sequence: this.sequence, kind, key });
    return this.sequence;
  }

  /** Forgets all changes so far. */
  truncate(): void {
    this.#log = [];
  }

  async tags(): Promise<Record<string, string>> {
    return { ...this.tagsNow };
  }

  async changes(_collectionId: string, after: number, limit: number) {
    this.reads.changes++;
    await this.delay();
    this.#throwFailure();
    const oldest = this.#log[0]?.sequence ?? this.sequence + 1;
    if (after > this.sequence || (after < this.sequence && after + 1 < oldest)) return 'truncated';
    const changes = this.#log
      .filter(({ sequence }) => sequence > after)
      .slice(0, limit)
      .map((change) => ({ ...change, vector: this.vectorsNow[change.kind].get(change.key) }));
    return { changes, complete: (changes.at(-1)?.sequence ?? after) === this.sequence };
  }

  async *vectors(_collectionId: string) {
    this.reads.vectors++;
    this.#throwFailure();
    const { sequence } = this;
    const all = (['face', 'user'] as const).flatMap((kind) =>
      [...this.vectorsNow[kind]].map(([key, vector]) => ({ kind, key, vector })),
    );
    if (all.length === 0) yield batch(sequence, 'face', []);
    for (const kind of ['face', 'user'] as const) {
      const rows = all.filter((row) => row.kind === kind);
      for (let i = 0; i < rows.length; i += this.#batchRows) {
        await this.delay();
        this.#throwFailure();
        yield batch(sequence, kind, rows.slice(i, i + this.#batchRows));
      }
    }
  }

  #throwFailure(): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw failure;
  }
}

function batch(
  sequence: number,
  kind: VectorKind,
  entries: { key: string; vector: Float32Array }[],
) {
  const dimension = entries[0]?.vector.length ?? 0;
  const rows = new Float32Array(entries.length * dimension);
  for (const [i, { vector }] of entries.entries()) rows.set(vector, i * dimension);
  return { sequence, kind, keys: entries.map(({ key }) => key), rows };
}

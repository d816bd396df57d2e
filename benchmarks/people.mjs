// Face-like vectors that are made when they are needed, so that a million costs no more than the index of them, and
// what a search of them is asked.

import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from './measuring.mjs';

const FACES_EACH = 5;
const FACE_TO_CENTRE = Math.sqrt(0.7);
/** Above it are the faces of one person, below it those of others. */
export const MATCH_COSINE = 0.5;
/** Every fifth query is a stranger. */
const STRANGERS = 5;
const BATCH = 2048;
const NOISE = 1 << 20;

/**
 * Face-like unit vectors, by number: a person's faces lie at a cosine of 0.7 to each other, components shrink by a
 * power law. Made from a table of Gaussian numbers, so that making a million costs seconds.
 */
export class Faces {
  constructor(dimension) {
    const random = seeded(7);
    this.dimension = dimension;
    this.noise = Float32Array.from(
      { length: NOISE },
      () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
    );
    this.spectrum = Float32Array.from(
      { length: dimension },
      (_, i) => 1 / Math.sqrt(1 + (8 * i) / dimension),
    );
  }

  /** A direction of its own for each seed, written to `out`. */
  direction(seed, out) {
    const random = seeded(seed * 2_654_435_761);
    const start = Math.floor(random() * (NOISE - this.dimension));
    const other = Math.floor(random() * (NOISE - this.dimension));
    for (let i = 0; i < this.dimension; i++)
      out[i] = (this.noise[start + i] + this.noise[other + i]) * this.spectrum[i];
    return normalise(out);
  }

  /** At about this cosine from the centre of a person. */
  near(person, seed, out) {
    const centre = this.direction(person, new Float32Array(this.dimension));
    this.direction(seed, out);
    const away = Math.sqrt(1 - FACE_TO_CENTRE ** 2);
    for (let i = 0; i < this.dimension; i++) out[i] = FACE_TO_CENTRE * centre[i] + away * out[i];
    return normalise(out);
  }

  face(number, out) {
    return this.near(Math.floor(number / FACES_EACH), 1_000_000_007 + number, out);
  }
}

function normalise(vector) {
  let squared = 0;
  for (const value of vector) squared += value * value;
  const factor = 1 / Math.sqrt(squared);
  for (let i = 0; i < vector.length; i++) vector[i] *= factor;
  return vector;
}

const keyOf = (number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** A store with so many faces, which nobody changes. */
export const sourceOf = (faces, rows) => ({
  tags: async () => ({}),
  async changes(_collectionId, after) {
    const last = { sequence: rows, kind: 'face', key: keyOf(rows - 1) };
    const vector = faces.face(rows - 1, new Float32Array(faces.dimension));
    return { changes: after < rows ? [{ ...last, vector }] : [], complete: true };
  },
  async *vectors() {
    for (let first = 0; first < rows; first += BATCH) {
      const count = Math.min(BATCH, rows - first);
      const batch = new Float32Array(count * faces.dimension);
      const keys = [];
      for (let i = 0; i < count; i++) {
        faces.face(first + i, batch.subarray(i * faces.dimension, (i + 1) * faces.dimension));
        keys.push(keyOf(first + i));
      }
      yield { sequence: rows, kind: 'face', keys, rows: batch };
      await sleep(0);
    }
  },
});

export const collectionOf = (dimension) => ({
  collectionId: 'growth',
  dimension,
  createdAtMs: 1,
  modelId: 'm',
});

/** So many of them; `person` is missing where it is a stranger's. */
export const queriesOf = (faces, rows, count) =>
  Array.from({ length: count }, (_, i) => {
    const out = new Float32Array(faces.dimension);
    const person = Math.floor(((i * 7919) % rows) / FACES_EACH);
    return i % STRANGERS === 0
      ? { query: faces.direction(2_000_000_011 + i, out) }
      : { query: faces.near(person, 2_000_000_011 + i, out), person };
  });

/** Whose face it is. */
export const personOf = (key) => Math.floor(Number(key.slice(-12)) / FACES_EACH);

/** Of the true matches that show the same person, the share that was found; both are lists of keys for each query. */
export function genuineRecall(queries, found, truth) {
  let wanted = 0;
  let hit = 0;
  for (const [i, { person }] of queries.entries()) {
    if (person === undefined) continue;
    const keys = new Set(found[i]);
    for (const key of truth[i]) {
      if (personOf(key) !== person) continue;
      wanted++;
      if (keys.has(key)) hit++;
    }
  }
  return hit / wanted;
}

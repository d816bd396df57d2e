import { SeededRandom, seedFor } from './random.js';

/** What is known of how good a face is to recognise; all that is undefined is unknown. */
export interface FaceQuality {
  /** 0–100. */
  confidence?: number;
  sharpness?: number;
  brightness?: number;
  /** Shorter side of the box, pixels. */
  faceSize?: number;
}

/** One face of a known person. */
export interface LabelledFace {
  /** How the report names the photo. */
  photo: string;
  subject: string;
  /** Unit length. */
  embedding: Float32Array;
  quality: FaceQuality;
  /** By column of the manifest. */
  groups: Readonly<Record<string, string>>;
}

/** The most units that are kept apart in a tally, and therefore drawn by the bootstrap. */
export const MAX_UNITS = 1000;

/** Faces in rows, those of a person together, persons of a unit together. Memory: one copy of the embeddings. */
export interface Samples {
  dimension: number;
  /** Row by row, in a SharedArrayBuffer. */
  rows: Float32Array;
  faces: readonly LabelledFace[];
  subjects: readonly string[];
  /** Rows of subject s: from subjectEnds[s − 1], or 0, up to subjectEnds[s]. */
  subjectEnds: readonly number[];
  /** The subject of each row. */
  subjectOf: Uint32Array;
  /** The unit of each subject, never falling. */
  unitOf: Uint32Array;
  units: number;
  /** The same as rows: unit u ends before row unitEnds[u]. */
  unitEnds: readonly number[];
}

/**
 * Persons are put in a random order that depends on the seed and their names only, so that units of several people
 * are random groups of them.
 */
export function samplesOf(
  faces: readonly LabelledFace[],
  dimension: number,
  seed: number,
): Samples {
  const people = new Map<string, LabelledFace[]>();
  for (const face of faces) {
    const known = people.get(face.subject);
    if (known) known.push(face);
    else people.set(face.subject, [face]);
  }
  const names = [...people.keys()].toSorted();
  const subjects = new SeededRandom(seedFor(seed, 'subjects')).shuffled(names);
  const ordered = subjects.flatMap((name) =>
    (people.get(name) ?? []).toSorted((a, b) => (a.photo < b.photo ? -1 : 1)),
  );
  const rows = new Float32Array(new SharedArrayBuffer(ordered.length * dimension * 4));
  const subjectOf = new Uint32Array(ordered.length);
  const subjectEnds: number[] = [];
  let row = 0;
  for (const [subject, name] of subjects.entries()) {
    for (const { embedding } of ordered.slice(row, row + people.get(name)!.length)) {
      rows.set(embedding, row * dimension);
      subjectOf[row++] = subject;
    }
    subjectEnds.push(row);
  }
  const units = Math.min(MAX_UNITS, subjects.length);
  const unitOf = Uint32Array.from(subjects, (_, s) => Math.floor((s * units) / subjects.length));
  const unitEnds: number[] = [];
  for (const [subject, unit] of unitOf.entries()) unitEnds[unit] = subjectEnds[subject]!;
  return {
    dimension,
    rows,
    faces: ordered,
    subjects,
    subjectEnds,
    subjectOf,
    unitOf,
    units,
    unitEnds,
  };
}

export const rowAt = ({ rows, dimension }: Samples, row: number): Float32Array =>
  rows.subarray(row * dimension, (row + 1) * dimension);

/** The rows of a subject: from, up to. */
export const rowsOf = ({ subjectEnds }: Samples, subject: number): [number, number] => [
  subjectEnds[subject - 1] ?? 0,
  subjectEnds[subject]!,
];

/** How many faces a subject has. */
export const sizeOf = (samples: Samples, subject: number): number => {
  const [begin, end] = rowsOf(samples, subject);
  return end - begin;
};

/** In double precision, as the pair histogram judges scores. */
export function cosineOf(samples: Samples, a: number, b: number): number {
  const { rows, dimension } = samples;
  const [x, y] = [a * dimension, b * dimension];
  let sum = 0;
  for (let k = 0; k < dimension; k++) sum += rows[x + k]! * rows[y + k]!;
  return sum;
}

/** Every pair of faces of one person, with its cosine. */
export function* genuinePairs(samples: Samples): Generator<[a: number, b: number, cosine: number]> {
  for (const subject of samples.subjects.keys()) {
    const [begin, end] = rowsOf(samples, subject);
    for (let a = begin; a < end; a++)
      for (let b = a + 1; b < end; b++) yield [a, b, cosineOf(samples, a, b)];
  }
}

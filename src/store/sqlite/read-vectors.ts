import { setImmediate as nextTurn } from 'node:timers/promises';
import { decodeEmbeddingInto } from '../embeddings.js';
import type { VectorBatch, VectorKind } from '../store.js';
import type { OpenCollection } from './read-collection.js';
import { readState } from './rows.js';

/** Vectors in a batch. */
const BATCH_ROWS = 2048;
/** Rows read before the event loop gets its turn: about two milliseconds at 512 components. */
const ROWS_A_TURN = 256;

const PAGE = {
  face: `SELECT o.id, o.face_id AS key, v.vector FROM face_vectors v JOIN faces o ON o.id = v.id
         WHERE v.id > ? ORDER BY v.id LIMIT ?`,
  user: `SELECT o.id, o.user_id AS key, v.vector FROM user_vectors v JOIN users o ON o.id = v.id
         WHERE v.id > ? ORDER BY v.id LIMIT ?`,
} as const satisfies Record<VectorKind, string>;

interface VectorRow {
  id: number;
  key: string;
  vector: Uint8Array;
}

/**
 * All vectors of a collection in one read transaction of `connection`, which is nobody else's. At
 * least one batch comes, empty for an empty collection, so that its change number is known.
 * `checkOpen` throws when the connection was closed while the consumer or the event loop had its turn.
 */
export async function* readVectors(
  collection: OpenCollection,
  checkOpen: () => void,
): AsyncGenerator<VectorBatch, void, undefined> {
  collection.connection.run('BEGIN');
  const { sequence } = readState(collection.connection);
  let batches = 0;
  for (const kind of ['face', 'user'] as const) {
    let after: number | undefined = 0;
    while (after !== undefined) {
      const batch: Batch = await readBatch(collection, { kind, after }, checkOpen);
      after = batch.last;
      if (after === undefined) break;
      batches += 1;
      yield { sequence, kind, keys: batch.keys, rows: batch.rows };
      checkOpen();
    }
  }
  if (batches === 0) yield { sequence, kind: 'face', keys: [], rows: new Float32Array(0) };
}

interface Batch {
  keys: string[];
  rows: Float32Array;
  /** The row id the next batch comes after; undefined when this one is empty. */
  last: number | undefined;
}

/** Reads and decodes a few rows a turn. */
async function readBatch(
  { connection, dimension }: OpenCollection,
  from: { kind: VectorKind; after: number },
  checkOpen: () => void,
): Promise<Batch> {
  const floats = new Float32Array(BATCH_ROWS * dimension);
  const keys: string[] = [];
  let last: number | undefined;
  while (keys.length < BATCH_ROWS) {
    const some = connection.all<VectorRow>(PAGE[from.kind], last ?? from.after, ROWS_A_TURN);
    for (const { key, vector } of some) {
      const start = keys.push(key) * dimension - dimension;
      const target = floats.subarray(start, start + dimension);
      decodeEmbeddingInto(vector, target, `${from.kind} ${key}`);
    }
    last = some.at(-1)?.id ?? last;
    if (some.length < ROWS_A_TURN) break;
    await nextTurn();
    checkOpen();
  }
  const isFull = keys.length === BATCH_ROWS;
  return { keys, rows: isFull ? floats : floats.slice(0, keys.length * dimension), last };
}

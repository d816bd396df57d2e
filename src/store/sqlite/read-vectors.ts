import { setImmediate as nextTurn } from 'node:timers/promises';
import { decodeEmbeddingInto } from '../embeddings.js';
import type { VectorBatch, VectorKind } from '../store.js';
import type { Connection } from './connection.js';
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
  { connection, dimension }: OpenCollection,
  checkOpen: () => void,
): AsyncGenerator<VectorBatch, void, undefined> {
  connection.run('BEGIN');
  const { sequence } = readState(connection);
  let batches = 0;
  for (const kind of ['face', 'user'] as const) {
    for (let after = 0; ; ) {
      const rows = await readBatch({ connection, kind, after }, checkOpen);
      const last = rows.at(-1);
      if (!last) break;
      after = last.id;
      batches += 1;
      yield { sequence, kind, ...decodeRows(rows, dimension, kind) };
      checkOpen();
    }
  }
  if (batches === 0) yield { sequence, kind: 'face', keys: [], rows: new Float32Array(0) };
}

async function readBatch(
  from: { connection: Connection; kind: VectorKind; after: number },
  checkOpen: () => void,
): Promise<VectorRow[]> {
  const rows: VectorRow[] = [];
  let { after } = from;
  while (rows.length < BATCH_ROWS) {
    const some = from.connection.all<VectorRow>(PAGE[from.kind], after, ROWS_A_TURN);
    rows.push(...some);
    after = some.at(-1)?.id ?? after;
    if (some.length < ROWS_A_TURN) break;
    await nextTurn();
    checkOpen();
  }
  return rows;
}

function decodeRows(
  rows: readonly VectorRow[],
  dimension: number,
  kind: VectorKind,
): { keys: string[]; rows: Float32Array } {
  const floats = new Float32Array(rows.length * dimension);
  rows.forEach(({ key, vector }, index) => {
    const target = floats.subarray(index * dimension, (index + 1) * dimension);
    decodeEmbeddingInto(vector, target, `${kind} ${key}`);
  });
  return { keys: rows.map(({ key }) => key), rows: floats };
}

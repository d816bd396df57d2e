import { tokenInUse } from '../refusals.js';
import type { Idempotency } from '../store.js';
import type { Connection } from './connection.js';

/** Expired tokens removed whenever one is written: more than are added, so the table cannot grow old. */
const SWEPT_AT_A_TIME = 16;

/**
 * The stored response (JSON) of an earlier request with this token; undefined where there is none or
 * it has expired. Throws IdempotentParameterMismatchException when that request was another one.
 */
export function replay(connection: Connection, idempotency: Idempotency): string | undefined {
  const { operation, token, digest, nowMs } = idempotency;
  const stored = connection.get<{ digest: string; response: string }>(
    'SELECT digest, response FROM tokens WHERE operation = ? AND token = ? AND expires_at_ms > ?',
    operation,
    token,
    nowMs,
  );
  if (!stored) return undefined;
  if (stored.digest !== digest) throw tokenInUse(token);
  return stored.response;
}

/** Remembers the response of a request, in the transaction of its effect, and forgets some expired ones. */
export function remember(
  connection: Connection,
  { operation, token, digest, nowMs, expiresAtMs }: Idempotency,
  response: string,
): void {
  connection.run(
    `DELETE FROM tokens WHERE rowid IN
       (SELECT rowid FROM tokens WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?)`,
    nowMs,
    SWEPT_AT_A_TIME,
  );
  connection.run(
    'INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?, ?)',
    operation,
    token,
    digest,
    response,
    expiresAtMs,
  );
}

import { OperatorError } from '../errors.js';
import type { Answer } from './send.js';

/** Checks by name; one that rejects makes the service not ready. */
export type ReadyChecks = Readonly<Record<string, () => Promise<void>>>;

const CHECK_TIMEOUT_MS = 5000;
const HEADERS = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };

/** The process runs and its event loop turns. */
export const live = (): Answer => ({ status: 200, headers: HEADERS, body: '{"status":"ok"}' });

/** 200 when every check passes, else 503 with a reason for each that does not. */
export async function ready(checks: ReadyChecks): Promise<Answer> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await reasonOf(check)] as const),
  );
  const reasons = results.filter(([, reason]) => reason !== undefined);
  return reasons.length === 0
    ? { status: 200, headers: HEADERS, body: '{"status":"ready"}' }
    : notReady(Object.fromEntries(reasons));
}

/** The answer of a service that cannot serve now. */
export const notReady = (reasons: Readonly<Record<string, string | undefined>>): Answer => ({
  status: 503,
  headers: HEADERS,
  body: JSON.stringify({ status: 'not ready', reasons }),
});

/** Only what was written for operators is shown; other errors may quote what is none of a caller's business. */
async function reasonOf(check: () => Promise<void>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer in ${CHECK_TIMEOUT_MS} ms`), CHECK_TIMEOUT_MS);
  });
  const done = check().then(
    () => undefined,
    (error: unknown) => (error instanceof OperatorError ? error.message : 'failed'),
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

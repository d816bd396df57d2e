import type { Io } from '../io.js';
import { type HttpReply, parseErrorReply, serviceError } from './reply.js';
import { ConnectionError, send, type Target } from './send.js';

const TRANSIENT_STATUS = new Set([500, 502, 503, 504]);
const TRANSIENT_CODES = new Set([
  'RequestTimeout',
  'RequestTimeoutException',
  'PriorRequestNotComplete',
]);
const THROTTLED_CODES = new Set([
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'RequestThrottledException',
  'TooManyRequestsException',
  'ProvisionedThroughputExceededException',
  'TransactionInProgressException',
  'RequestLimitExceeded',
  'BandwidthLimitExceeded',
  'LimitExceededException',
  'RequestThrottled',
  'SlowDown',
  'PriorRequestNotComplete',
  'EC2ThrottledException',
]);
const LONGEST_WAIT_MS = 20_000;

export interface Attempts {
  readonly maxAttempts: number;
  readonly sleep: Io['sleep'];
}

/**
 * Sends a request until there is a good reply or no use in trying again: the standard retry mode of the
 * AWS SDKs, with a random wait of up to 1, 2, 4 … 20 seconds between attempts.
 */
export async function sendWithRetries(
  target: Target,
  operation: string,
  body: string,
  { maxAttempts, sleep }: Attempts,
): Promise<HttpReply> {
  const log = (message: string): void => target.log('botocore.retries.standard', message);
  for (let attempt = 1; ; attempt++) {
    const last = attempt >= maxAttempts;
    try {
      const reply = await send(target, operation, body);
      if (reply.status < 300) {
        log('Not retrying request.');
        return reply;
      }
      const error = parseErrorReply(reply);
      const again =
        TRANSIENT_STATUS.has(reply.status) ||
        TRANSIENT_CODES.has(error.code) ||
        THROTTLED_CODES.has(error.code);
      if (!again) log('Not retrying request.');
      else if (last) log(`Max attempts of ${maxAttempts} reached.`);
      if (last || !again) throw serviceError(error, operation, last ? attempt - 1 : undefined);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      if (last) log(`Max attempts of ${maxAttempts} reached.`);
      if (last) throw error;
    }
    const delayMs = Math.min(Math.random() * 1000 * 2 ** (attempt - 1), LONGEST_WAIT_MS);
    log(`Retry needed, retrying request after delay of: ${delayMs / 1000}`);
    await sleep(delayMs);
  }
}

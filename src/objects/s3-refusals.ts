import { ApiError } from '../errors.js';

/** AWS's text for an object that Rekognition cannot get (developer guide, "Error handling"). */
const UNREADABLE =
  'Unable to get object metadata from S3. Check object key, region and/or access permissions.';

export const unreadable = (cause?: unknown): ApiError =>
  new ApiError('InvalidS3ObjectException', UNREADABLE, { cause });

/** Missing is the caller's fault alone; nothing for an operator to see to. */
const MISSING: ReadonlySet<string> = new Set([
  'NoSuchKey',
  'NoSuchBucket',
  'NoSuchVersion',
  'NotFound',
]);

/** The store asks to come back later. */
const BUSY: ReadonlySet<string> = new Set(['SlowDown', 'TooManyRequests', 'RequestLimitExceeded']);

/** What a failed request to the object store means: the answer to the caller, and whether an operator should know. */
export function refusalOf(error: unknown): { answer: ApiError; note?: string } {
  if (error instanceof ApiError) return { answer: error };
  const { name, message, status } = facts(error);
  if (MISSING.has(name)) return { answer: unreadable(error) };
  if (BUSY.has(name) || status === 429 || status === 503)
    return {
      answer: new ApiError('ProvisionedThroughputExceededException', 'S3 download limit exceeded', {
        cause: error,
      }),
      note: `${name}: ${message}`,
    };
  // Refused requests, and redirects: those name another host, and no other host than the configured one is asked.
  if (status !== undefined && status < 500)
    return { answer: unreadable(error), note: `${name}: ${message}` };
  return {
    answer: new ApiError(
      'InternalServerError',
      'Unable to get object from S3: the object store does not answer. Try again.',
      { cause: error },
    ),
    note: `${name}: ${message}`,
  };
}

function facts(error: unknown): { name: string; message: string; status?: number } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { $metadata: metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return {
    name: error.name,
    message: error.message,
    ...(metadata?.httpStatusCode !== undefined && { status: metadata.httpStatusCode }),
  };
}

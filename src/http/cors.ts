const EXPOSED =
  'x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date';
const MAX_AGE_SECONDS = '172800';

/** The request's own headers, names in lower case. */
type Headers = Readonly<Record<string, string | undefined>>;

/** True when a page of this origin may call the API. `*` in the list allows every origin. */
export const allowsOrigin = (origin: string, allowed: readonly string[]): boolean =>
  allowed.includes('*') || allowed.includes(origin);

/** What lets a page read an answer (contract section 2 step 2); nothing for an origin that is not allowed. */
export function corsHeaders(
  { origin }: { readonly origin?: string | undefined },
  allowed: readonly string[],
): Record<string, string> {
  if (origin === undefined || !allowsOrigin(origin, allowed)) return {};
  return { ...allowOrigin(origin, allowed), 'Access-Control-Expose-Headers': EXPOSED };
}

/** The headers of the answer to a browser's OPTIONS question; undefined where the origin is not allowed. */
export function preflightHeaders(
  headers: Headers,
  allowed: readonly string[],
): Record<string, string> | undefined {
  const { origin } = headers;
  if (origin === undefined || !allowsOrigin(origin, allowed)) return undefined;
  const wantedHeaders = headers['access-control-request-headers'];
  const wantedMethod = headers['access-control-request-method'];
  return {
    ...allowOrigin(origin, allowed),
    ...(wantedHeaders !== undefined && { 'Access-Control-Allow-Headers': wantedHeaders }),
    ...(wantedMethod !== undefined && { 'Access-Control-Allow-Methods': wantedMethod }),
    'Access-Control-Max-Age': MAX_AGE_SECONDS,
  };
}

const allowOrigin = (origin: string, allowed: readonly string[]): Record<string, string> =>
  allowed.includes('*')
    ? { 'Access-Control-Allow-Origin': '*' }
    : { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' };

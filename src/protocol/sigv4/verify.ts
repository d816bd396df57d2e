import { timingSafeEqual } from 'node:crypto';
import { ApiError } from '../../errors.js';
import type { Policy } from '../policy/policy.js';
import type { WireRequest } from '../wire.js';
import { queryParameters } from './canonical-query.js';
import { canonicalRequest, payloadHashOf, splitUrl } from './canonical-request.js';
import { readCredentialScope } from './credential-scope.js';
import type { AccessKey, Credentials } from './credentials.js';
import { type Authorization, parseAuthorization } from './parse-authorization.js';
import { formatRequestTime, parseRequestTime } from './request-time.js';
import { sign, signingKey } from './signing-key.js';
import { ALGORITHM, stringToSign } from './string-to-sign.js';

/** Who signed a request. */
export interface Principal {
  readonly accessKeyId: string;
  readonly arn: string;
  /** What it may do. */
  readonly policy: Policy;
}

/** A request whose signature is right. */
export interface Verified {
  readonly principal: Principal;
  /** As sent: 64 hex digits. */
  readonly signature: string;
  /** Epoch milliseconds of the signed date. */
  readonly signedAtMs: number;
}

export interface VerifyOptions {
  readonly credentials: Credentials;
  /** Regions a signature may name; empty: any. */
  readonly regions: readonly string[];
  /** Epoch milliseconds of the server's clock. */
  readonly nowMs: number;
}

/** How far the date of a signature may be from the server's clock. */
export const SKEW_MS = 5 * 60_000;

/** Headers that steer what a request does: where one is sent, the signature must cover it. */
const MUST_BE_SIGNED = {
  host: 'Host',
  'x-amz-target': 'X-Amz-Target',
  'x-amz-date': 'X-Amz-Date',
  'x-amz-content-sha256': 'X-Amz-Content-Sha256',
  'x-amz-security-token': 'X-Amz-Security-Token',
} as const;

/**
 * Verifies the signature of a request (AWS Signature Version 4, contract section 3) and says who signed.
 * The checks run in the order AWS runs them, each with its text; the secret is only used at the end.
 */
export function verify(request: WireRequest, options: VerifyOptions): Verified {
  const authorization = requireAuthorization(request);
  const { credential, signedHeaders, signature } = requireParts(request, authorization);
  const accessKeyId = credential.split('/', 1)[0] ?? '';
  const key = findKey(request, accessKeyId, options.credentials);
  const { time, signedAtMs } = requireFreshTime(request, options.nowMs);
  requireSignedHeaders(request, signedHeaders);
  requireAlgorithm(authorization.algorithm);
  const scope = readCredentialScope(credential, time, options.regions);

  const payloadHash = requirePayloadHash(request);
  const scopeText = credential.slice(accessKeyId.length + 1);
  const text = stringToSign(time, scopeText, canonicalRequest(request, signedHeaders, payloadHash));
  if (!equal(signature, sign(signingKey(key.secretAccessKey, scope), text))) return mismatch();
  if (key.expiresAtMs !== undefined && key.expiresAtMs <= options.nowMs)
    throw new ApiError('ExpiredTokenException');
  return {
    principal: { accessKeyId, arn: key.principalArn, policy: key.policy },
    signature,
    signedAtMs,
  };
}

function requireAuthorization({ url, headers }: WireRequest): Authorization {
  const header = headers['authorization'];
  if (header === undefined || header === '')
    throw new ApiError('MissingAuthenticationTokenException');
  const names = queryParameters(splitUrl(url).query).map(([name]) => name.toLowerCase());
  if (names.includes('x-amz-algorithm'))
    throw new ApiError(
      'InvalidSignatureException',
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    );
  return parseAuthorization(header);
}

interface Parts {
  credential: string;
  signedHeaders: string[];
  signature: string;
}

function requireParts({ headers }: WireRequest, authorization: Authorization): Parts {
  const { credential, signature, signedHeaders } = authorization;
  const time = requestTime(headers);
  if (
    credential !== undefined &&
    signature !== undefined &&
    signedHeaders !== undefined &&
    time !== ''
  )
    return { credential, signature, signedHeaders: signedHeaders.split(';') };

  const faults = Object.entries({
    Credential: credential,
    Signature: signature,
    SignedHeaders: signedHeaders,
  })
    .filter(([, value]) => value === undefined)
    .map(([name]) => `Authorization header requires '${name}' parameter.`);
  if (time === '')
    faults.push(
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    );
  throw new ApiError(
    'IncompleteSignatureException',
    `${faults.join(' ')} Authorization=${headers['authorization'] ?? ''}`,
  );
}

const requestTime = (headers: WireRequest['headers']): string =>
  headers['x-amz-date'] ?? headers['date'] ?? '';

/** A key with a session token counts with exactly that token only, one without it only without. */
function findKey(
  { headers }: WireRequest,
  accessKeyId: string,
  credentials: Credentials,
): AccessKey {
  const key = credentials.find(accessKeyId);
  if (!key || !equal(headers['x-amz-security-token'] ?? '', key.sessionToken ?? ''))
    throw new ApiError('UnrecognizedClientException');
  return key;
}

function requireFreshTime(
  { headers }: WireRequest,
  nowMs: number,
): { time: string; signedAtMs: number } {
  const time = requestTime(headers);
  const timeMs = parseRequestTime(time);
  if (timeMs === undefined)
    throw new ApiError(
      'IncompleteSignatureException',
      `Date must be in ISO-8601 'basic format'. Got '${time}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    );
  const now = formatRequestTime(nowMs);
  if (timeMs < nowMs - SKEW_MS)
    throw new ApiError(
      'InvalidSignatureException',
      `Signature expired: ${time} is now earlier than ${formatRequestTime(nowMs - SKEW_MS)} (${now} - 5 min.)`,
    );
  if (timeMs > nowMs + SKEW_MS)
    throw new ApiError(
      'InvalidSignatureException',
      `Signature not yet current: ${time} is still later than ${formatRequestTime(nowMs + SKEW_MS)} (${now} + 5 min.)`,
    );
  return { time, signedAtMs: timeMs };
}

/**
 * AWS names only Host in this refusal. An unsigned X-Amz-Target would let a captured request be turned
 * into another operation, so it and its like are held to the same rule. A name that is signed but was not
 * sent vouches for nothing and is refused as well.
 */
function requireSignedHeaders({ headers }: WireRequest, signedHeaders: readonly string[]): void {
  for (const [name, shown] of Object.entries(MUST_BE_SIGNED))
    if ((name === 'host' || headers[name] !== undefined) && !signedHeaders.includes(name))
      throw new ApiError(
        'InvalidSignatureException',
        `'${shown}' must be a 'SignedHeader' in the AWS Authorization.`,
      );
  if (new Set(signedHeaders).size !== signedHeaders.length) mismatch();
  if (signedHeaders.some((name) => !Object.hasOwn(headers, name) || headers[name] === undefined))
    mismatch();
}

function requireAlgorithm(algorithm: string): void {
  if (algorithm !== ALGORITHM)
    throw new ApiError(
      'IncompleteSignatureException',
      `Unsupported AWS 'algorithm': '${algorithm}' (only ${ALGORITHM} for now). `,
    );
}

/** The declared hash must be the body's; `UNSIGNED-PAYLOAD` and streaming forms are not accepted. */
function requirePayloadHash({ headers, body }: WireRequest): string {
  const hash = payloadHashOf(body);
  const declared = headers['x-amz-content-sha256'];
  return declared === undefined || equal(declared, hash) ? hash : mismatch();
}

/** Compares in a time that tells nothing about where two texts differ. */
function equal(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function mismatch(): never {
  throw new ApiError('InvalidSignatureException');
}

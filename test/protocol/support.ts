import { createHash, createHmac } from 'node:crypto';
import { OPERATIONS, type OperationName } from '../../src/model/operations.js';
import {
  createDispatch,
  type Dispatch,
  type DispatchOptions,
} from '../../src/protocol/dispatch.js';
import type { Handlers } from '../../src/protocol/handlers.js';
import { ADMINISTRATOR } from '../../src/protocol/policy/policy.js';
import { createCredentials } from '../../src/protocol/sigv4/keys.js';
import type { WireReply, WireRequest } from '../../src/protocol/wire.js';

export const REQUEST_ID = '00000000-1111-2222-3333-444444444444';
export const PARTITION = { region: 'us-east-1', accountId: '000000000000' };

/** Answers `{}` to everything but what is given. */
export const handlersWith = (some: Partial<Handlers> = {}): Handlers =>
  ({
    ...Object.fromEntries(Object.keys(OPERATIONS).map((name) => [name, async () => ({})])),
    ...some,
  }) as unknown as Handlers;

export const silent = { info: () => undefined, error: () => undefined };
export const unobserved = { step: () => undefined, request: () => undefined };

export const dispatchWith = (options: Partial<DispatchOptions> = {}): Dispatch =>
  createDispatch({
    handlers: handlersWith(),
    partition: PARTITION,
    observer: unobserved,
    log: silent,
    newRequestId: () => REQUEST_ID,
    ...options,
  });

export const aRequest = (
  operation: string,
  body: unknown,
  headers: Record<string, string | undefined> = {},
): WireRequest => ({
  method: 'POST',
  url: '/',
  headers: {
    host: 'localhost:8642',
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `RekognitionService.${operation}`,
    ...headers,
  },
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});

export const send = (dispatch: Dispatch, request: WireRequest): Promise<WireReply> =>
  dispatch(request, new AbortController().signal);

/** Status and parsed body of one call to an unsigned service. */
export async function call(
  operation: OperationName,
  body: unknown,
  dispatch: Dispatch = dispatchWith(),
): Promise<{ status: number; body: Record<string, unknown> }> {
  const reply = await send(dispatch, aRequest(operation, body));
  return { status: reply.status, body: JSON.parse(reply.body || '{}') as Record<string, unknown> };
}

export const KEY = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfi' };
export const TEMPORARY = {
  accessKeyId: 'ASIATEMPORARY',
  secretAccessKey: 'tempSecretKey0123456789abcdef',
  sessionToken: 'FwoGZXIvYXdzEXAMPLE//token==',
};
export const EXPIRED = { ...TEMPORARY, accessKeyId: 'ASIAEXPIRED', expiresAtMs: 1 };

const arn = (id: string) => `arn:aws:iam::000000000000:user/${id}`;
export const credentials = createCredentials(
  [KEY, TEMPORARY, EXPIRED].map((key) => ({
    ...key,
    principalArn: arn(key.accessKeyId),
    policy: ADMINISTRATOR,
  })),
);

export const NOW_MS = Date.UTC(2026, 7, 30, 12, 36, 0);

export interface Signing {
  accessKeyId?: string;
  secretAccessKey?: string;
  /** X-Amz-Date; the scope's date is its first eight characters. */
  time?: string;
  scopeDate?: string;
  region?: string;
  service?: string;
  terminator?: string;
  algorithm?: string;
  /** Names that the signature covers. */
  signed?: string[];
  payloadHash?: string;
}

const hmac = (key: string | Buffer, part: string): Buffer =>
  createHmac('sha256', key).update(part).digest();

/**
 * Signs for the root path, written from AWS's documentation alone and sharing nothing with the code under
 * test. Headers in `signed` that the request lacks are signed as empty.
 */
export function signed(request: WireRequest, signing: Signing = {}): WireRequest {
  const time = signing.time ?? '20260830T123600Z';
  const headers: Record<string, string | undefined> = { 'x-amz-date': time, ...request.headers };
  const names = (
    signing.signed ??
    Object.keys(headers).filter((name) => headers[name] !== undefined && name !== 'authorization')
  ).toSorted();
  const hash =
    signing.payloadHash ??
    headers['x-amz-content-sha256'] ??
    createHash('sha256').update(request.body).digest('hex');
  const canonical = `${request.method}\n/\n\n${names.map((name) => `${name}:${headers[name] ?? ''}\n`).join('')}\n${names.join(';')}\n${hash}`;
  const scope = [
    signing.scopeDate ?? time.slice(0, 8),
    signing.region ?? 'us-east-1',
    signing.service ?? 'rekognition',
    signing.terminator ?? 'aws4_request',
  ];
  const algorithm = signing.algorithm ?? 'AWS4-HMAC-SHA256';
  const text = `${algorithm}\n${time}\n${scope.join('/')}\n${createHash('sha256').update(canonical).digest('hex')}`;
  const key = scope.reduce<string | Buffer>(
    hmac,
    `AWS4${signing.secretAccessKey ?? KEY.secretAccessKey}`,
  );
  const signature = hmac(key, text).toString('hex');
  headers['authorization'] =
    `${algorithm} Credential=${[signing.accessKeyId ?? KEY.accessKeyId, ...scope].join('/')}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...request, headers };
}

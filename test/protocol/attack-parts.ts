import { createHash } from 'node:crypto';
import type { WireRequest } from '../../src/protocol/wire.js';
import { aRequest, type Signing, signed, TEMPORARY } from './support.js';

export const plain = (headers: Record<string, string | undefined> = {}): WireRequest =>
  aRequest('DeleteCollection', { CollectionId: 'c' }, headers);
export const BODY_HASH = createHash('sha256').update(plain().body).digest('hex');
export const temporary = (token?: string, signing: Signing = {}): WireRequest =>
  signed(plain({ 'x-amz-security-token': token }), { ...TEMPORARY, ...signing });

/** A request whose headers are changed after it was signed. */
export const tampered = (
  change: Record<string, string | undefined>,
  request: WireRequest = signed(plain()),
): WireRequest => ({ ...request, headers: { ...request.headers, ...change } });

export const authorization = (change: (text: string) => string): WireRequest => {
  const request = signed(plain());
  return tampered({ authorization: change(request.headers['authorization']!) }, request);
};
export const without = (signing: string): WireRequest =>
  signed(plain(), {
    signed: ['content-type', 'host', 'x-amz-date', 'x-amz-target'].filter((n) => n !== signing),
  });

export const MISMATCH = [
  'InvalidSignatureException',
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
] as const;
export const UNKNOWN_KEY = [
  'UnrecognizedClientException',
  'The security token included in the request is invalid.',
] as const;
export const unsigned = (name: string) =>
  [
    'InvalidSignatureException',
    `'${name}' must be a 'SignedHeader' in the AWS Authorization.`,
  ] as const;
export const badDate = (time: string) =>
  [
    'IncompleteSignatureException',
    `Date must be in ISO-8601 'basic format'. Got '${time}'. See http://en.wikipedia.org/wiki/ISO_8601`,
  ] as const;
export const scope = (message: string) => ['InvalidSignatureException', message] as const;
export const algorithm = (name: string) =>
  [
    'IncompleteSignatureException',
    `Unsupported AWS 'algorithm': '${name}' (only AWS4-HMAC-SHA256 for now). `,
  ] as const;
export const incomplete = (message: string, value: string) =>
  ['IncompleteSignatureException', `${message} Authorization=${value}`] as const;

export const ZEROS = '0'.repeat(64);
export const CREDENTIAL = 'AKIDEXAMPLE/20260830/us-east-1/rekognition/aws4_request';
export const parts = (...names: string[]) =>
  names.map((name) => `Authorization header requires '${name}' parameter.`).join(' ');

export type Attack = [name: string, request: WireRequest, error: readonly [string, string]];

import { createHmac } from 'node:crypto';
import type { CredentialScope } from './credential-scope.js';

/** The key of one day, region and service: a chain of HMACs, so that a leaked one opens nothing else. */
export function signingKey(secretAccessKey: string, scope: Omit<CredentialScope, 'accessKeyId'>) {
  const day = hmac(`AWS4${secretAccessKey}`, scope.date);
  const region = hmac(day, scope.region);
  const service = hmac(region, scope.service);
  return hmac(service, scope.terminator);
}

/** Hex signature of a string to sign. */
export const sign = (key: Buffer, text: string): string => hmac(key, text).toString('hex');

const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();

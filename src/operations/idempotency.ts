import { createHash } from 'node:crypto';
import type { Idempotency } from '../store/store.js';
import type { Services } from './services.js';

/** What the store needs to recognise a repeated request; undefined when the caller sent no token. */
export function idempotencyOf(
  { settings, clock }: Pick<Services, 'settings' | 'clock'>,
  operation: string,
  { ClientRequestToken: token, ...parameters }: { ClientRequestToken?: string | undefined },
): { idempotency?: Idempotency } {
  if (token === undefined) return {};
  const nowMs = clock();
  return {
    idempotency: {
      operation,
      token,
      // The validator hands members over in model order, so equal requests give equal text.
      digest: createHash('sha256').update(JSON.stringify(parameters)).digest('hex'),
      nowMs,
      expiresAtMs: nowMs + settings.idempotencyMs,
    },
  };
}

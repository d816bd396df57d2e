import type { Readable } from 'node:stream';
import { ApiError } from '../errors.js';
import type { Place } from './admission.js';

/** A body that cannot be taken; answered with a bare status. */
export class BodyRefusal extends Error {
  override readonly name = 'BodyRefusal';
  readonly statusCode: 400 | 413;

  constructor(statusCode: 400 | 413, options?: ErrorOptions) {
    super(statusCode === 413 ? 'the body is too large' : 'the body broke off', options);
    this.statusCode = statusCode;
  }
}

/**
 * Reads a body of at most `maxBytes` while the place has room for it. BodyRefusal or ThrottlingException
 * end it early; the rest of the body is then for the server to discard.
 */
export function readBody(payload: Readable, place: Place, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const stop = (error: Error): void => {
      payload.off('data', take);
      payload.off('end', end);
      // A caller who is refused may still break off: nobody waits for that any more.
      payload.on('error', () => undefined);
      payload.resume();
      chunks.length = 0;
      reject(error);
    };
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > maxBytes) stop(new BodyRefusal(413));
      else if (!place.take(chunk.length)) stop(new ApiError('ThrottlingException'));
      else chunks.push(chunk);
    };
    const end = (): void => resolve(Buffer.concat(chunks, length));
    payload.on('data', take);
    payload.once('end', end);
    payload.once('error', (cause) => stop(new BodyRefusal(400, { cause })));
  });
}

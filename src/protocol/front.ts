import { ApiError } from '../errors.js';
import type { OperationName } from '../model/operations.js';
import type { WireReply, WireRequest } from './wire.js';
import { CONTENT_TYPE } from './wire.js';

/** A refusal that is not an AWS JSON error: the front end answers with a body of its own. */
export class FrontRefusal extends Error {
  override readonly name = 'FrontRefusal';
  readonly reply: WireReply;

  constructor(message: string, reply: WireReply) {
    super(message);
    this.reply = reply;
  }
}

const UNDETERMINED =
  '<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n';

/**
 * What the front end looks at before it reads a body (contract section 2 steps 3 to 5): method, empty body,
 * content type. `application/json` is a legacy protocol with a refusal of its own.
 */
export function checkFront(request: WireRequest, operation: OperationName | undefined): void {
  if (request.method !== 'POST')
    throw new FrontRefusal('not a POST', { status: 403, headers: {}, body: UNDETERMINED });
  if (request.body.length === 0)
    throw new ApiError(operation ? 'SerializationException' : 'UnknownOperationException');

  const contentType = mediaType(request.headers['content-type']);
  if (contentType === CONTENT_TYPE) return;
  if (contentType === 'application/json')
    throw new FrontRefusal('legacy JSON protocol', {
      status: 404,
      headers: { 'Content-Type': 'application/json' },
      body: '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}',
    });
  throw new FrontRefusal(
    'content type is not AWS JSON 1.1',
    request.headers['x-amz-target'] === undefined
      ? { status: 403, headers: {}, body: UNDETERMINED }
      : { status: 404, headers: {}, body: '<UnknownOperationException/>\n' },
  );
}

/** The part of a Content-Type before its parameters. */
const mediaType = (header: string | undefined): string =>
  (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

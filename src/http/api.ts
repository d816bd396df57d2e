import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, type ErrorCode } from '../errors.js';
import { type Dispatch, errorReply } from '../protocol/dispatch.js';
import type { WireRequest } from '../protocol/wire.js';
import { allowsOrigin, corsHeaders, preflightHeaders } from './cors.js';
import type { Answer } from './send.js';

interface ApiOptions {
  readonly dispatch: Dispatch;
  readonly corsOrigins: readonly string[];
  readonly refuseForeignOrigins: boolean;
}

/** Answers one request to the API; before the protocol come CORS and the rule on foreign origins. */
export async function answerApi(
  options: ApiOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Answer> {
  const wire = wireRequest(request);
  const { origin } = wire.headers;
  const cors = corsHeaders(wire.headers, options.corsOrigins);
  if (wire.method === 'OPTIONS') {
    const preflight = preflightHeaders(wire.headers, options.corsOrigins);
    if (preflight) return { status: 200, headers: { ...preflight, ...requestId() }, body: '' };
  }
  const foreign = origin !== undefined && !allowsOrigin(origin, options.corsOrigins);
  if (foreign && options.refuseForeignOrigins)
    return refusal('AccessDeniedException', `The origin ${origin} may not call this service`);

  const { status, headers, body } = await options.dispatch(wire, callerGone(reply));
  return { status, headers: { ...headers, ...cors }, body };
}

/** An error of the API that is decided before the protocol sees the request. */
export function refusal(code: ErrorCode, message?: string): Answer {
  const headers = requestId();
  const reply = errorReply(new ApiError(code, message), headers['x-amzn-RequestId']);
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

/** An answer without a body, such as AWS gives to one that is too large. */
export const bare = (status: number): Answer => ({
  status,
  headers: { ...requestId(), Connection: 'close' },
  body: '',
});

const requestId = (): { 'x-amzn-RequestId': string } => ({ 'x-amzn-RequestId': randomUUID() });

const NO_BODY = Buffer.alloc(0);

function wireRequest(request: FastifyRequest): WireRequest {
  const { method = '', url = '/', headers } = request.raw;
  return {
    method,
    url,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : value,
      ]),
    ),
    body: Buffer.isBuffer(request.body) ? request.body : NO_BODY,
  };
}

/** Aborted when the connection ends before the answer has been written. */
function callerGone({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort(new Error('the caller closed the connection'));
  });
  return controller.signal;
}

import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, type ErrorCode } from '../errors.js';
import { type Dispatch, errorReply } from '../protocol/dispatch.js';
import type { WireRequest } from '../protocol/wire.js';
import { allowsOrigin, preflightHeaders } from './cors.js';
import type { Answer } from './send.js';

interface ApiOptions {
  readonly dispatch: Dispatch;
  readonly corsOrigins: readonly string[];
  readonly refuseForeignOrigins: boolean;
}

/** Answers one request to the API; before the protocol come a browser's question and the rule on foreign origins. */
export async function answerApi(
  options: ApiOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Answer> {
  const wire = wireRequest(request);
  const { origin } = wire.headers;
  if (wire.method === 'OPTIONS') {
    const preflight = preflightHeaders(wire.headers, options.corsOrigins);
    if (preflight) return { status: 200, headers: { ...preflight, ...requestId() }, body: '' };
  }
  const foreign = origin !== undefined && !allowsOrigin(origin, options.corsOrigins);
  if (foreign && options.refuseForeignOrigins)
    return refusal('AccessDeniedException', `The origin ${origin} may not call this service`);

  return options.dispatch(wire, callerGone(reply));
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

/** The status of what Node could not read as an HTTP request, by its error's code. */
const BROKEN_STATUS: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

/** Answers, on the bare socket, what is no readable HTTP request; then the connection ends. */
export function answerBroken({ code = '' }: { code?: string }, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) return;
  const { status, headers } = bare(BROKEN_STATUS[code] ?? 400);
  const lines = Object.entries({
    ...headers,
    Date: new Date().toUTCString(),
    'Content-Length': '0',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`);
}

const requestId = (): { 'x-amzn-RequestId': string } => ({ 'x-amzn-RequestId': randomUUID() });

const NO_BODY = Buffer.alloc(0);

/**
 * Node's own `headers` drop the second of two headers that must stand alone, such as Authorization. Here both
 * are seen, joined with a comma as signatures join them, so that what is checked is what was sent.
 */
function wireRequest(request: FastifyRequest): WireRequest {
  const { method = '', url = '/', rawHeaders } = request.raw;
  const headers = new Map<string, string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    const value = rawHeaders[i + 1] ?? '';
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return {
    method,
    url,
    headers: Object.fromEntries(headers),
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

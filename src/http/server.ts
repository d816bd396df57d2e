import type { IncomingMessage, Server } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  type onRequestHookHandler,
} from 'fastify';
import { ApiError } from '../errors.js';
import type { Dispatch, DispatchLog } from '../protocol/dispatch.js';
import { createAdmission, type Place } from './admission.js';
import { answerApi, answerBroken, bare, refusal } from './api.js';
import { corsHeaders } from './cors.js';
import { live, notReady, type ReadyChecks, ready } from './health.js';
import { readBody } from './read-body.js';
import { type Answer, send } from './send.js';
import { type TlsMaterial, tlsServerOptions } from './tls.js';

/** The service's metrics as text. */
export interface MetricsText {
  readonly contentType: string;
  text(): Promise<string>;
}

export interface ServerOptions {
  readonly dispatch: Dispatch;
  readonly ready: ReadyChecks;
  readonly metrics: MetricsText;
  /** Web origins whose pages may call the API; `*` allows all. */
  readonly corsOrigins: readonly string[];
  /**
   * Set where nobody has to sign: a browser's request from a page that is not in `corsOrigins` is then
   * refused, or any web site could reach a service on its visitor's machine (DNS rebinding).
   */
  readonly refuseForeignOrigins: boolean;
  readonly log: Pick<DispatchLog, 'error'>;
  readonly limits?: Partial<ServerLimits>;
  /** HTTPS with this certificate; absent: plain HTTP. */
  readonly tls?: TlsMaterial | undefined;
}

export interface ServerLimits {
  /** Largest body. A photo of 5 MB is 7 MB of base64; what is larger than that gets a proper error. */
  readonly bodyBytes: number;
  /** What the bodies of all requests in flight may hold together; past it ThrottlingException. */
  readonly bodiesInFlightBytes: number;
  /** Requests that are read or served at a time, also several on one connection; past it ThrottlingException. */
  readonly requestsInFlight: number;
  readonly headerBytes: number;
  readonly connections: number;
  /** Time a caller has to send a request's headers, and all of it. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Silence after which a connection is cut, also while a handler works. */
  readonly connectionTimeoutMs: number;
  /** Longer than clients and load balancers keep idle connections (60 s), so that they close first. */
  readonly keepAliveTimeoutMs: number;
}

export const SERVER_LIMITS: ServerLimits = {
  bodyBytes: 16 * 1024 * 1024,
  bodiesInFlightBytes: 512 * 1024 * 1024,
  requestsInFlight: 8192,
  headerBytes: 16 * 1024,
  connections: 4096,
  headersTimeoutMs: 30_000,
  requestTimeoutMs: 120_000,
  connectionTimeoutMs: 180_000,
  keepAliveTimeoutMs: 75_000,
};

const CHECK_INTERVAL_MS = 5000;
/**
 * Of the event loop: one takes a connection from the system, the next reads its request. A request that
 * has reached this machine would else be lost when connections without one are cut.
 */
const TURNS_BEFORE_CLOSING = 3;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/**
 * The HTTP server: a Fastify app that does not listen yet. `POST` on any path is the API; `/health/live`,
 * `/health/ready` and `/metrics` answer GET. `close()` finishes what was accepted; meanwhile new requests
 * on open connections get ThrottlingException with status 503. Bodies and signatures are never logged.
 */
export function createServer(options: ServerOptions): FastifyInstance {
  const limits = { ...SERVER_LIMITS, ...options.limits };
  const app = fastify(fastifyOptions(limits, options.tls));
  app.server.maxConnections = limits.connections;

  let closing = false;
  app.addHook('preClose', async () => {
    for (let turn = 0; turn < TURNS_BEFORE_CLOSING; turn++) await nextTurn();
    closing = true;
  });
  const respond = (reply: FastifyReply, answer: Answer): void =>
    send(
      reply,
      closing ? { ...answer, headers: { ...answer.headers, Connection: 'close' } } : answer,
    );

  // Every answer of the API, also one given before the protocol sees the request, is readable by allowed pages.
  const respondApi: Respond = (reply, answer) => {
    const cors = corsHeaders(reply.request.headers, options.corsOrigins);
    respond(reply, { ...answer, headers: { ...answer.headers, ...cors } });
  };

  const places = new WeakMap<FastifyRequest, Place>();
  // The signature covers the body's very bytes, so no parser may touch them.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) =>
    readBody(payload, places.get(request) ?? NO_PLACE, limits.bodyBytes),
  );
  app.setErrorHandler((error, request, reply) =>
    respondToFault(options, { error, request, reply, respond: respondApi }),
  );

  addOperatorRoutes(app, options, { respond, isClosing: () => closing });
  const admit = admission(limits, places, {
    respond: respondApi,
    isClosing: () => closing,
  });
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<void> =>
    respondApi(reply, await answerApi(options, request, reply));
  app.route({ method: [...METHODS], url: '/*', onRequest: admit, handler: answer });
  app.setNotFoundHandler(answer);
  return app;
}

function fastifyOptions(limits: ServerLimits, tls: TlsMaterial | undefined) {
  const http = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    // How often Node looks for connections that are late.
    connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, CHECK_INTERVAL_MS),
  };
  return {
    logger: false,
    exposeHeadRoutes: false,
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.connectionTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    // The API has an answer of its own for this case.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerBroken,
    // A path with a broken escape, before any route.
    frameworkErrors: (_error, _request, reply) => send(reply, bare(400)),
    ...(tls ? { https: { ...http, ...tlsServerOptions(tls) } } : { http }),
    // The two kinds of server differ in nothing that this file uses.
  } as FastifyHttpOptions<Server>;
}

type Respond = (reply: FastifyReply, answer: Answer) => void;

interface Life {
  readonly respond: Respond;
  readonly isClosing: () => boolean;
}

function addOperatorRoutes(app: FastifyInstance, options: ServerOptions, life: Life): void {
  const { metrics } = options;
  app.get('/health/live', (_request, reply) => life.respond(reply, live()));
  app.get('/health/ready', async (_request, reply) =>
    life.respond(
      reply,
      life.isClosing() ? notReady({ service: 'shutting down' }) : await ready(options.ready),
    ),
  );
  app.get('/metrics', async (_request, reply) => {
    const body = await metrics.text();
    life.respond(reply, { status: 200, headers: { 'Content-Type': metrics.contentType }, body });
  });
}

/** Refuses, before a body is read, what comes during a shutdown or when too much is in flight. */
function admission(
  limits: ServerLimits,
  places: WeakMap<FastifyRequest, Place>,
  { respond, isClosing }: Life,
): onRequestHookHandler {
  const room = createAdmission(limits);
  return (request, reply, done) => {
    if (isClosing()) {
      respond(reply, { ...refusal('ThrottlingException', 'Service Unavailable'), status: 503 });
      return;
    }
    const announcedBytes = Number(request.headers['content-length'] ?? 0);
    if (announcedBytes > limits.bodyBytes) {
      respond(reply, bare(413));
      return;
    }
    const place = room.enter(announcedBytes);
    if (!place) {
      respond(reply, refusal('ThrottlingException'));
      return;
    }
    places.set(request, place);
    reply.raw.once('close', () => place.leave());
    done();
  };
}

/** Every request that has a body has been given a place before. */
const NO_PLACE: Place = { take: () => false, leave: () => undefined };

interface FaultyCall {
  readonly error: unknown;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly respond: Respond;
}

/** Answers what Fastify refuses before a handler runs, in the API's own words. */
async function respondToFault(options: ServerOptions, call: FaultyCall): Promise<void> {
  const { request, reply, respond } = call;
  const { code, statusCode } = call.error as { code?: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    // The body was not read: for the protocol it only matters whether there is one.
    if (request.headers['content-length'] !== '0') request.body = UNREAD;
    return respond(reply, await answerApi(options, request, reply));
  }
  if (call.error instanceof ApiError) return respond(reply, refusal(call.error.code));
  // A body that is too large, cut short or broken off: the caller's doing, and nothing to log.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return respond(reply, bare(statusCode));
  options.log.error({ err: call.error }, 'request failed');
  return respond(reply, refusal('InternalServerError'));
}

const UNREAD = Buffer.from(' ');

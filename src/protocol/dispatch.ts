import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { ApiError, ERRORS } from '../errors.js';
import { OPERATIONS, type OperationName } from '../model/operations.js';
import { ACCESS } from './access.js';
import { authorise, type Partition } from './authorise.js';
import { checkFront, FrontRefusal } from './front.js';
import { checkHandlers, type Handlers, type RequestContext } from './handlers.js';
import { operationOf, parseBody } from './json.js';
import { parseInput } from './parse.js';
import type { RateLimiter } from './rate-limits.js';
import type { ReplayGuard } from './replay.js';
import { writeError, writeReply } from './reply.js';
import type { Credentials } from './sigv4/credentials.js';
import { type Principal, type Verified, verify } from './sigv4/verify.js';
import { createValidator, type Validate } from './validate.js';
import { CONTENT_TYPE, type WireReply, type WireRequest } from './wire.js';

/** The named steps of a request, in their order. */
export type Step =
  | 'read'
  | 'target'
  | 'authenticate'
  | 'authorise'
  | 'parse'
  | 'validate'
  | 'invoke'
  | 'serialise';

/** Told how long steps take and how requests end; `operation` is `Unknown` where none was named. */
export interface Observer {
  step(step: Step, operation: string, seconds: number): void;
  /** `code` is `OK`, the error code, or `Refused` for what is no AWS JSON request at all. */
  request(operation: string, code: string): void;
}

/** Takes log lines as pino does. */
export interface DispatchLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Authentication {
  readonly credentials: Credentials;
  /** Regions a signature may name; empty: any. */
  readonly regions: readonly string[];
}

export interface DispatchOptions {
  readonly handlers: Handlers;
  /** Absent: nobody has to sign. The caller sees to it that only this machine can connect. */
  readonly authentication?: Authentication;
  /** Absent: a captured request that changes something may be sent again while its date is good. */
  readonly replay?: ReplayGuard;
  /** Absent: no principal makes too many calls. */
  readonly rates?: RateLimiter;
  /** Used in the ARNs that authorisation sees. */
  readonly partition: Partition;
  readonly observer: Observer;
  readonly log: DispatchLog;
  /** Epoch milliseconds. Default: the system's clock. */
  readonly now?: () => number;
  readonly newRequestId?: () => string;
  /** Waits; rejects when the signal aborts. Default: a timer. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Answers one request. Never rejects. The signal says that the caller has gone away. */
export type Dispatch = (request: WireRequest, signal: AbortSignal) => Promise<WireReply>;

/** A body up to which the order of checks is AWS's: JSON before signature. Above it nobody unknown is parsed for. */
const STRANGERS_BODY_BYTES = 64 * 1024;
/** Whose calls count where nobody signs. */
const EVERYBODY = '';

/** Builds the pipeline over a complete table of handlers; throws where the table and the model differ. */
export function createDispatch(options: DispatchOptions): Dispatch {
  const handlers = checkHandlers(options.handlers);
  const validators = createValidators();
  const now = options.now ?? Date.now;
  const newRequestId = options.newRequestId ?? randomUUID;
  const pause = options.pause ?? wait;
  const { authentication, replay, rates, partition, observer, log } = options;

  /** Contract section 2: the order of the steps is part of the API. */
  async function answer(request: WireRequest, call: Call): Promise<string> {
    const { requestId, signal, step } = call;
    const authenticate = (): Verified | undefined =>
      step(
        'authenticate',
        () => authentication && verify(request, { ...authentication, nowMs: now() }),
      );
    // Parsing a large body costs too much to do it for anybody.
    const early =
      request.body.length > STRANGERS_BODY_BYTES && requireOperation(call.operation)
        ? authenticate()
        : undefined;
    const body = step('read', () => {
      checkFront(request, call.operation);
      return parseBody(request.body);
    });
    const operation = step('target', () => requireOperation(call.operation));
    const verified = early ?? authenticate();
    const principal = verified?.principal;
    call.principal = principal;
    step('authorise', () => {
      rates?.take(principal?.arn ?? EVERYBODY, ACCESS[operation].rate, now());
      if (principal) authorise(principal, operation, body, partition);
    });
    const repeated =
      verified && ACCESS[operation].mutates ? replay?.use(verified, now()) : undefined;
    if (repeated) {
      await pause(repeated.afterMs, signal);
      throw repeated.error;
    }
    const { input: inputShape, output: outputShape } = OPERATIONS[operation];
    const input = step('parse', () => parseInput(inputShape, body));
    step('validate', () => validators[operation](input));
    const context: RequestContext = { requestId, signal, ...(principal && { principal }) };
    const output = await step('invoke', () => handlers[operation](input, context));
    return step('serialise', () => writeReply(outputShape, output));
  }

  return async (request, signal) => {
    const requestId = newRequestId();
    const operation = operationOf(request.headers['x-amz-target']);
    const label = operation ?? 'Unknown';
    const startedMs = performance.now();
    const call: Call = { requestId, operation, signal, step: timer(observer, label) };

    const { reply, code } = await answer(request, call).then(
      (body) => ({ reply: jsonReply(200, body), code: 'OK' }),
      (error: unknown) => refuse(error, call, log),
    );
    observer.request(label, code);
    log.info(
      {
        requestId,
        operation: label,
        code,
        status: reply.status,
        durationMs: Math.round(performance.now() - startedMs),
        ...(call.principal && { accessKeyId: call.principal.accessKeyId }),
      },
      'request',
    );
    return { ...reply, headers: { ...reply.headers, 'x-amzn-RequestId': requestId } };
  };
}

interface Call {
  readonly requestId: string;
  readonly operation: OperationName | undefined;
  readonly signal: AbortSignal;
  readonly step: StepTimer;
  principal?: Principal | undefined;
}

type StepTimer = <T>(step: Step, work: () => T) => T;

/** Runs a step and reports its time, also when it fails; for a promise, the time until it settles. */
function timer(observer: Observer, operation: string): StepTimer {
  return (step, work) => {
    const startedMs = performance.now();
    const done = (): void => observer.step(step, operation, (performance.now() - startedMs) / 1000);
    let result: ReturnType<typeof work>;
    try {
      result = work();
    } catch (error) {
      done();
      throw error;
    }
    if (!(result instanceof Promise)) {
      done();
      return result;
    }
    return result.finally(done) as typeof result;
  };
}

const wait = (ms: number, signal: AbortSignal): Promise<void> =>
  setTimeout(ms, undefined, { signal });

const createValidators = (): Readonly<Record<OperationName, Validate>> =>
  Object.fromEntries(
    Object.entries(OPERATIONS).map(([name, { input }]) => [name, createValidator(input)]),
  ) as Record<OperationName, Validate>;

function requireOperation(operation: OperationName | undefined): OperationName {
  if (!operation) throw new ApiError('UnknownOperationException');
  return operation;
}

function refuse(
  error: unknown,
  { requestId, operation, signal }: Call,
  log: DispatchLog,
): { reply: WireReply; code: string } {
  if (error instanceof FrontRefusal) return { reply: error.reply, code: 'Refused' };
  if (error instanceof ApiError) return { reply: errorReply(error, requestId), code: error.code };
  // A handler that stops because its caller has gone is no fault, and nobody reads the answer.
  if (!signal.aborted) log.error({ requestId, operation, err: error }, 'request failed');
  const hidden = new ApiError('InternalServerError');
  return { reply: errorReply(hidden, requestId), code: hidden.code };
}

/** The reply to an error, for this pipeline and for what is refused before it. */
export const errorReply = (error: ApiError, requestId: string): WireReply =>
  jsonReply(ERRORS[error.code].status, writeError(error, requestId));

const jsonReply = (status: number, body: string): WireReply => ({
  status,
  headers: { 'Content-Type': CONTENT_TYPE },
  body,
});

import { parentPort, type TransferListItem, Worker, type WorkerOptions } from 'node:worker_threads';
import { ApiError, type ErrorCode, OperatorError } from './errors.js';

/** The functions one worker offers, by name. Arguments and results must be cloneable. */
export type WorkerMethods = Record<string, (argument: never) => unknown>;

export type Argument<M, K extends keyof M> = M[K] extends (argument: infer A) => unknown
  ? A
  : never;
export type Result<M, K extends keyof M> = M[K] extends (argument: never) => infer R
  ? Awaited<R> extends Transfer<infer T>
    ? T
    : Awaited<R>
  : never;

/** Instead of a call: the thread takes no more. */
const END = 'end';

export interface CallMessage {
  id: number;
  method: string;
  argument: unknown;
}
interface PortableError {
  name: string;
  message: string;
  stack: string | undefined;
  code: string | undefined;
}
export interface ReplyMessage {
  id: number;
  value?: unknown;
  error?: PortableError;
}

/** A result whose buffers are handed over instead of copied. */
export class Transfer<T> {
  readonly value: T;
  readonly list: readonly TransferListItem[];
  constructor(value: T, list: readonly TransferListItem[]) {
    this.value = value;
    this.list = list;
  }
}

/** The folder this file lies in: src/, or dist/ in the compiled service. */
const HERE = new URL('.', import.meta.url).href;

/**
 * The file a worker runs. Node 20 cannot run TypeScript, so a part that itself runs from src/ (under
 * the test runner) starts the compiled twin in dist/.
 */
export function workerFile(importMetaUrl: string, relative: string): URL {
  const url = new URL(relative, importMetaUrl);
  if (!importMetaUrl.endsWith('.ts')) return url;
  const path = url.href.slice(HERE.length).replace(/\.ts$/, '.js');
  return new URL(`../dist/${path}`, HERE);
}

/** The calls of one client that wait for an answer. */
export class OpenCalls {
  readonly #open = new Map<
    number,
    { resolve: (value: never) => void; reject: (error: Error) => void }
  >();
  #nextId = 1;

  get size(): number {
    return this.#open.size;
  }

  /**
   * The answer to a call that `send` hands over. The call counts as open once that has returned: what it throws
   * rejects. `drop` takes the call back and rejects it, unless it has been settled.
   */
  add<T>(send: (id: number, drop: (error: Error) => void) => void): Promise<T> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      send(id, (error) => {
        if (this.#open.delete(id)) reject(error);
      });
      this.#open.set(id, { resolve, reject });
    });
  }

  settle({ id, value, error }: ReplyMessage): void {
    const call = this.#open.get(id);
    if (!call) return;
    this.#open.delete(id);
    if (error) call.reject(revive(error));
    else call.resolve(value as never);
  }

  rejectAll(error: Error): void {
    for (const { reject } of this.#open.values()) reject(error);
    this.#open.clear();
  }
}

/** Calls the methods a worker thread serves. A worker that dies rejects everything still open. */
export class WorkerClient<M extends object> {
  readonly #worker: Worker;
  readonly #open = new OpenCalls();
  #dead: Error | undefined;
  readonly #ended: Promise<void>;

  /** `onExit` is told when the thread ends, with the error that ended it if there was one. */
  constructor(file: URL, options: WorkerOptions, onExit?: (error: Error | undefined) => void) {
    let fatal: Error | undefined;
    this.#worker = new Worker(file, options);
    this.#worker.on('message', (reply: ReplyMessage) => this.#open.settle(reply));
    this.#worker.on('error', (error: unknown) => {
      fatal = error instanceof Error ? error : new Error(String(error));
    });
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    this.#worker.on('exit', (code) => {
      this.#dead = new Error(`worker thread ended with code ${code}`, { cause: fatal });
      this.#open.rejectAll(this.#dead);
      onExit?.(fatal);
    });
  }

  /** How many calls wait for an answer. Callers bound it; this class only counts. */
  get openCalls(): number {
    return this.#open.size;
  }

  call<K extends keyof M & string>(
    method: K,
    argument: Argument<M, K>,
    transfer: readonly TransferListItem[] = [],
  ): Promise<Result<M, K>> {
    if (this.#dead) return Promise.reject(this.#dead);
    // Throws for what cannot be cloned.
    return this.#open.add((id) =>
      this.#worker.postMessage({ id, method, argument } satisfies CallMessage, transfer),
    );
  }

  /** Ends the thread at once, whatever it is doing. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  /**
   * Lets the thread finish the calls it has been given and ends it; at once when that takes longer than
   * `graceMs`. For threads inside native code that aborts the process when JavaScript is stopped under it.
   */
  async end(graceMs: number): Promise<void> {
    if (this.#dead) return;
    const timer = setTimeout(() => void this.#worker.terminate(), graceMs);
    this.#worker.postMessage(END);
    await this.#ended;
    clearTimeout(timer);
  }
}

/** Serves methods on this worker thread's port. */
export function serveWorker(methods: WorkerMethods): void {
  const port = parentPort;
  if (!port) throw new Error('serveWorker must run in a worker thread');
  port.on('message', (message: CallMessage | typeof END) => {
    if (message === END) return port.close();
    void answer(methods, message).then(([reply, list]) => port.postMessage(reply, list));
  });
}

/** Runs one call; the reply carries the error if there is one. */
export async function answer(
  methods: WorkerMethods,
  { id, method, argument }: CallMessage,
): Promise<[ReplyMessage, readonly TransferListItem[]]> {
  try {
    const run = methods[method];
    if (!run) throw new Error(`the worker has no method ${method}`);
    const value = await run(argument as never);
    return value instanceof Transfer
      ? [{ id, value: value.value }, value.list]
      : [{ id, value }, []];
  } catch (error) {
    return [{ id, error: portable(error) }, []];
  }
}

function portable(error: unknown): PortableError {
  if (!(error instanceof Error))
    return { name: 'Error', message: String(error), stack: undefined, code: undefined };
  const { name, message, stack } = error;
  const code = (error as { code?: unknown }).code;
  return { name, message, stack, code: typeof code === 'string' ? code : undefined };
}

/** The error as it was thrown at the other end. */
function revive({ name, message, stack, code }: PortableError): Error {
  if (name === 'ApiError') return new ApiError(code as ErrorCode, message);
  if (name === 'OperatorError') return new OperatorError(message);
  const error = Object.assign(new Error(message), { name, ...(code !== undefined && { code }) });
  if (stack !== undefined) error.stack = stack;
  return error;
}

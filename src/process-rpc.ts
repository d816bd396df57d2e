import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  type Argument,
  answer,
  type CallMessage,
  OpenCalls,
  type ReplyMessage,
  type Result,
  type WorkerMethods,
} from './worker-rpc.js';

/** So much of what a process last wrote on standard error is kept: native code says there why it dies. */
const LAST_WORDS = 2000;

/** Why a process is not there any more. */
export class ProcessEnded extends Error {
  override readonly name = 'ProcessEnded';
}

/**
 * Calls the methods a child process serves: like WorkerClient for a thread, but native code that crashes and an
 * out-of-memory killer take the child and not the service. A child that ends rejects everything still open.
 */
export class ProcessClient<M extends object> {
  readonly #child: ChildProcess;
  readonly #open = new OpenCalls();
  #dead: ProcessEnded | undefined;
  #lastWords = '';
  readonly #ended: Promise<void>;

  /**
   * @param environment added to this process's own.
   * @param onExit is told when the process ends, for whatever reason.
   */
  constructor(
    file: URL,
    environment: Readonly<Record<string, string>>,
    onExit?: (error: ProcessEnded) => void,
  ) {
    this.#child = fork(fileURLToPath(file), [], {
      serialization: 'advanced',
      // Nothing may write between the service's own lines.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
      env: { ...process.env, ...environment },
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString()).slice(-LAST_WORDS);
    });
    this.#child.on('message', (reply) => this.#open.settle(reply as ReplyMessage));
    this.#ended = new Promise((resolve) => {
      const end = (how: string): void => {
        if (this.#dead) return;
        this.#dead = new ProcessEnded([how, this.#lastWords.trim()].filter(Boolean).join(': '));
        this.#open.rejectAll(this.#dead);
        onExit?.(this.#dead);
        resolve();
      };
      // `close` comes after `exit`, when standard error has been read to its end.
      this.#child.once('close', (code, signal) =>
        end(signal ? `the process was ended by ${signal}` : `the process ended with code ${code}`),
      );
      this.#child.on('error', (error) => {
        if (this.#child.pid === undefined) end(`the process did not start: ${error.message}`);
      });
    });
  }

  /** Undefined for a process that could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  call<K extends keyof M & string>(method: K, argument: Argument<M, K>): Promise<Result<M, K>> {
    if (this.#dead) return Promise.reject(this.#dead);
    return this.#open.add((id, drop) =>
      this.#child.send({ id, method, argument } satisfies CallMessage, (error) => {
        // A process that is going down is not written to; its end rejects what is open.
        if (error && this.#child.connected) drop(error);
      }),
    );
  }

  /** Ends the process at once, whatever it is doing. */
  async terminate(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

/** Serves methods to the parent process, as long as that lives. */
export function serveProcess(methods: WorkerMethods): void {
  const send = process.send?.bind(process);
  if (!send) throw new Error('serveProcess must run in a child process');
  // The parent decides when to end: a signal to the whole group must not cut off accepted photos.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message: CallMessage) => {
    void answer(methods, message).then(([reply]) => send(reply));
  });
}

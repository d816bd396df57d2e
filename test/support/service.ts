import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RekognitionClient } from '@aws-sdk/client-rekognition';

// The SDK would announce in every test process when it will leave Node 20.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

const MAIN = resolve(import.meta.dirname, '../../dist/main.js');
const START_TIMEOUT_MS = 60_000;

export const REGION = 'us-east-1';
export const CREDENTIALS = {
  accessKeyId: 'AKIDLIKENESSTEST',
  secretAccessKey: 'a-secret-that-only-tests-know',
};

/** Settings under which a service starts; a name with an empty value counts as not set. */
export type Environment = Record<string, string>;

/** The compiled service in a process of its own. */
export interface RunningService {
  endpoint: string;
  child: ChildProcess;
  /** Everything it wrote so far. */
  stdout: () => string;
  stderr: () => string;
  /** Resolves with its exit code, or the signal's name. */
  exited: Promise<number | string>;
}

const CLEAN: Environment = {
  AWS_ACCESS_KEY_ID: '',
  AWS_SECRET_ACCESS_KEY: '',
  AWS_SESSION_TOKEN: '',
  AWS_REGION: '',
};

/** Starts a process without waiting for it to listen. */
export function spawnService(environment: Environment): Omit<RunningService, 'endpoint'> {
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...CLEAN, LIKENESS_PORT: '0', ...environment },
  });
  let out = '';
  let problems = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    problems += chunk.toString();
  });
  const exited = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string);
  return { child, stdout: () => out, stderr: () => problems, exited };
}

/** Starts a service and waits until it listens. */
export async function startService(environment: Environment): Promise<RunningService> {
  const service = spawnService(environment);
  const endpoint = await new Promise<string>((found, failed) => {
    const timer = setTimeout(
      () => failed(new Error(`no endpoint in time:\n${service.stderr()}`)),
      START_TIMEOUT_MS,
    );
    const look = (): void => {
      const [, url] = /listening on (http\S+)/.exec(service.stdout()) ?? [];
      if (url === undefined) return;
      clearTimeout(timer);
      found(url);
    };
    service.child.stdout?.on('data', look);
    void service.exited.then((code) => {
      clearTimeout(timer);
      failed(new Error(`the service ended with ${code}:\n${service.stderr()}`));
    });
  });
  return { ...service, endpoint };
}

/** Asks it to stop and gives its exit code. */
export async function stopService({
  child,
  exited,
}: Pick<RunningService, 'child' | 'exited'>): Promise<number | string> {
  child.kill('SIGTERM');
  return exited;
}

/** A service with keys on a fresh data directory, and a signed client; both are gone after `close`. */
export async function freshService(environment: Environment = {}): Promise<{
  client: RekognitionClient;
  service: RunningService;
  dataDirectory: string;
  close: () => Promise<void>;
}> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'likeness-test-'));
  const service = await startService({ ...withKeys(dataDirectory), ...environment });
  const client = clientFor(service.endpoint);
  return {
    client,
    service,
    dataDirectory,
    close: async () => {
      client.destroy();
      await stopService(service);
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

export const withKeys = (dataDirectory: string): Environment => ({
  LIKENESS_DATA: dataDirectory,
  LIKENESS_LOG_LEVEL: 'warn',
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
});

/** `maxAttempts` 1: a test sees the first answer, not what a retry made of it. */
export const clientFor = (
  endpoint: string,
  options: { maxAttempts?: number } = {},
): RekognitionClient =>
  new RekognitionClient({
    endpoint,
    region: REGION,
    credentials: CREDENTIALS,
    maxAttempts: 1,
    ...options,
  });

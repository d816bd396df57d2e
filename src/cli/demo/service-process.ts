import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OperatorError } from '../../errors.js';

/** The service in a process of its own, on a free port and a fresh data directory, as a user would run it. */
export interface ServiceProcess {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** Lets it finish what it accepted, then removes its data. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;

export async function startServiceProcess(): Promise<ServiceProcess> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'likeness-demo-'));
  const region = 'us-east-1';
  const credentials = {
    accessKeyId: `DEMO${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64url'),
  };
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('../../main.js', import.meta.url))],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        LIKENESS_DATA: dataDirectory,
        LIKENESS_HOST: '127.0.0.1',
        LIKENESS_PORT: '0',
        LIKENESS_REGION: region,
        LIKENESS_KEYS_FILE: '',
        LIKENESS_MASTER_KEY_FILE: '',
        LIKENESS_TLS_CERTIFICATE: '',
        LIKENESS_TLS_KEY: '',
        LIKENESS_TLS_CLIENT_CA: '',
        LIKENESS_LOG_LEVEL: 'warn',
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_SESSION_TOKEN: '',
      },
    },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
    await rm(dataDirectory, { recursive: true, force: true });
  };
  try {
    return { endpoint: await endpointOf(child), region, credentials, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Reads the endpoint from the first lines the service prints. */
function endpointOf(child: ReturnType<typeof spawn>): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    let problems = '';
    const timer = setTimeout(
      () =>
        reject(
          new OperatorError(
            `The service did not start in ${START_TIMEOUT_MS / 1000} s: ${problems}`,
          ),
        ),
      START_TIMEOUT_MS,
    );
    child.stderr?.on('data', (chunk: Buffer) => {
      problems = `${problems}${chunk.toString()}`.slice(-4000);
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      const [, endpoint] = /listening on (http\S+)/.exec(printed) ?? [];
      if (endpoint === undefined) return;
      clearTimeout(timer);
      resolve(endpoint);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new OperatorError(`The service ended with code ${code}: ${problems.trim()}`));
    });
  });
}

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';

const SERVER = resolve(import.meta.dirname, 'swift-server.py');
const PYTHON = '/usr/bin/python3';
const START_TIMEOUT_MS = 60_000;

export const S3_CREDENTIALS = { accessKeyId: 'photos:reader', secretAccessKey: 'only-for-tests' };

/** Whether OpenStack Swift, an S3-speaking server nobody here wrote, can be run. */
export const swiftIsInstalled = ((): boolean => {
  try {
    execFileSync(PYTHON, ['-c', 'import swift.obj.mem_server'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

export const SKIPPED = swiftIsInstalled ? '' : ' (skipped: python3-swift is not installed)';

/** Swift on a free loopback port, empty, with one key. */
export async function startSwift(): Promise<{
  endpoint: string;
  admin: S3Client;
  close: () => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-swift-'));
  const { accessKeyId, secretAccessKey } = S3_CREDENTIALS;
  const child = spawn(PYTHON, [SERVER, folder, accessKeyId, secretAccessKey], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let written = '';
  const endpoint = await new Promise<string>((found, failed) => {
    const timer = setTimeout(() => failed(new Error(`no endpoint:\n${written}`)), START_TIMEOUT_MS);
    const look = (chunk: Buffer): void => {
      written += chunk.toString();
      const [, url] = /listening on (http\S+)/.exec(written) ?? [];
      if (url === undefined) return;
      clearTimeout(timer);
      found(url);
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('exit', (code) => failed(new Error(`swift ended with ${code}:\n${written}`)));
  });
  const admin = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: S3_CREDENTIALS,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  return {
    endpoint,
    admin,
    close: async () => {
      admin.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DetectFacesCommand, ListCollectionsCommand } from '@aws-sdk/client-rekognition';
import { describe, expect, it, onTestFinished } from 'vitest';
import { clientFor, spawnService, withKeys } from '../support/service.js';
import { sample } from '../vision/photos.js';

/** Calls until there is a result. */
async function until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The inference process of a service, once it runs its own program: until then its parent waits for it (Linux). */
function workerOf(pid: number): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return children
    .filter((word) => word !== '')
    .map(Number)
    .find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('vision/worker.js'));
}

/** Whether a process lives. */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A service that listens while its inference process stands still, loading nets. */
async function listeningWithoutNets() {
  const directory = await mkdtemp(join(tmpdir(), 'likeness-listen-'));
  const service = spawnService({
    ...withKeys(directory),
    LIKENESS_LOG_LEVEL: 'info',
    LIKENESS_RUNTIME: 'tfjs-wasm',
  });
  const worker = await until(() => workerOf(service.child.pid!));
  process.kill(worker, 'SIGSTOP');
  onTestFinished(async () => {
    service.child.kill('SIGKILL');
    await service.exited;
    if (isThere(worker)) process.kill(worker, 'SIGKILL');
    await rm(directory, { recursive: true, force: true });
  });
  const endpoint = await until(() => /"endpoint":"([^"]+)"/.exec(service.stderr())?.[1]);
  const client = clientFor(endpoint);
  onTestFinished(() => client.destroy());
  return { ...service, worker, endpoint, client };
}

const readiness = async (endpoint: string): Promise<[number, unknown]> => {
  const response = await fetch(`${endpoint}/health/ready`);
  return [response.status, await response.json()];
};

const photo = () => new DetectFacesCommand({ Image: { Bytes: sample(1) } });

/** Resolves when the service has so many photos in its queue. */
const waiting = (endpoint: string, count: number): Promise<true> =>
  until(async () => {
    const page = await (await fetch(`${endpoint}/metrics`)).text();
    return page.includes(`likeness_vision_images{state="queued"} ${count}`) || undefined;
  });

describe.skipIf(process.platform !== 'linux')('a service whose nets are being loaded', () => {
  it('answers what needs no photo, says what it waits for, and answers photos once it can', async () => {
    const { client, endpoint, worker, stdout } = await listeningWithoutNets();
    const { CollectionIds } = await client.send(new ListCollectionsCommand({}));
    expect(CollectionIds).toEqual([]);
    expect(await readiness(endpoint)).toEqual([
      503,
      { status: 'not ready', reasons: { vision: 'the nets are being loaded' } },
    ]);
    const faces = client.send(photo());
    await waiting(endpoint, 1);
    expect(stdout()).toBe('');
    process.kill(worker, 'SIGCONT');
    expect((await faces).FaceDetails).not.toHaveLength(0);
    expect(await readiness(endpoint)).toEqual([200, { status: 'ready' }]);
    expect(await until(() => stdout() || undefined)).toContain(`listening on ${endpoint}`);
  });

  it('finishes what it accepted when it is told to stop', async () => {
    const { client, child, endpoint, exited, worker } = await listeningWithoutNets();
    const faces = client.send(photo());
    await waiting(endpoint, 1);
    child.kill('SIGTERM');
    process.kill(worker, 'SIGCONT');
    expect((await faces).FaceDetails).not.toHaveLength(0);
    expect(await exited).toBe(0);
  });

  it('stops at once when nobody waits', async () => {
    const { child, exited, stderr, worker } = await listeningWithoutNets();
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(stderr()).not.toMatch(/^likeness:/m);
    expect(isThere(worker)).toBe(false);
  });
});

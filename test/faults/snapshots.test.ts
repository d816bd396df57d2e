import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateCollectionCommand, SearchFacesCommand } from '@aws-sdk/client-rekognition';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSqliteStore } from '../../src/store/sqlite/store.js';
import { loadNativeSnapshots } from '../../src/vectors/snapshot-file.js';
import {
  clientFor,
  type RunningService,
  startService,
  stopService,
  withKeys,
} from '../support/service.js';
import { people } from '../vectors/data.js';

const CollectionId = 'many';
const PEOPLE = 700;
const EACH = 5;

let dataDirectory: string;
let probes: string[];
let before: unknown;
const started: RunningService[] = [];
const start = async (): Promise<RunningService> => {
  const service = await startService({ ...withKeys(dataDirectory), LIKENESS_LOG_LEVEL: 'info' });
  started.push(service);
  return service;
};

beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'likeness-test-'));
  const service = await start();
  const client = clientFor(service.endpoint);
  await client.send(new CreateCollectionCommand({ CollectionId }));
  client.destroy();
  await stopService(service);
  probes = await fill();
});
afterEach(async () => {
  for (const { child, exited } of started.splice(0)) {
    child.kill('SIGKILL');
    await exited;
  }
});
afterAll(() => rm(dataDirectory, { recursive: true, force: true }));

/** Puts people's faces into the store of a service that does not run; one face of every hundredth. */
async function fill(): Promise<string[]> {
  const store = await createSqliteStore({ directory: dataDirectory });
  const { dimension } = await store.collection(CollectionId);
  const ids: string[] = [];
  for (const { faces } of people({ people: PEOPLE, each: EACH, dimension }, 3)) {
    const stored = faces.map((embedding) => ({
      faceId: randomUUID(),
      imageId: randomUUID(),
      box: { width: 0.5, height: 0.5, left: 0.1, top: 0.1 },
      confidence: 99,
      embedding,
      createdAtMs: 1,
    }));
    await store.insertFaces(CollectionId, stored, 1_000_000);
    ids.push(stored[0]!.faceId);
  }
  await store.close();
  return ids.filter((_, i) => i % 100 === 0);
}

async function ready({ endpoint }: RunningService): Promise<void> {
  while ((await fetch(`${endpoint}/health/ready`)).status !== 200) await sleep(20);
}

/** What the service finds near each probe. */
async function answers(service: RunningService): Promise<unknown> {
  const client = clientFor(service.endpoint);
  const found: unknown[] = [];
  for (const FaceId of probes) {
    const request = { CollectionId, FaceId, FaceMatchThreshold: 0, MaxFaces: 20 };
    const { FaceMatches = [] } = await client.send(new SearchFacesCommand(request));
    expect(FaceMatches.length).toBeGreaterThan(0);
    found.push(FaceMatches.map(({ Similarity, Face }) => [Face?.FaceId, Similarity]));
  }
  client.destroy();
  return found;
}

async function metric({ endpoint }: RunningService, name: string): Promise<number> {
  const text = await (await fetch(`${endpoint}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? Number.NaN);
}
const outcome = (service: RunningService, name: string): Promise<number> =>
  metric(service, `likeness_snapshots{outcome="${name}"}`);

const files = (): string[] => {
  const directory = join(dataDirectory, 'snapshots');
  return existsSync(directory) ? readdirSync(directory) : [];
};

describe.skipIf(!loadNativeSnapshots())('a service that starts again', { timeout: 240_000 }, () => {
  it('reads the snapshot that it wrote when it stopped, and answers the same', async () => {
    const service = await start();
    await ready(service);
    expect(await metric(service, 'likeness_vectors_read_from_store')).toBe(PEOPLE * EACH);
    before = await answers(service);
    expect(await stopService(service)).toBe(0);
    expect(service.stderr()).toContain('a snapshot was written');

    const again = await start();
    await ready(again);
    expect(again.stderr()).toContain('a collection was read from its snapshot');
    expect([
      await outcome(again, 'restored'),
      await metric(again, 'likeness_vectors_read_from_store'),
      await metric(again, 'likeness_vectors{kind="face"}'),
    ]).toEqual([1, 0, PEOPLE * EACH]);
    expect(await answers(again)).toEqual(before);
    expect(await stopService(again)).toBe(0);
  });

  it('sets a damaged snapshot aside, says so, and answers the same', async () => {
    const [name] = files();
    const path = join(dataDirectory, 'snapshots', name!);
    const bytes = readFileSync(path);
    bytes[Math.floor(bytes.length * 0.7)]! ^= 16;
    writeFileSync(path, bytes);
    const service = await start();
    await ready(service);
    expect(await outcome(service, 'setAside')).toBe(1);
    expect(service.stderr()).toContain(`${name}.broken`);
    expect(await answers(service)).toEqual(before);
    expect(await stopService(service)).toBe(0);
    expect(files()).toEqual([name]);
  });

  it('answers the same after it was killed while it wrote a snapshot', async () => {
    for (let kill = 0; kill < 2; kill++) {
      await rm(join(dataDirectory, 'snapshots'), { recursive: true });
      const service = await start();
      await ready(service);
      service.child.kill('SIGTERM');
      while (!files().some((name) => name.endsWith('.tmp'))) await sleep(1);
      service.child.kill('SIGKILL');
      await service.exited;
      const again = await start();
      await ready(again);
      expect(await answers(again)).toEqual(before);
      expect(await stopService(again)).toBe(0);
      expect(files()).toEqual([expect.stringMatching(/\.snapshot$/)]);
    }
  });
});

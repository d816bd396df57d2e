import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateCollectionCommand,
  ListCollectionsCommand,
  RekognitionClient,
} from '@aws-sdk/client-rekognition';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  CREDENTIALS,
  clientFor,
  type Environment,
  REGION,
  spawnService,
  startService,
  stopService,
  withKeys,
} from '../support/service.js';

async function dataDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'likeness-start-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts a service that must not come up; gives its one line. */
async function failure(environment: Environment): Promise<string> {
  const service = spawnService(environment);
  expect(await service.exited).toBe(1);
  const lines = service
    .stderr()
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('likeness:'));
  expect(lines).toHaveLength(1);
  return lines[0] ?? '';
}

async function running(environment: Environment): Promise<string> {
  const service = await startService(environment);
  onTestFinished(async () => void (await stopService(service)));
  return service.endpoint;
}

const codeOf = (client: RekognitionClient): Promise<string> =>
  client.send(new ListCollectionsCommand({})).then(
    () => 'OK',
    (error: Error) => error.name,
  );

describe('a start', () => {
  it('without keys listens on loopback, says so, and takes unsigned and signed requests', async () => {
    const service = await startService({ LIKENESS_DATA: await dataDirectory() });
    onTestFinished(async () => void (await stopService(service)));
    expect(service.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(service.stdout()).toContain('no keys are set');
    expect(service.stdout()).toContain(
      `aws rekognition list-collections --endpoint-url ${service.endpoint}`,
    );
    expect(await codeOf(clientFor(service.endpoint))).toBe('OK');
  });

  it('without keys refuses to be reachable from other machines', async () => {
    expect(
      await failure({ LIKENESS_DATA: await dataDirectory(), LIKENESS_HOST: '0.0.0.0' }),
    ).toMatch(/LIKENESS_HOST is 0\.0\.0\.0, which other machines can reach, but no keys are set/);
  });

  it('with keys from the environment refuses other keys', async () => {
    const endpoint = await running(withKeys(await dataDirectory()));
    expect(await codeOf(clientFor(endpoint))).toBe('OK');
    const client = (credentials: typeof CREDENTIALS) =>
      new RekognitionClient({ endpoint, region: REGION, credentials, maxAttempts: 1 });
    expect(await codeOf(client({ ...CREDENTIALS, accessKeyId: 'AKIDSOMEBODYELSE' }))).toBe(
      'UnrecognizedClientException',
    );
    expect(await codeOf(client({ ...CREDENTIALS, secretAccessKey: 'guessed-secret-key' }))).toBe(
      'InvalidSignatureException',
    );
  });

  it('names a keys file it cannot read', async () => {
    expect(
      await failure({
        LIKENESS_DATA: await dataDirectory(),
        LIKENESS_KEYS_FILE: '/nowhere/keys.json',
        LIKENESS_MASTER_KEY_FILE: '/nowhere/master.key',
      }),
    ).toMatch(/LIKENESS_KEYS_FILE: cannot read \/nowhere\/keys\.json/);
  });

  it('names an occupied port', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    expect(
      await failure({ LIKENESS_DATA: await dataDirectory(), LIKENESS_PORT: String(port) }),
    ).toBe(
      `likeness: Cannot listen on 127.0.0.1:${port}: the port is in use: stop the other program or set LIKENESS_PORT`,
    );
  });

  it('names every wrong setting', async () => {
    expect(await failure({ LIKENESS_PORT: '-1', LIKENESS_VISION_WORKERS: 'many' })).toMatch(
      /LIKENESS_PORT: .*LIKENESS_VISION_WORKERS: /,
    );
  });

  it('refuses a data directory that another service uses', async () => {
    const directory = await dataDirectory();
    await running({ LIKENESS_DATA: directory });
    expect(await failure({ LIKENESS_DATA: directory })).toMatch(/in use|another/);
  });

  it('refuses a data directory of a newer version and leaves it alone', async () => {
    const directory = await dataDirectory();
    const service = await startService(withKeys(directory));
    const client = clientFor(service.endpoint);
    await client.send(new CreateCollectionCommand({ CollectionId: 'c' }));
    client.destroy();
    await stopService(service);
    const catalog = new Database(join(directory, 'catalog.db'));
    catalog.pragma('user_version = 99');
    catalog.close();
    expect(await failure({ LIKENESS_DATA: directory })).toMatch(
      /written by a newer version \(schema 99, this program knows \d+\): upgrade Likeness/,
    );
  });

  it('names a data directory that is a file', async () => {
    const file = join(await dataDirectory(), 'file');
    await writeFile(file, '');
    await chmod(file, 0o600);
    expect(await failure({ LIKENESS_DATA: file })).toContain(file);
  });
});

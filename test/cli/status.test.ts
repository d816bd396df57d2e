import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CreateCollectionCommand } from '@aws-sdk/client-rekognition';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { indexFace } from '../support/api.js';
import { certificateFolder, createAuthority, withoutOpenssl } from '../support/certificates.js';
import { portrait } from '../support/photos.js';
import {
  CREDENTIALS,
  freshService,
  startService,
  stopService,
  withKeys,
} from '../support/service.js';
import { startScriptedServer } from './recorded/scripted-server.js';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');
const KEYS = {
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
};

/** Hardly a photo is looked at here. */
const SMALL = { LIKENESS_RUNTIME: 'tfjs-wasm', LIKENESS_VISION_WORKERS: '1' };

const status = (
  endpoint: string,
  env: Readonly<Record<string, string>> = KEYS,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((done) => {
    execFile(
      process.execPath,
      [CLI, 'status', '--endpoint-url', endpoint, ...args],
      { env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env } },
      (error, stdout, stderr) =>
        done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

const PATIENTLY = { timeout: 30_000, interval: 200 };

describe('likeness status', () => {
  let running: Awaited<ReturnType<typeof freshService>>;
  let endpoint: string;
  const folder = mkdtempSync(join(tmpdir(), 'likeness-status-'));
  beforeAll(async () => {
    const key = join(folder, 'master.key');
    writeFileSync(key, randomBytes(32).toString('base64'), { mode: 0o600 });
    const keeping = { LIKENESS_FACE_CROPS: 'on', LIKENESS_MASTER_KEY_FILE: key };
    running = await freshService({ ...SMALL, ...keeping });
    ({ endpoint } = running.service);
  });
  afterAll(async () => {
    await running.close();
    rmSync(folder, { recursive: true });
  });

  it('tells of a service without and with collections, to people and to programs', async () => {
    expect(await status(endpoint)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ answers in [\d.]+ ms\nNo collections yet: likeness create/),
      stderr: '',
    });
    await running.client.send(new CreateCollectionCommand({ CollectionId: 'people' }));
    const { code, stdout } = await status(endpoint);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^collection +faces +users +model +created$/m);
    expect(stdout).toMatch(/^people +0 +0 +\S+ +\d{4}-/m);
    const json = JSON.parse((await status(endpoint, KEYS, '--json')).stdout) as unknown;
    expect(json).toMatchObject({
      Endpoint: `${endpoint}/`,
      Ready: true,
      Collections: [{ CollectionId: 'people', FaceCount: 0, UserCount: 0 }],
      MoreCollections: false,
    });
  });

  it('counts the crops of faces that are kept', async () => {
    expect((await status(endpoint)).stdout).not.toContain('Crops');
    await indexFace(running.client, 'people', await portrait('anna'));
    const text = (await status(endpoint)).stdout;
    expect(text).toMatch(/^Crops of 1 face are kept, encrypted: 0\.0\d MB$/m);
    const json = (await status(endpoint, KEYS, '--json')).stdout;
    const { FaceCrops } = JSON.parse(json) as { FaceCrops: { Count: number; Bytes: number } };
    expect(FaceCrops.Count).toBe(1);
    expect(FaceCrops.Bytes).toBeGreaterThan(5000);
    expect(FaceCrops.Bytes).toBeLessThan(100_000);
  });

  it.each([
    ['without keys', {}, /MissingAuthenticationToken.*signed requests only: set AWS_ACCESS_KEY_ID/],
    [
      'with an unknown key',
      { ...KEYS, AWS_ACCESS_KEY_ID: 'AKIAOTHER' },
      /does not know these keys/,
    ],
    [
      'with a wrong secret',
      { ...KEYS, AWS_SECRET_ACCESS_KEY: 'wrong' },
      /does not know these keys/,
    ],
  ])('says what to do %s', async (_, env, message) => {
    expect(await status(endpoint, env)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(message),
    });
  });

  it('says what to do where nobody answers, and about options it does not know', async () => {
    expect(await status('http://127.0.0.1:1')).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'likeness: Could not connect to the endpoint URL: "http://127.0.0.1:1/": start it with `likeness serve`, or name another with --endpoint-url\n',
    });
    expect(await status(endpoint, KEYS, '--nope')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Unknown option '--nope'"),
    });
  });

  it('says at its start whose crops another master key is needed for', async () => {
    await stopService(running.service);
    const key = join(folder, 'other.key');
    writeFileSync(key, randomBytes(32).toString('base64'), { mode: 0o600 });
    const service = await startService({
      ...withKeys(running.dataDirectory),
      ...SMALL,
      LIKENESS_FACE_CROPS: 'on',
      LIKENESS_MASTER_KEY_FILE: key,
    });
    try {
      await vi.waitFor(
        async () => expect((await status(service.endpoint)).code).toBe(0),
        PATIENTLY,
      );
      expect(service.stderr()).toMatch(
        /"collectionId":"people".*encrypted under another master key/,
      );
    } finally {
      await stopService(service);
    }
  });

  it('tells what keeps a service from being ready', async () => {
    const server = await startScriptedServer(false);
    server.play([
      { json: { CollectionIds: [], FaceModelVersions: [] } },
      { status: 503, json: { status: 'not ready', reasons: { vectors: '3 of 9 are loaded' } } },
    ]);
    const told = await status(server.url);
    await server.close();
    expect(told).toMatchObject({
      code: 1,
      stderr: 'likeness: not ready: vectors: 3 of 9 are loaded\n',
    });
  });
});

describe.skipIf(withoutOpenssl !== '')(`likeness status over HTTPS${withoutOpenssl}`, () => {
  it('trusts the authority that AWS_CA_BUNDLE names, and says so where it trusts none', async () => {
    const { folder, remove } = certificateFolder();
    const authority = createAuthority(folder, 'authority');
    const { certificate, key } = authority.issue('service');
    const { service, close } = await freshService({
      LIKENESS_TLS_CERTIFICATE: certificate,
      LIKENESS_TLS_KEY: key,
      ...SMALL,
    });
    const [trusted, untrusted, plain] = await Promise.all([
      status(service.endpoint, { ...KEYS, AWS_CA_BUNDLE: authority.certificate }),
      status(service.endpoint),
      status(service.endpoint.replace('https:', 'http:')),
    ]);
    await close();
    remove();
    expect(trusted).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('https://127.0.0.1'),
    });
    expect(untrusted).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/SSL validation failed.*AWS_CA_BUNDLE names the authority/),
    });
    expect(plain).toMatchObject({ code: 1, stderr: expect.stringContaining('called by https://') });
  });
});

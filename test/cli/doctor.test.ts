import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkPort, checkSecretFiles } from '../../src/cli/doctor-checks.js';
import {
  checkGpu,
  checkModels,
  checkRuntimes,
  type RuntimeFound,
} from '../../src/cli/doctor-vision.js';

const parity = { cosine: 1 };
const WASM: RuntimeFound = {
  name: 'tfjs-wasm',
  uses: 'core',
  packages: [],
  usable: true,
  device: 'one CPU thread',
  parity,
  msPerFace: 60,
  facesPerSecond: 33,
};
const ONNX: RuntimeFound = { ...WASM, name: 'onnxruntime', msPerFace: 20, facesPerSecond: 100 };
const MISSING: RuntimeFound = {
  name: 'tfjs-webgpu',
  uses: 'gpu',
  packages: ['webgpu', '@tensorflow/tfjs-backend-webgpu'],
  usable: false,
  reason: 'not installed: webgpu',
};

const stateOf = (runtimes: RuntimeFound[], wanted: string, gpus: string[], name: string) =>
  checkRuntimes(runtimes, wanted, gpus).find(({ what }) => what === `runtime ${name}`);

describe('likeness doctor', () => {
  it('names the runtime in use and why every other is not', () => {
    const all = [ONNX, WASM, MISSING];
    expect(stateOf(all, 'auto', [], 'onnxruntime')).toMatchObject({
      state: 'ok',
      found: expect.stringContaining('in use'),
    });
    expect(stateOf(all, 'auto', [], 'tfjs-wasm')).toMatchObject({
      state: 'unused',
      found: expect.stringContaining('slower than onnxruntime'),
    });
    expect(stateOf(all, 'tfjs-wasm', [], 'onnxruntime')).toMatchObject({
      state: 'unused',
      found: expect.stringContaining('LIKENESS_RUNTIME is tfjs-wasm'),
    });
  });

  it('tells how to use a GPU where there is one, and nothing of it elsewhere', () => {
    expect(stateOf([WASM, MISSING], 'auto', [], 'tfjs-webgpu')).toMatchObject({ state: 'unused' });
    expect(stateOf([WASM, MISSING], 'auto', ['NVIDIA'], 'tfjs-webgpu')).toMatchObject({
      state: 'note',
      remedy: 'to try it: npm install webgpu @tensorflow/tfjs-backend-webgpu',
    });
    expect(checkGpu(['NVIDIA'], [WASM, MISSING], 'auto')).toMatchObject({ state: 'note' });
    const used: RuntimeFound = { ...ONNX, name: 'onnxruntime-cuda', uses: 'gpu' };
    expect(checkGpu(['NVIDIA'], [used, WASM], 'auto')).toMatchObject({
      state: 'ok',
      found: 'NVIDIA, in use by onnxruntime-cuda',
    });
  });

  it('calls it a fault when the runtime asked for cannot be used or is none', () => {
    expect(stateOf([WASM, MISSING], 'tfjs-webgpu', [], 'tfjs-webgpu')).toMatchObject({
      state: 'fault',
      remedy: 'repair it, or set LIKENESS_RUNTIME=auto',
    });
    expect(checkRuntimes([WASM], 'nope', [])).toContainEqual(
      expect.objectContaining({ state: 'fault', found: 'LIKENESS_RUNTIME is nope, which is none' }),
    );
  });

  it('names the model whose files are not those of its card', () => {
    const model = { task: 'embedder', source: 'p 1', licence: 'MIT', files: 2 };
    const [good, bad] = checkModels([
      { ...model, name: 'a' },
      { ...model, name: 'b', fault: 'found another sha256' },
    ]);
    expect(good).toMatchObject({ what: 'model a', state: 'ok' });
    expect(bad).toMatchObject({ what: 'model b', state: 'fault', remedy: expect.any(String) });
  });
});

describe('likeness doctor on this machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-doctor-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('sees that another program has the port', async () => {
    const server: Server = createServer((socket) => socket.resume().end('hello'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as { port: number };
    const listening = { host: '127.0.0.1', port };
    for (const tlsCertificate of ['', 'certificate.pem'])
      expect(await checkPort({ ...listening, tlsCertificate })).toMatchObject({
        state: 'fault',
        remedy: 'stop it, or set LIKENESS_PORT',
      });
    await new Promise((done) => server.close(done));
    expect(await checkPort({ ...listening, tlsCertificate: '' })).toMatchObject({ state: 'ok' });
  });

  it('wants files with secrets closed to others', () => {
    const path = join(folder, 'keys.json');
    expect(checkSecretFiles({ LIKENESS_KEYS_FILE: path })).toMatchObject([{ state: 'fault' }]);
    writeFileSync(path, '{}', { mode: 0o644 });
    expect(checkSecretFiles({ LIKENESS_KEYS_FILE: path })).toMatchObject([
      { state: 'fault', remedy: expect.stringContaining(`chmod 600 ${path}`) },
    ]);
    expect(checkSecretFiles({ LIKENESS_KEYS_FILE: '' })).toEqual([]);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SearchFacesCommand } from '@aws-sdk/client-rekognition';
import { afterAll, expect, it, vi } from 'vitest';
import { createSqliteStore } from '../../src/store/sqlite/store.js';
import { cohortNormalisation } from '../../src/vision/cohort.js';
import { embeddingModel, loadCard } from '../../src/vision/models.js';
import { newCollection, newFace, normalised, unitVector } from '../store/samples.js';
import { indexFace } from '../support/api.js';
import { stagedOf, vectorsOf } from '../support/collection-files.js';
import { CLI, runLikeness } from '../support/likeness.js';
import { portrait } from '../support/photos.js';
import { clientFor, startService, stopService, withKeys } from '../support/service.js';

const FACES = 8000;
const CollectionId = 'old';
const dataDirectory = mkdtempSync(join(tmpdir(), 'likeness-carried-'));
afterAll(() => rmSync(dataDirectory, { recursive: true }));

const SETTINGS = {
  ...withKeys(dataDirectory),
  LIKENESS_MODEL: 'dlib-cohort',
  LIKENESS_RUNTIME: 'tfjs-wasm',
  LIKENESS_VISION_WORKERS: '1',
};

/** A collection of the model without a cohort; its embeddings by FaceId. */
async function populated(mean: readonly number[]): Promise<Map<string, Float32Array>> {
  const { id: modelId, ...plain } = embeddingModel(await loadCard('dlib-resnet', 'embedder'));
  const { version: faceModelVersion, dimension, calibration } = plain;
  const store = await createSqliteStore({ directory: dataDirectory });
  try {
    const calibrationVersion = calibration!.version;
    const evidence = { kind: 'shipped', source: 'the card' } as const;
    await store.calibrations.add({ modelId, curve: calibration!, evidence, createdAtMs: 1 });
    const space = { modelId, calibrationVersion, faceModelVersion, dimension };
    await store.createCollection(newCollection({ collectionId: CollectionId, ...space }));
    const embeddings = new Map<string, Float32Array>();
    for (let at = 0; at < FACES; at += 1000) {
      const faces = Array.from({ length: 1000 }, (_, i) => {
        const own = unitVector(at + i, dimension);
        // Around the mean face, as faces are.
        const embedding = normalised(Float64Array.from(own, (value, k) => mean[k]! + value / 2));
        return newFace(0, { embedding });
      });
      const { value } = await store.insertFaces(CollectionId, faces, FACES, modelId);
      for (const [i, { faceId }] of value.entries()) embeddings.set(faceId, faces[i]!.embedding);
    }
    return embeddings;
  } finally {
    await store.close();
  }
}

const bytesOf = ({ buffer }: Float32Array): Buffer => Buffer.from(buffer as ArrayBuffer);

it('a service of the model with a cohort alone says how to bring a collection over, comes whole though it is killed, and goes back without photos', async () => {
  const { cohort } = await loadCard('dlib-cohort', 'embedder');
  const embeddings = await populated(cohort!.mean);
  const [FaceId] = embeddings.keys();
  const service = await startService(SETTINGS);
  const client = clientFor(service.endpoint);
  try {
    const search = new SearchFacesCommand({ CollectionId, FaceId, FaceMatchThreshold: 0 });
    await expect(client.send(search)).rejects.toThrow(
      'or move the collection without photos: likeness collections migrate old --model dlib-cohort --switch',
    );

    const command = ['collections', 'migrate', CollectionId, '--model', 'dlib-cohort', '--switch'];
    const env = { PATH: process.env['PATH'], ...SETTINGS };
    const killed = spawn(process.execPath, [CLI, ...command.slice(0, -1)], { env });
    const ended = once(killed, 'exit');
    await vi.waitFor(() => expect(stagedOf(dataDirectory, CollectionId)).toBeGreaterThan(0), {
      timeout: 60_000,
      interval: 10,
    });
    killed.kill('SIGKILL');
    await ended;
    const left = FACES - stagedOf(dataDirectory, CollectionId);
    expect(left).toBeLessThan(FACES);
    const { stdout } = await runLikeness(SETTINGS, ...command);
    expect(stdout).toContain(`carried     ${left} faces from their present embeddings`);
    expect(stdout).toContain(`${FACES}, ${FACES} with their new embedding, 0 without`);

    const { FaceMatches } = await client.send(search);
    expect(FaceMatches?.length).toBeGreaterThan(0);
    const spread = cohortNormalisation(cohort!);
    const stored = vectorsOf(dataDirectory, CollectionId);
    expect(stored.size).toBe(FACES);
    for (const [faceId, embedding] of embeddings)
      expect(stored.get(faceId)!.equals(bytesOf(spread(embedding)))).toBe(true);

    // What comes now is embedded by that model alone, and yet goes back with the others.
    const anna = await indexFace(client, CollectionId, await portrait('anna'));
    const spreadAnna = vectorsOf(dataDirectory, CollectionId).get(anna)!;
    const back = await runLikeness(SETTINGS, ...command.slice(0, 3), '--back', '--switch');
    expect(back.stdout).toContain(`${FACES + 1}, ${FACES + 1} with their new embedding, 0 without`);
    const plain = vectorsOf(dataDirectory, CollectionId);
    expect(plain.size).toBe(FACES + 1);
    for (const [faceId, embedding] of embeddings)
      expect(plain.get(faceId)!.equals(bytesOf(embedding))).toBe(true);
    const plainAnna = new Float32Array(new Uint8Array(plain.get(anna)!).buffer);
    expect(spreadAnna.equals(bytesOf(spread(plainAnna)))).toBe(true);
  } finally {
    client.destroy();
    await stopService(service);
  }
}, 120_000);

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CompareFacesCommand,
  CreateCollectionCommand,
  DetectFacesCommand,
  SearchFacesByImageCommand,
  SearchUsersByImageCommand,
} from '@aws-sdk/client-rekognition';
import { afterAll, describe, expect, it } from 'vitest';
import { openBeside } from '../../src/store/sqlite/beside.js';
import { missingPackages } from '../../src/vision/runtimes/installed.js';
import { associate, indexFace, newUser } from '../support/api.js';
import { runLikeness, runModels } from '../support/likeness.js';
import { portrait } from '../support/photos.js';
import { freshService, spawnService, withKeys } from '../support/service.js';
import {
  SMALL_CALIBRATION,
  SMALL_CARD,
  SMALL_DIMENSION,
  writeGraphModel,
  writeOnnxModel,
} from '../support/small-models.js';

const folder = mkdtempSync(join(tmpdir(), 'likeness-models-cli-'));
const directory = join(folder, 'models');
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs `likeness models …` over the models directory of this file. */
const run = (...args: string[]) => runModels(directory, ...args);

/** A card with a calibration, as a measurement leaves it. */
function calibratedCard(): string {
  const path = join(folder, 'calibrated.json');
  writeFileSync(path, JSON.stringify({ ...SMALL_CARD, calibration: SMALL_CALIBRATION }));
  return path;
}

const graph = {
  name: 'small-graph',
  runtime: 'tfjs-wasm',
  write: () => writeGraphModel(join(folder, 'small-graph'), 1),
};
const onnx = {
  name: 'small-onnx',
  runtime: 'onnxruntime',
  write: () => writeOnnxModel(join(folder, 'small-onnx.onnx'), 2),
};
const withOnnx = missingPackages('onnxruntime').length === 0;

describe('a model of one’s own, from its file to a search', () => {
  it.each([graph, ...(withOnnx ? [onnx] : [])])('$name on $runtime', async (model) => {
    const added = await run('add', model.write(), '--card', calibratedCard());
    expect(added).toMatchObject({ code: 0, stderr: '' });
    expect(added.stdout).toContain(`${model.name}: ${SMALL_DIMENSION} numbers from 112 × 112`);
    expect(await run('verify', model.name)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`ok     ${model.name}: `) as string,
    });
    const { client, close } = await freshService({
      LIKENESS_MODEL: model.name,
      LIKENESS_MODEL_DIRECTORY: directory,
      LIKENESS_RUNTIME: model.runtime,
      LIKENESS_VISION_WORKERS: '1',
    });
    try {
      const CollectionId = 'people';
      await client.send(new CreateCollectionCommand({ CollectionId }));
      const [anna, berta] = [await portrait('anna'), await portrait('berta')];
      const again = await portrait('anna', { brightness: 1.05, quality: 80 });
      const ids = await Promise.all(
        [anna, again, berta].map((photo) => indexFace(client, CollectionId, photo)),
      );
      await newUser(client, CollectionId, 'anna');
      await associate(client, CollectionId, 'anna', [ids[0]!]);
      const second = await associate(client, CollectionId, 'anna', [ids[1]!, ids[2]!]);
      expect(second.AssociatedFaces).toEqual([{ FaceId: ids[1] }]);
      expect(second.UnsuccessfulFaceAssociations).toMatchObject([
        { FaceId: ids[2], Reasons: ['LOW_MATCH_CONFIDENCE'] },
      ]);
      const users = await client.send(
        new SearchUsersByImageCommand({ CollectionId, Image: { Bytes: again } }),
      );
      expect(users.UserMatches?.map(({ User }) => User?.UserId)).toEqual(['anna']);
      const faces = await client.send(
        new SearchFacesByImageCommand({ CollectionId, Image: { Bytes: berta } }),
      );
      expect(faces.FaceMatches).toMatchObject([{ Similarity: 100, Face: { FaceId: ids[2] } }]);
    } finally {
      await close();
    }
  });

  it.skipIf(withOnnx)('says what to install for an ONNX file where nothing runs it', async () => {
    const refused = await run('add', onnx.write(), '--card', calibratedCard());
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('npm install onnxruntime-node');
  });
});

describe('a model that was not measured', () => {
  it('is looked for by thresholds where added models lie', async () => {
    const photos = join(folder, 'photos');
    mkdirSync(join(photos, 'anna'), { recursive: true });
    writeFileSync(join(photos, 'anna', '1.jpg'), await portrait('anna'));
    const args = ['thresholds', photos, '--model', 'absent'];
    const refused = await runLikeness({ LIKENESS_MODEL_DIRECTORY: directory }, ...args);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`there is no embedding model absent in ${directory}:`);
  });

  it('serves what needs no similarity and says what to do for the rest', async () => {
    const path = writeGraphModel(join(folder, 'unmeasured'), 3);
    const add = (version: string) =>
      run('add', path, '--licence', 'CC0-1.0', '--face-model-version', version);
    expect((await add('nine')).stderr).toContain('version is "nine", expected digits and dots');
    const added = await add('9.1');
    expect(added.stdout).toContain('measure it with likeness thresholds --apply');
    const { stdout } = await run('list', '--json');
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({
        name: 'unmeasured',
        version: '9.1',
        dimension: SMALL_DIMENSION,
        calibration: 'to be measured',
        licence: 'CC0-1.0',
      }),
    );
    const { client, dataDirectory, close } = await freshService({
      LIKENESS_MODEL: 'unmeasured',
      LIKENESS_MODEL_DIRECTORY: directory,
      LIKENESS_RUNTIME: 'tfjs-wasm',
      LIKENESS_VISION_WORKERS: '1',
    });
    try {
      const Bytes = await portrait('anna');
      const detected = await client.send(new DetectFacesCommand({ Image: { Bytes } }));
      expect(detected.FaceDetails).toHaveLength(1);
      const needsCurve = {
        name: 'InvalidParameterException',
        message: expect.stringContaining('measure it with `likeness thresholds') as string,
      };
      await expect(
        client.send(new CreateCollectionCommand({ CollectionId: 'people' })),
      ).rejects.toMatchObject(needsCurve);
      await expect(
        client.send(new CompareFacesCommand({ SourceImage: { Bytes }, TargetImage: { Bytes } })),
      ).rejects.toMatchObject(needsCurve);
      const { id } = (JSON.parse(stdout) as { name: string; id: string }[]).find(
        ({ name }) => name === 'unmeasured',
      )!;
      // What a measurement leaves behind, while the service runs.
      const beside = openBeside(dataDirectory);
      await beside.calibrations.add({
        modelId: id,
        curve: SMALL_CALIBRATION,
        evidence: { kind: 'measured', source: 'a test' },
        createdAtMs: Date.now(),
      });
      beside.close();
      const created = await client.send(new CreateCollectionCommand({ CollectionId: 'people' }));
      expect(created.FaceModelVersion).toBe('9.1');
      const faceId = await indexFace(client, 'people', Bytes);
      await newUser(client, 'people', 'anna');
      const { AssociatedFaces } = await associate(client, 'people', 'anna', [faceId]);
      expect(AssociatedFaces).toHaveLength(1);
    } finally {
      await close();
    }
  });
});

describe('the default model without mirror images', () => {
  it('serves by itself, and its collections are refused by a service that runs only the default', async () => {
    const settings = {
      LIKENESS_DATA: join(folder, 'unmirrored'),
      LIKENESS_RUNTIME: 'tfjs-wasm',
      LIKENESS_VISION_WORKERS: '1',
    };
    const CollectionId = 'people';
    const unmirrored = await freshService({
      ...settings,
      LIKENESS_MODEL: 'dlib-resnet-unmirrored',
    });
    try {
      const { FaceModelVersion } = await unmirrored.client.send(
        new CreateCollectionCommand({ CollectionId }),
      );
      expect(FaceModelVersion).toBe('1.1');
      const anna = await indexFace(unmirrored.client, CollectionId, await portrait('anna'));
      const { FaceMatches } = await unmirrored.client.send(
        new SearchFacesByImageCommand({
          CollectionId,
          Image: { Bytes: await portrait('annaElsewhere') },
        }),
      );
      expect(FaceMatches?.map(({ Face }) => Face?.FaceId)).toEqual([anna]);
    } finally {
      await unmirrored.close();
    }
    const standard = await freshService(settings);
    try {
      const search = new SearchFacesByImageCommand({
        CollectionId,
        Image: { Bytes: await portrait('anna') },
      });
      await expect(standard.client.send(search)).rejects.toMatchObject({
        message: expect.stringMatching(
          /was made with the model dlib-resnet-unmirrored-[0-9a-f]{12}, this service runs dlib-cohort-[0-9a-f]{12}, dlib-resnet-[0-9a-f]{12}: name the model in LIKENESS_MODEL/,
        ) as string,
      });
    } finally {
      await standard.close();
    }
  });
});

describe('a start', () => {
  it('with a model that is not there says so and ends', async () => {
    const data = join(folder, 'data');
    const { exited, stderr } = spawnService({ ...withKeys(data), LIKENESS_MODEL: 'absent' });
    expect(await exited).toBe(1);
    expect(stderr()).toContain(
      `likeness: there is no embedding model absent in ${join(data, 'models')}`,
    );
  });
});

describe('likeness models', () => {
  it.each([
    [['add'], 'name one file or folder'],
    [['add', 'x.onnx', '--family', 'unknown'], '--family unknown: expected one of arcface,'],
    [['add', 'x.onnx', '--size', 'large'], '--size large: expected a number'],
    [['remove', 'absent'], 'there is no embedding model absent'],
    [['destroy'], 'no such form: see likeness models --help'],
  ])('%j is refused: %s', async (args, message) => {
    const { code, stderr } = await run(...args);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});

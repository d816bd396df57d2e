import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateCollectionCommand,
  DeleteCollectionCommand,
  DeleteFacesCommand,
  DisassociateFacesCommand,
  type RekognitionClient,
  SearchFacesCommand,
} from '@aws-sdk/client-rekognition';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openBeside } from '../../src/store/sqlite/beside.js';
import { addModel } from '../../src/vision/own/add.js';
import { S3_CREDENTIALS, SKIPPED, startSwift, swiftIsInstalled } from '../objects/swift.js';
import { indexFace } from '../support/api.js';
import { filesOf, query, stagedOf, vectorsOf } from '../support/collection-files.js';
import { CLI, type Ended, runLikeness } from '../support/likeness.js';
import { expectFound, facesOf, found, PEOPLE, populated } from '../support/people.js';
import { portrait } from '../support/photos.js';
import { freshService } from '../support/service.js';
import {
  SMALL_CALIBRATION,
  SMALL_CARD,
  SMALL_DIMENSION,
  writeGraphModel,
} from '../support/small-models.js';

const folder = mkdtempSync(join(tmpdir(), 'likeness-move-'));
const directory = join(folder, 'models');
/** The key that crops are encrypted under. */
const key = join(folder, 'master.key');
const writeKey = (path: string): void =>
  writeFileSync(path, randomBytes(32).toString('base64'), { mode: 0o600 });

let running: Awaited<ReturnType<typeof freshService>>;
let client: RekognitionClient;

beforeAll(async () => {
  const said = { ...SMALL_CARD, calibration: SMALL_CALIBRATION };
  await addModel(directory, { path: writeGraphModel(join(folder, 'small'), 1), said });
  await addModel(directory, {
    path: writeGraphModel(join(folder, 'unmeasured'), 2),
    said: SMALL_CARD,
  });
  writeKey(key);
  running = await freshService({
    LIKENESS_MODEL: 'dlib-resnet,small,dlib-cohort',
    LIKENESS_MODEL_DIRECTORY: directory,
    LIKENESS_RUNTIME: 'tfjs-wasm',
    LIKENESS_VISION_WORKERS: '1',
    LIKENESS_FACE_CROPS: 'on',
    LIKENESS_MASTER_KEY_FILE: key,
  });
  ({ client } = running);
}, 120_000);
afterAll(async () => {
  await running.close();
  rmSync(folder, { recursive: true });
});

/** Runs `likeness …` beside the service. */
const run = (...args: string[]): Promise<Ended> => runWith({}, args);

const environment = (settings: Readonly<Record<string, string>>) => ({
  PATH: process.env['PATH'],
  LIKENESS_MODEL_DIRECTORY: directory,
  LIKENESS_DATA: running.dataDirectory,
  LIKENESS_RUNTIME: 'tfjs-wasm',
  LIKENESS_VISION_WORKERS: '1',
  ...settings,
});

const runWith = (settings: Readonly<Record<string, string>>, args: string[]): Promise<Ended> =>
  runLikeness(environment(settings), ...args);

const migrate = (...args: string[]) => run('collections', 'migrate', ...args);

const modelOf = async (CollectionId: string): Promise<{ modelId: string; dimension: number }> => {
  const beside = openBeside(running.dataDirectory);
  try {
    return await beside.collection(CollectionId);
  } finally {
    beside.close();
  }
};

/** Everything in the files of collections. */
const onDisk = (): Buffer => {
  const files = join(running.dataDirectory, 'collections');
  return Buffer.concat(readdirSync(files).map((name) => readFileSync(join(files, name))));
};

/** The crops in each file of a collection, by FaceId. */
const cropsOf = (collectionId: string): Map<string, Buffer>[] =>
  filesOf(running.dataDirectory, collectionId, 'collections', 'moves', 'former_spaces').map(
    (file) => {
      const rows = query(file, 'SELECT face_id, sealed FROM faces JOIN face_crops USING (id)');
      return new Map(rows as [string, Buffer][]);
    },
  );

describe('a collection moves to another model', () => {
  it('with its faces, users and associations, while it is searched, and back', async () => {
    const CollectionId = 'moving';
    const { photos, faceIds } = await populated(client, CollectionId, folder);
    const before = await facesOf(client, CollectionId);
    expect([...before.values()].filter(Boolean)).toHaveLength(6);

    // Searched all the time: every call is answered, by the old model or by the new one.
    const stop = new AbortController();
    let searches = 0;
    const searcher = (async () => {
      while (!stop.signal.aborted) {
        expect(await found(client, CollectionId, 'anna')).toEqual(['anna']);
        searches++;
        // The move needs the processor, too.
        await sleep(200);
      }
    })();

    // Some of the photos, then a face that comes in between, then the rest.
    const half = join(folder, 'half.csv');
    const listed = [
      'photo',
      ...readdirSync(photos)
        .slice(0, 4)
        .map((name) => join(photos, name)),
    ];
    writeFileSync(half, listed.join('\n'));
    const first = await migrate(CollectionId, '--model', 'small', '--photos', half);
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toContain('6, 4 with their new embedding, 2 without');
    expect(first.stdout).toContain('Give the photos of the 2 faces without a new embedding');
    for (const faceId of faceIds.get('clara')!)
      expect(first.stdout).toContain(`without: ${faceId}, of user clara\n`);
    const refused = await migrate(CollectionId, '--model', 'small', '--switch');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('2 of 6 faces of moving have no new embedding');
    const late = await indexFace(client, CollectionId, await portrait('dora'));
    const report = join(folder, 'report.json');
    const again = ['--photos', photos, '--report', report];
    const second = await migrate(CollectionId, '--model', 'small', ...again);
    expect(second.stdout).toContain('7, 7 with their new embedding, 0 without');
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({
      switched: false,
      photos: { photos: 6, embedded: 2 },
      report: { users: 3, usersOfOneFace: 0, compared: 6, usersLost: [] },
    });
    expect((await modelOf(CollectionId)).dimension).toBe(128);

    const switched = await migrate(CollectionId, '--model', 'small', '--switch');
    expect(switched.stdout).toContain('Back, with the photos of faces that come from now on');
    expect(await modelOf(CollectionId)).toMatchObject({
      dimension: SMALL_DIMENSION,
      modelId: expect.stringMatching(/^small-/) as string,
    });
    stop.abort();
    await searcher;
    expect(searches).toBeGreaterThan(0);
    const removed = await run('models', 'remove', 'small');
    expect(removed.stderr).toContain('the collection moving is of the model small-');
    expect(await facesOf(client, CollectionId)).toEqual(new Map([...before, [late, undefined]]));
    await expectFound(client, CollectionId);
    const alike = await client.send(
      new SearchFacesCommand({ CollectionId, FaceId: faceIds.get('berta')![0] }),
    );
    expect(new Set(alike.FaceMatches?.map(({ Face }) => Face?.FaceId))).toEqual(
      new Set(faceIds.get('berta')!.slice(1)),
    );

    // It lives on: a face leaves its user, another goes, and its centroid follows.
    const [gone] = faceIds.get('clara')!;
    await client.send(
      new DisassociateFacesCommand({ CollectionId, UserId: 'clara', FaceIds: [gone!] }),
    );
    await client.send(new DeleteFacesCommand({ CollectionId, FaceIds: [gone!] }));
    await expectFound(client, CollectionId);
    const after = await facesOf(client, CollectionId);
    expect(after.size).toBe(6);

    // The way back needs no photo but those of faces that came since.
    const since = await indexFace(client, CollectionId, await portrait('dora'), 'since');
    const lacking = await migrate(CollectionId, '--back');
    expect(lacking.stdout).toContain('Give the photos of the 1 faces without a new embedding');
    await client.send(new DeleteFacesCommand({ CollectionId, FaceIds: [since] }));
    const back = await migrate(CollectionId, '--back', '--switch');
    expect(back).toMatchObject({ code: 0 });
    expect((await modelOf(CollectionId)).dimension).toBe(128);
    expect(await facesOf(client, CollectionId)).toEqual(after);
    await expectFound(client, CollectionId);
    expect((await migrate(CollectionId, '--finish')).stdout).toContain('there is no way back');
    expect((await migrate(CollectionId, '--back')).stderr).toContain('nothing is kept of what');
  }, 300_000);

  it('without any photo where it is the same with a cohort added, and back', async () => {
    const CollectionId = 'carried';
    const { photos, faceIds } = await populated(client, CollectionId, folder);
    const plain = vectorsOf(running.dataDirectory, CollectionId);
    const to = ['--model', 'dlib-cohort'];
    const refused = await migrate(CollectionId, ...to, '--photos', photos);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      'from dlib-resnet to dlib-cohort a collection moves without photos',
    );
    // At two sizes the net gives another embedding, cohort or not.
    const other = await migrate(CollectionId, '--model', 'dlib-cohort-two-scales');
    expect(other.stdout).toContain('Give the photos of the 6 faces without a new embedding');
    await migrate(CollectionId, '--cancel');

    const report = join(folder, 'carried.json');
    const first = await migrate(CollectionId, ...to, '--report', report);
    expect(first.stdout).toContain('carried     6 faces from their present embeddings');
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({
      carried: 6,
      switched: false,
      report: { faces: 6, missing: 0, users: 3, compared: 6, usersLost: [] },
    });
    expect((await modelOf(CollectionId)).modelId).toMatch(/^dlib-resnet-/);
    await expectFound(client, CollectionId);

    // The same photos taken in meanwhile, which the service embeds with both models.
    const again = new Map<string, string>();
    for (const person of PEOPLE)
      again.set(
        faceIds.get(person)![1]!,
        await indexFace(client, CollectionId, readFileSync(join(photos, `${person}-1.jpg`)), 'x'),
      );
    const before = await facesOf(client, CollectionId);
    const { stdout } = await migrate(CollectionId, ...to, '--switch');
    expect(stdout).toContain('carried     0 faces from their present embeddings');
    expect(stdout).toContain('9, 9 with their new embedding, 0 without');
    expect((await modelOf(CollectionId)).modelId).toMatch(/^dlib-cohort-/);
    expect(await facesOf(client, CollectionId)).toEqual(before);
    await expectFound(client, CollectionId);
    const spread = vectorsOf(running.dataDirectory, CollectionId);
    for (const [faceId, twin] of again) {
      expect(spread.get(faceId)).toEqual(spread.get(twin));
      expect(spread.get(faceId)).not.toEqual(plain.get(faceId));
    }

    expect(stdout).toContain('Back, without photos:');

    // Of a face that came since the embedding of before is known, too: the net had run for it.
    const [former] = filesOf(running.dataDirectory, CollectionId, 'former_spaces') as [string];
    for (const table of ['users', 'user_vectors', 'tokens'])
      expect(query(former, `SELECT * FROM ${table}`)).toEqual([]);
    const dora = await indexFace(client, CollectionId, await portrait('dora'));
    const berta = await indexFace(client, CollectionId, await portrait('berta'), 'once-more');
    await client.send(new DeleteFacesCommand({ CollectionId, FaceIds: [berta] }));
    const known = await migrate(CollectionId, '--back');
    expect(known.stdout).toContain('10, 10 with their new embedding, 0 without');
    // Also where the way back is given up meanwhile.
    await migrate(CollectionId, '--cancel');
    expect(await migrate(CollectionId, '--back', '--switch')).toMatchObject({ code: 0 });
    expect(await facesOf(client, CollectionId)).toEqual(new Map([...before, [dora, undefined]]));
    await expectFound(client, CollectionId);
    const back = vectorsOf(running.dataDirectory, CollectionId);
    for (const [faceId, vector] of plain) expect(back.get(faceId)).toEqual(vector);
    const twin = await indexFace(client, CollectionId, await portrait('dora'), 'x');
    const now = vectorsOf(running.dataDirectory, CollectionId);
    expect(now.get(twin)).toEqual(back.get(dora));
  }, 300_000);

  it.skipIf(!swiftIsInstalled)(
    `with photos from S3${SKIPPED}`,
    async () => {
      const CollectionId = 'from-s3';
      const { photos, faceIds } = await populated(client, CollectionId, folder);
      const swift = await startSwift();
      try {
        await swift.admin.send(new CreateBucketCommand({ Bucket: 'photos' }));
        const put = (Key: string, Body: Uint8Array) =>
          swift.admin.send(new PutObjectCommand({ Bucket: 'photos', Key, Body }));
        // Two by their content, one by a list because it was saved anew; one prefix has nothing to do with it.
        const [first, second] = ['anna-0.jpg', 'berta-1.jpg'];
        for (const name of [first, second])
          await put(`people/2026/${name}`, readFileSync(join(photos, name)));
        await put('people/notes.txt', Buffer.from('no photo'));
        await put('others/clara.jpg', readFileSync(join(photos, 'clara-0.jpg')));
        await put('Ana María.jpg', await portrait('clara', { quality: 60 }));
        const list = join(folder, 's3.csv');
        const [faceId] = faceIds.get('clara')!;
        writeFileSync(
          list,
          `photo,face_id\ns3://photos/Ana María.jpg,${faceId}\ns3://photos/gone.jpg,x\n`,
        );
        const settings = {
          LIKENESS_S3_ENDPOINT: swift.endpoint,
          LIKENESS_S3_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
          LIKENESS_S3_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
          LIKENESS_S3_PATH_STYLE: 'true',
        };
        const move = ['collections', 'migrate', CollectionId, '--model', 'small'];
        const report = join(folder, 's3.json');
        const { stdout } = await runWith(settings, [
          ...move,
          '--photos',
          's3://photos/people/',
          '--photos',
          list,
          '--report',
          report,
        ]);
        expect(stdout).toContain('6, 3 with their new embedding, 3 without');
        expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({
          photos: {
            photos: 4,
            embedded: 3,
            unused: [
              { photo: 's3://photos/gone.jpg', reason: expect.stringContaining('S3') as string },
            ],
          },
        });
        const nothing = await runWith(settings, [...move, '--photos', 's3://photos/nobody']);
        expect(nothing.stderr).toContain('s3://photos/nobody names no photos');
      } finally {
        await swift.close();
      }
      const refused = await migrate(CollectionId, '--model', 'small', '--photos', 's3://photos');
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('s3://photos/ cannot be listed');
      expect(refused.stderr).toContain('LIKENESS_S3_ENDPOINT');
    },
    300_000,
  );

  it('with the crops that were kept, which go with their faces', async () => {
    const CollectionId = 'kept';
    const { faceIds } = await populated(client, CollectionId, folder);
    const before = await facesOf(client, CollectionId);
    const dora = await indexFace(client, CollectionId, await portrait('dora'));
    const [kept] = cropsOf(CollectionId);
    expect(new Set(kept!.keys())).toEqual(new Set([...before.keys(), dora]));
    // Nobody sees a face in them without the key.
    for (const sealed of kept!.values()) {
      expect(sealed.length).toBeGreaterThan(5000);
      await expect(sharp(sealed).metadata()).rejects.toThrow('unsupported image format');
    }
    expect(onDisk().includes('JFIF')).toBe(false);

    await client.send(new DeleteFacesCommand({ CollectionId, FaceIds: [dora] }));
    expect(cropsOf(CollectionId)[0]!.has(dora)).toBe(false);
    const partOf = (faceId: string): Buffer => kept!.get(faceId)!.subarray(0, 64);
    const [[first] = []] = [...faceIds.values()];
    // Overwritten on the disk, not only unlinked, while the service runs.
    await vi.waitFor(() => expect(onDisk().includes(partOf(dora))).toBe(false), {
      timeout: 20_000,
      interval: 500,
    });
    expect(onDisk().includes(partOf(first!))).toBe(true);

    const move = ['collections', 'migrate', CollectionId, '--model', 'small', '--from-crops'];
    const keyless = await run(...move);
    expect(keyless.stderr).toContain('set LIKENESS_FACE_CROPS and LIKENESS_MASTER_KEY_FILE');
    const other = join(folder, 'other.key');
    writeKey(other);
    const wrong = { LIKENESS_FACE_CROPS: 'on', LIKENESS_MASTER_KEY_FILE: other };
    const refused = await runWith(wrong, [...move, '--switch']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      'the crops of this collection were encrypted under another master key than the one in LIKENESS_MASTER_KEY_FILE',
    );
    const right = { ...wrong, LIKENESS_MASTER_KEY_FILE: key };
    // Killed in the middle, the next command goes on with the rest.
    const killed = spawn(process.execPath, [CLI, ...move], { env: environment(right) });
    const ended = once(killed, 'exit');
    await vi.waitFor(
      () => expect(stagedOf(running.dataDirectory, CollectionId)).toBeGreaterThan(0),
      {
        timeout: 60_000,
        interval: 20,
      },
    );
    killed.kill('SIGKILL');
    await ended;
    const left = before.size - stagedOf(running.dataDirectory, CollectionId);
    const { stdout } = await runWith(right, [...move, '--switch']);
    const rest = left > 0 ? `photos      ${left} given, 0 of no use\n` : '';
    expect(stdout).toContain(`${rest}faces       6, 6 with their new embedding, 0 without`);
    expect(await facesOf(client, CollectionId)).toEqual(before);
    await expectFound(client, CollectionId);
    // The crops moved along, and none stays in the file that is kept for the way back.
    expect(
      cropsOf(CollectionId)
        .map(({ size }) => size)
        .toSorted(),
    ).toEqual([0, 6]);
  }, 300_000);

  it('never with a face that the photo does not show', async () => {
    const CollectionId = 'mistaken';
    await client.send(new CreateCollectionCommand({ CollectionId }));
    const faceId = await indexFace(client, CollectionId, await portrait('anna'));
    const photo = join(folder, 'wrong.jpg');
    writeFileSync(photo, await portrait('berta'));
    const list = join(folder, 'wrong.csv');
    writeFileSync(list, `photo,face_id\n${photo},${faceId}\n`);
    const { stdout } = await migrate(CollectionId, '--model', 'small', '--photos', list);
    expect(stdout).toContain('1, 0 with their new embedding, 1 without');
    expect(stdout).toContain(`without: ${faceId}\n`);
    expect(stdout).toContain('1 given, 1 of no use');
    // Another rendering of the right photo is known by the list.
    writeFileSync(photo, await portrait('anna', { quality: 60 }));
    const right = await migrate(CollectionId, '--model', 'small', '--photos', list);
    expect(right.stdout).toContain('1, 1 with their new embedding, 0 without');
    expect((await migrate(CollectionId, '--cancel')).code).toBe(0);
    expect((await migrate(CollectionId, '--cancel')).stderr).toContain('is not on its way');
    const files = join(running.dataDirectory, 'collections');
    const databases = (): number =>
      readdirSync(files).filter((name) => name.endsWith('.db')).length;
    const count = databases();
    await migrate(CollectionId, '--model', 'small');
    expect(databases()).toBe(count + 1);
    // A collection takes all of its files along.
    await client.send(new DeleteCollectionCommand({ CollectionId }));
    expect(databases()).toBe(count - 1);
  }, 300_000);

  it.each([
    [['absent', '--model', 'small'], 'The collection id: absent does not exist'],
    [
      ['here', '--model', 'nothing'],
      'there is no embedding model nothing, only dlib-cohort, dlib-cohort-two-scales, dlib-resnet, dlib-resnet-unmirrored, dlib-resnet-two-scales, small',
    ],
    [['here', '--model', 'dlib-resnet'], 'is of the model dlib-resnet-'],
    [
      ['here', '--model', 'unmeasured'],
      'has no calibration yet: measure it with likeness thresholds',
    ],
    [['here', '--model', 'small', '--photos', '/nowhere'], '/nowhere does not exist'],
    [['here', '--model', 'small', '--back'], 'name one of --model NAME, --back'],
    [['here', '--model', 'small', '--without-missing'], 'says what --switch does: name both'],
    [['here', '--model', 'small', '--threshold', '101'], '--threshold 101: expected a number'],
  ])('not for %j: %s', async (args, message) => {
    await client.send(new CreateCollectionCommand({ CollectionId: 'here' })).catch(() => undefined);
    const { code, stderr } = await migrate(...args);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { portrait } from '../support/photos.js';
import { findProgram, missing, runClient } from './programs.js';

const aws = findProgram(['/usr/bin/aws', 'aws'], ['--version']);
const why = missing(aws, 'the aws CLI');

describe.skipIf(why !== '')(`the aws CLI${why}`, () => {
  const collection = ['--collection-id', `cli-${randomUUID()}`];
  let folder: string;
  const photo = async (person: 'anna' | 'annaElsewhere' | 'clara'): Promise<string> => {
    const path = join(folder, `${person}.jpg`);
    await writeFile(path, await portrait(person));
    return `fileb://${path}`;
  };
  const run = (...args: string[]) =>
    runClient(aws ?? '', ['rekognition', ...args, '--endpoint-url', inject('endpoint')]);
  const ok = async (...args: string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout === '' ? undefined : JSON.parse(stdout);
  };
  const faceIdOf = async (person: 'anna' | 'annaElsewhere' | 'clara'): Promise<string> =>
    (await ok(
      'index-faces',
      ...collection,
      '--image-bytes',
      await photo(person),
      '--query',
      'FaceRecords[0].Face.FaceId',
    )) as string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'likeness-cli-'));
  });
  afterAll(async () => {
    await run('delete-collection', ...collection);
    await rm(folder, { recursive: true, force: true });
  });

  it('does the main job', async () => {
    expect(await ok('create-collection', ...collection)).toMatchObject({ StatusCode: 200 });
    const [anna, elsewhere, clara] = [
      await faceIdOf('anna'),
      await faceIdOf('annaElsewhere'),
      await faceIdOf('clara'),
    ];
    const user = [...collection, '--user-id', 'anna'];
    expect(await ok('create-user', ...user)).toBeUndefined();
    await ok('associate-faces', ...user, '--face-ids', anna);
    expect(await ok('associate-faces', ...user, '--face-ids', elsewhere, clara)).toEqual({
      AssociatedFaces: [{ FaceId: elsewhere }],
      UnsuccessfulFaceAssociations: [
        { FaceId: clara, Confidence: expect.any(Number), Reasons: ['LOW_MATCH_CONFIDENCE'] },
      ],
      UserStatus: 'ACTIVE',
    });
    expect(
      await ok('search-users-by-image', ...collection, '--image-bytes', await photo('anna')),
    ).toMatchObject({ UserMatches: [{ User: { UserId: 'anna', UserStatus: 'ACTIVE' } }] });
    expect(
      await ok('list-faces', ...collection, '--max-items', '10', '--page-size', '1'),
    ).toMatchObject({ Faces: [{ FaceId: anna, UserId: 'anna' }, {}, { FaceId: clara }] });
    expect(await ok('describe-collection', ...collection)).toMatchObject({
      FaceCount: 3,
      UserCount: 1,
      CreationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  it('shows errors with their names and texts, exit code 254', async () => {
    expect(await run('search-users', ...collection, '--user-id', 'ghost')).toMatchObject({
      code: 254,
      stderr:
        '\nAn error occurred (ResourceNotFoundException) when calling the SearchUsers operation: The user id: ghost does not exist\n',
    });
    const threshold = ['--face-match-threshold', '101'];
    const faceId = ['--face-id', randomUUID()];
    expect(await run('search-faces', ...collection, ...faceId, ...threshold)).toMatchObject({
      code: 254,
      stderr: expect.stringContaining(
        "(ValidationException) when calling the SearchFaces operation: 1 validation error detected: Value '101.0' at 'faceMatchThreshold'",
      ),
    });
  });
});

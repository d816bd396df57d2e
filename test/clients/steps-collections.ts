import { expect } from 'vitest';
import {
  BAD_COLLECTION,
  BAD_TOKEN,
  badId,
  GHOST,
  like,
  NOT_FOUND,
  noCollection,
  noUser,
  QUOTA,
  type Stage,
} from './stage.js';

/** The collection itself. */
export function collectionSteps(stage: Stage): void {
  const { step, inC, elsewhere, pages, CollectionId } = stage;

  step('CreateCollection', async ({ ok, refused }) => {
    const reply = await ok({ CollectionId, Tags: { team: 'a' } });
    expect(reply).toEqual({
      StatusCode: 200,
      CollectionArn: `aws:rekognition:us-east-1:000000000000:collection/${CollectionId}`,
      FaceModelVersion: expect.stringMatching(/^\d+\.\d+$/),
    });
    await refused(
      { CollectionId },
      'ResourceAlreadyExistsException',
      `The collection id: ${CollectionId} already exists`,
    );
    await refused({ CollectionId: 'second' }, QUOTA, 'The quota of 1 collections is exceeded');
    await refused({ CollectionId: 'a b/é' }, ...BAD_COLLECTION);
  });

  step('DescribeCollection', async ({ ok, refused }) => {
    const { CreationTimestamp, CollectionARN, ...counts } = await ok(inC);
    stage.arn = String(CollectionARN);
    expect(stage.arn).toBe(`arn:aws:rekognition:us-east-1:000000000000:collection/${CollectionId}`);
    expect(Math.abs(Date.parse(String(CreationTimestamp)) - Date.now())).toBeLessThan(600_000);
    expect(counts).toMatchObject({ FaceCount: 0, UserCount: 0 });
    await refused(elsewhere, NOT_FOUND, 'Collection:ghost not found!');
    await refused({ CollectionId: 'a b/é' }, ...BAD_COLLECTION);
  });

  step('ListCollections', async ({ ok, refused }) => {
    expect(await ok({})).toMatchObject({ CollectionIds: [CollectionId] });
    expect(await pages('ListCollections', {})).toMatchObject([{ CollectionIds: [CollectionId] }]);
    await refused({ NextToken: 'made-up' }, ...BAD_TOKEN);
    await refused(
      { MaxResults: 4097 },
      'ValidationException',
      like(/Value '4097' at 'maxResults'/),
    );
  });
}

/** Its tags. */
export function tagSteps(stage: Stage): void {
  const { step } = stage;

  step('TagResource', async ({ ok, refused }) => {
    expect(await ok({ ResourceArn: stage.arn, Tags: { team: 'b', stage: 'тест' } })).toEqual({});
    await refused(
      { ResourceArn: stage.arn, Tags: { more: '' } },
      QUOTA,
      'The quota of 2 tags on a collection is exceeded',
    );
    await refused(
      { ResourceArn: `${stage.arn}x`, Tags: { a: 'b' } },
      NOT_FOUND,
      like(/does not exist/),
    );
    await refused(
      { ResourceArn: stage.arn, Tags: { 'aws:x': '' } },
      'ValidationException',
      like(/Map keys must satisfy constraint/),
    );
  });

  step('ListTagsForResource', async ({ ok, refused }) => {
    expect(await ok({ ResourceArn: stage.arn })).toEqual({ Tags: { team: 'b', stage: 'тест' } });
    expect(await ok({ ResourceArn: stage.arn.replace(/^arn:/, '') })).toMatchObject({
      Tags: { team: 'b' },
    });
    await refused({ ResourceArn: `${stage.arn}x` }, NOT_FOUND, like(/does not exist/));
    await refused(
      { ResourceArn: `arn:${'x'.repeat(2045)}` },
      'ValidationException',
      like(/at 'resourceArn'/),
    );
  });

  step('UntagResource', async ({ ok, refused }) => {
    expect(await ok({ ResourceArn: stage.arn, TagKeys: ['stage', 'never there'] })).toEqual({});
    await refused(
      { ResourceArn: `${stage.arn}x`, TagKeys: ['a'] },
      NOT_FOUND,
      like(/does not exist/),
    );
    await refused(
      { ResourceArn: stage.arn, TagKeys: ['aws:x'] },
      'ValidationException',
      like(/at 'tagKeys'/),
    );
  });
}

/** The way back: everything is taken apart. */
export function endSteps(stage: Stage): void {
  const { step, inC, elsewhere, faces, CollectionId } = stage;

  step('DisassociateFaces', async ({ ok, refused }) => {
    const user = { ...inC, UserId: 'anna' };
    const reply = await ok({ ...user, FaceIds: [faces['anna'], faces['clara'], GHOST] });
    expect(reply).toEqual({
      DisassociatedFaces: [{ FaceId: faces['anna'] }],
      UnsuccessfulFaceDisassociations: [
        { FaceId: faces['clara'], UserId: 'clara', Reasons: ['ASSOCIATED_TO_A_DIFFERENT_USER'] },
        { FaceId: GHOST, Reasons: ['FACE_NOT_FOUND'] },
      ],
      UserStatus: 'ACTIVE',
    });
    await refused({ ...user, UserId: 'ghost', FaceIds: [GHOST] }, ...noUser('ghost'));
    const FaceIds = Array.from({ length: 101 }, () => GHOST);
    await refused(
      { ...user, FaceIds },
      'ValidationException',
      like(/length less than or equal to 100$/),
    );
  });

  step('DeleteUser', async ({ ok, refused }) => {
    expect(await ok({ ...inC, UserId: 'anna' })).toEqual({});
    await refused({ ...inC, UserId: 'anna' }, ...noUser('anna'));
    await refused({ ...inC, UserId: 'a b' }, ...badId('userId', 'a b', '[a-zA-Z0-9_.\\-:]+'));
  });

  step('DeleteFaces', async ({ ok, refused }) => {
    expect(await ok({ ...inC, FaceIds: [faces['anna'], faces['clara'], GHOST] })).toEqual({
      DeletedFaces: [faces['anna']],
      UnsuccessfulFaceDeletions: [
        { FaceId: faces['clara'], UserId: 'clara', Reasons: ['ASSOCIATED_TO_AN_EXISTING_USER'] },
        { FaceId: GHOST, Reasons: ['FACE_NOT_FOUND'] },
      ],
    });
    await refused({ ...elsewhere, FaceIds: [GHOST] }, ...noCollection('ghost'));
    await refused(
      { ...inC, FaceIds: ['x'] },
      'ValidationException',
      like(/Value '\[x\]' at 'faceIds'/),
    );
  });

  step('DeleteCollection', async ({ ok, refused }) => {
    expect(await ok(inC)).toEqual({ StatusCode: 200 });
    await refused(inC, ...noCollection(CollectionId));
    await refused({ CollectionId: 'a b/é' }, ...BAD_COLLECTION);
  });
}

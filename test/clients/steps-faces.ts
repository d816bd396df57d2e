import { expect } from 'vitest';
import type { Json } from './api-client.js';
import {
  BAD_COLLECTION,
  BAD_TOKEN,
  badId,
  GHOST,
  INVALID,
  like,
  NO_FORMAT,
  noCollection,
  noUser,
  QUOTA,
  type Stage,
} from './stage.js';

/** Its faces. */
export function faceSteps(stage: Stage): void {
  const { step, inC, elsewhere, Image, faces, pages } = stage;

  step('IndexFaces', async ({ ok, refused }) => {
    for (const name of ['anna', 'annaElsewhere', 'clara']) {
      const input = { ...inC, Image: Image(name), ExternalImageId: `photo:${name}`, MaxFaces: 1 };
      const { FaceRecords } = await ok({ ...input, DetectionAttributes: ['DEFAULT'] });
      const [{ Face }] = FaceRecords as [{ Face: { FaceId: string; ExternalImageId: string } }];
      expect(Face.ExternalImageId).toBe(`photo:${name}`);
      faces[name] = Face.FaceId;
    }
    const input = { ...inC, Image: Image('anna') };
    await refused(
      { ...input, ExternalImageId: 'more' },
      QUOTA,
      'The quota of 3 faces in a collection is exceeded',
    );
    await refused({ ...input, ...elsewhere }, ...noCollection('ghost'));
    await refused({ ...inC, Image: Image('text') }, ...NO_FORMAT);
    await refused(
      { ...input, ExternalImageId: 'a/b' },
      ...badId('externalImageId', 'a/b', '[a-zA-Z0-9_.\\-:]+'),
    );
    const S3Object = { Bucket: 'bucket', Name: 'photo.jpg' };
    await refused({ ...inC, Image: { S3Object } }, 'InvalidS3ObjectException', like(/S3/));
  });

  step('ListFaces', async ({ ok, refused }) => {
    const ids = (all: Json[]) =>
      all.flatMap(({ Faces }) => (Faces as { FaceId: string }[]).map(({ FaceId }) => FaceId));
    const all = [faces['anna'], faces['annaElsewhere'], faces['clara']];
    expect(ids(await pages('ListFaces', inC))).toEqual(all);
    expect(ids([await ok({ ...inC, FaceIds: [faces['clara'], GHOST] })])).toEqual([faces['clara']]);
    await refused({ ...inC, NextToken: 'made-up' }, ...BAD_TOKEN);
    await refused(elsewhere, ...noCollection('ghost'));
    await refused({ CollectionId: 'a b/é' }, ...BAD_COLLECTION);
  });
}

/** Its users, made of faces. */
export function userSteps(stage: Stage): void {
  const { step, inC, elsewhere, Image, faces, pages } = stage;

  step('CreateUser', async ({ ok, refused }) => {
    const token = { ClientRequestToken: 'create-1' };
    expect(await ok({ ...inC, UserId: 'anna', ...token })).toEqual({});
    expect(await ok({ ...inC, UserId: 'anna', ...token })).toEqual({});
    await refused(
      { ...inC, UserId: 'berta', ...token },
      'IdempotentParameterMismatchException',
      'The ClientRequestToken: create-1 you have supplied is already in use.',
    );
    await refused(
      { ...inC, UserId: 'anna' },
      'ConflictException',
      'The user id: anna already exists',
    );
    await ok({ ...inC, UserId: 'clara' });
    await refused(
      { ...inC, UserId: 'dora' },
      QUOTA,
      'The quota of 2 users in a collection is exceeded',
    );
    await refused({ ...elsewhere, UserId: 'anna' }, ...noCollection('ghost'));
    await refused({ ...inC, UserId: 'a b' }, ...badId('userId', 'a b', '[a-zA-Z0-9_.\\-:]+'));
  });

  step('ListUsers', async ({ ok, refused }) => {
    const ids = (all: Json[]) =>
      all.flatMap(({ Users }) => (Users as { UserId: string }[]).map(({ UserId }) => UserId));
    expect(ids(await pages('ListUsers', inC))).toEqual(['anna', 'clara']);
    expect(await ok({ ...inC, MaxResults: 500 })).toMatchObject({
      Users: [{ UserStatus: 'CREATED' }, {}],
    });
    await refused({ ...inC, NextToken: 'made-up' }, ...BAD_TOKEN);
    await refused(elsewhere, ...noCollection('ghost'));
    await refused(
      { ...inC, MaxResults: 501 },
      'ValidationException',
      like(/Value '501' at 'maxResults'/),
    );
  });

  step('AssociateFaces', async ({ ok, refused }) => {
    const user = { ...inC, UserId: 'anna' };
    const first = { ...user, FaceIds: [faces['anna']], ClientRequestToken: 'associate-1' };
    const answer = { AssociatedFaces: [{ FaceId: faces['anna'] }], UserStatus: 'ACTIVE' };
    expect(await ok(first)).toMatchObject(answer);
    expect(await ok(first)).toMatchObject(answer);
    const reply = await ok({ ...user, FaceIds: [faces['annaElsewhere'], faces['clara'], GHOST] });
    expect(reply).toEqual({
      AssociatedFaces: [{ FaceId: faces['annaElsewhere'] }],
      UnsuccessfulFaceAssociations: [
        {
          FaceId: faces['clara'],
          Confidence: expect.any(Number),
          Reasons: ['LOW_MATCH_CONFIDENCE'],
        },
        { FaceId: GHOST, Reasons: ['FACE_NOT_FOUND'] },
      ],
      UserStatus: 'ACTIVE',
    });
    await ok({ ...inC, UserId: 'clara', FaceIds: [faces['clara']] });
    await refused(
      { ...first, UserMatchThreshold: 50 },
      'IdempotentParameterMismatchException',
      'The ClientRequestToken: associate-1 you have supplied is already in use.',
    );
    await refused({ ...user, UserId: 'ghost', FaceIds: [GHOST] }, ...noUser('ghost'));
    await refused(
      { ...user, FaceIds: [GHOST], UserMatchThreshold: 101 },
      'ValidationException',
      "1 validation error detected: Value '101.0' at 'userMatchThreshold' failed to satisfy constraint: Member must have value less than or equal to 100",
    );
  });

  step('SearchUsers', async ({ ok, refused }) => {
    expect(await ok({ ...inC, FaceId: faces['anna'] })).toMatchObject({
      SearchedFace: { FaceId: faces['anna'] },
      UserMatches: [{ User: { UserId: 'anna', UserStatus: 'ACTIVE' } }],
    });
    expect(await ok({ ...inC, UserId: 'anna', UserMatchThreshold: 0, MaxUsers: 5 })).toMatchObject({
      SearchedUser: { UserId: 'anna' },
      UserMatches: [{ User: { UserId: 'clara' } }],
    });
    await refused(
      { ...inC, FaceId: faces['anna'], UserId: 'anna' },
      INVALID,
      like(/FaceId and UserId/),
    );
    await refused({ ...inC, UserId: 'ghost' }, ...noUser('ghost'));
    await refused(
      { ...inC, UserId: 'anna', MaxUsers: 501 },
      'ValidationException',
      like(/Value '501' at 'maxUsers'/),
    );
  });

  step('SearchUsersByImage', async ({ ok, refused }) => {
    const reply = await ok({ ...inC, Image: Image('annaElsewhere') });
    expect(reply).toMatchObject({
      UserMatches: [{ User: { UserId: 'anna' } }],
      UnsearchedFaces: [],
    });
    // A photo without a face is no error here.
    expect(await ok({ ...inC, Image: Image('nobody') })).toMatchObject({ UserMatches: [] });
    await refused({ ...inC, Image: Image('text') }, ...NO_FORMAT);
    await refused({ ...elsewhere, Image: Image('anna') }, ...noCollection('ghost'));
    await refused(
      { ...inC, Image: Image('anna'), UserMatchThreshold: 101 },
      'ValidationException',
      like(/Value '101.0' at 'userMatchThreshold'/),
    );
  });
}

/** Searches by face, and photos compared. */
export function searchSteps(stage: Stage): void {
  const { step, inC, elsewhere, Image, faces } = stage;

  step('SearchFaces', async ({ ok, refused }) => {
    const reply = await ok({
      ...inC,
      FaceId: faces['anna'],
      MaxFaces: 1,
      FaceMatchThreshold: 75.5,
    });
    expect(reply).toMatchObject({
      SearchedFaceId: faces['anna'],
      FaceMatches: [{ Face: { FaceId: faces['annaElsewhere'], UserId: 'anna' } }],
    });
    await refused({ ...inC, FaceId: GHOST }, INVALID, 'faceId was not found in the collection.');
    await refused({ ...elsewhere, FaceId: GHOST }, ...noCollection('ghost'));
    await refused(
      { ...inC, FaceId: 'not-an-id' },
      'ValidationException',
      like(/Value 'not-an-id' at 'faceId'/),
    );
  });

  step('SearchFacesByImage', async ({ ok, refused }) => {
    const reply = await ok({ ...inC, Image: Image('clara'), QualityFilter: 'NONE' });
    expect(reply).toMatchObject({
      SearchedFaceConfidence: expect.any(Number),
      FaceMatches: [{ Face: { FaceId: faces['clara'] } }],
    });
    await refused(
      { ...inC, Image: Image('nobody') },
      INVALID,
      'There are no faces in the image. Should be at least 1.',
    );
    await refused({ ...elsewhere, Image: Image('anna') }, ...noCollection('ghost'));
    await refused(
      { ...inC, Image: Image('anna'), QualityFilter: 'BEST' },
      'ValidationException',
      like(/at 'qualityFilter'/),
    );
  });

  step('DetectFaces', async ({ ok, refused }) => {
    const { FaceDetails } = await ok({ Image: Image('anna'), Attributes: ['ALL'] });
    expect((FaceDetails as [{ Landmarks: unknown[] }])[0].Landmarks).toHaveLength(30);
    await refused({ Image: Image('text') }, ...NO_FORMAT);
    await refused(
      { Image: { Bytes: Buffer.alloc(5_242_881) } },
      'ValidationException',
      like(/lim=5242881 cap=5242881\]' at 'image.bytes'/),
    );
  });

  step('CompareFaces', async ({ ok, refused }) => {
    const of = (source: string, target: string) => ({
      SourceImage: Image(source),
      TargetImage: Image(target),
    });
    expect(await ok(of('anna', 'annaElsewhere'))).toMatchObject({
      FaceMatches: [{ Face: {} }],
      UnmatchedFaces: [],
    });
    expect(await ok(of('anna', 'clara'))).toMatchObject({ FaceMatches: [], UnmatchedFaces: [{}] });
    await refused(of('nobody', 'anna'), INVALID, 'Request has invalid parameters');
    await refused(
      { ...of('anna', 'anna'), SimilarityThreshold: 100.5 },
      'ValidationException',
      like(/Value '100.5' at 'similarityThreshold'/),
    );
  });
}

import { randomUUID } from 'node:crypto';
import {
  DeleteUserCommand,
  DisassociateFacesCommand,
  IdempotentParameterMismatchException,
  ListFacesCommand,
  ResourceNotFoundException,
  SearchUsersCommand,
} from '@aws-sdk/client-rekognition';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  associate,
  indexFace,
  newCollection,
  newUser,
  sharedClient,
  statusOf,
} from '../support/api.js';
import { portrait, portraits } from '../support/photos.js';

const client = sharedClient();

describe('AssociateFaces', () => {
  let CollectionId: string;
  let bertas: string[];
  let claras: string[];
  let anna: string;
  let annaElsewhere: string;

  beforeAll(async () => {
    CollectionId = await newCollection(client);
    const index = (photo: Buffer) => indexFace(client, CollectionId, photo);
    bertas = await Promise.all((await portraits('berta', 4)).map(index));
    claras = await Promise.all((await portraits('clara', 3)).map(index));
    anna = await index(await portrait('anna'));
    annaElsewhere = await index(await portrait('annaElsewhere'));
  });

  const facesOf = async (UserId: string): Promise<string[]> => {
    const { Faces = [] } = await client.send(new ListFacesCommand({ CollectionId, UserId }));
    return Faces.map(({ FaceId = '' }) => FaceId).toSorted();
  };
  /** A user whose faces are given back to the others at the end of the test. */
  const user = async (): Promise<string> => {
    const UserId = await newUser(client, CollectionId);
    onTestFinished(async () => {
      await client.send(new DeleteUserCommand({ CollectionId, UserId }));
    });
    return UserId;
  };

  it('takes a first batch whole and makes the user ACTIVE', async () => {
    const UserId = await user();
    const reply = await associate(client, CollectionId, UserId, [bertas[0] ?? '', claras[0] ?? '']);
    expect(reply).toMatchObject({
      AssociatedFaces: [{ FaceId: bertas[0] }, { FaceId: claras[0] }],
      UnsuccessfulFaceAssociations: [],
      UserStatus: 'ACTIVE',
    });
    expect(await statusOf(client, CollectionId, UserId)).toBe('ACTIVE');
  });

  it('takes another photo of the person, taken elsewhere, at the default threshold', async () => {
    const UserId = await user();
    await associate(client, CollectionId, UserId, [anna]);
    const reply = await associate(client, CollectionId, UserId, [annaElsewhere]);
    expect(reply.AssociatedFaces).toEqual([{ FaceId: annaElsewhere }]);
    expect(await facesOf(UserId)).toEqual([anna, annaElsewhere].toSorted());
  });

  it('refuses a stranger with its similarity as Confidence, and takes it at that very threshold', async () => {
    const UserId = await user();
    const [stranger = ''] = claras;
    await associate(client, CollectionId, UserId, [bertas[0] ?? '']);
    const { UnsuccessfulFaceAssociations = [], AssociatedFaces } = await associate(
      client,
      CollectionId,
      UserId,
      [stranger],
    );
    const [refusal] = UnsuccessfulFaceAssociations;
    expect(AssociatedFaces).toEqual([]);
    expect(refusal).toEqual({
      FaceId: stranger,
      Confidence: expect.any(Number),
      Reasons: ['LOW_MATCH_CONFIDENCE'],
    });
    const confidence = refusal?.Confidence ?? Number.NaN;
    expect(confidence).toBeLessThan(75);
    const above = await associate(client, CollectionId, UserId, [stranger], {
      UserMatchThreshold: Math.min(100, confidence + 0.01),
    });
    expect(above.UnsuccessfulFaceAssociations?.[0]?.Confidence).toBe(confidence);
    const at = await associate(client, CollectionId, UserId, [stranger], {
      UserMatchThreshold: confidence,
    });
    expect(at.AssociatedFaces).toEqual([{ FaceId: stranger }]);
  });

  it('has the same Confidence as SearchUsers', async () => {
    const UserId = await user();
    await associate(client, CollectionId, UserId, bertas.slice(0, 2));
    const { UnsuccessfulFaceAssociations } = await associate(client, CollectionId, UserId, [anna], {
      UserMatchThreshold: 100,
    });
    const { UserMatches = [] } = await client.send(
      new SearchUsersCommand({ CollectionId, FaceId: anna, UserMatchThreshold: 0 }),
    );
    expect(UserMatches.find(({ User }) => User?.UserId === UserId)?.Similarity).toBe(
      UnsuccessfulFaceAssociations?.[0]?.Confidence,
    );
  });

  it('leaves a face the user already has out of both lists', async () => {
    const UserId = await user();
    await associate(client, CollectionId, UserId, [bertas[0] ?? '']);
    const reply = await associate(client, CollectionId, UserId, [bertas[0] ?? '', bertas[1] ?? '']);
    expect(reply).toMatchObject({
      AssociatedFaces: [{ FaceId: bertas[1] }],
      UnsuccessfulFaceAssociations: [],
    });
  });

  it("names the other user of somebody else's face, without Confidence", async () => {
    const [one, two] = [await user(), await user()];
    await associate(client, CollectionId, one, [bertas[0] ?? '']);
    const reply = await associate(client, CollectionId, two, [bertas[0] ?? '']);
    expect(reply).toMatchObject({
      AssociatedFaces: [],
      UnsuccessfulFaceAssociations: [
        { FaceId: bertas[0], UserId: one, Reasons: ['ASSOCIATED_TO_A_DIFFERENT_USER'] },
      ],
      UserStatus: 'CREATED',
    });
    expect(reply.UnsuccessfulFaceAssociations?.[0]?.Confidence).toBeUndefined();
  });

  it('names a face that is not in the collection', async () => {
    const UserId = await user();
    const FaceId = randomUUID();
    const reply = await associate(client, CollectionId, UserId, [FaceId]);
    expect(reply.UnsuccessfulFaceAssociations).toEqual([{ FaceId, Reasons: ['FACE_NOT_FOUND'] }]);
    expect(reply.UserStatus).toBe('CREATED');
  });

  it('counts an id that is given twice once', async () => {
    const UserId = await user();
    const [FaceId = ''] = bertas;
    const reply = await associate(client, CollectionId, UserId, [FaceId, FaceId]);
    expect(reply.AssociatedFaces).toEqual([{ FaceId }]);
  });

  it('judges every face against the user as it stood when the call began, whatever the order', async () => {
    const [one, two] = [await user(), await user()];
    const faces = [annaElsewhere, claras[0] ?? '', bertas[1] ?? ''];
    const verdictOf = async (UserId: string, FaceIds: string[]) => {
      await associate(client, CollectionId, UserId, [anna]);
      const { AssociatedFaces = [], UnsuccessfulFaceAssociations = [] } = await associate(
        client,
        CollectionId,
        UserId,
        FaceIds,
      );
      const verdict = [
        ...AssociatedFaces.map(({ FaceId }) => [FaceId, 'in']),
        ...UnsuccessfulFaceAssociations.map(({ FaceId, Confidence }) => [
          FaceId,
          String(Confidence),
        ]),
      ];
      await client.send(
        new DisassociateFacesCommand({ CollectionId, UserId, FaceIds: [anna, ...FaceIds] }),
      );
      return verdict.toSorted();
    };
    expect(await verdictOf(two, faces.toReversed())).toEqual(await verdictOf(one, faces));
  });

  it('answers a repeated token with the first answer and refuses it with other parameters', async () => {
    const UserId = await user();
    const options = { ClientRequestToken: randomUUID() };
    const first = await associate(client, CollectionId, UserId, [bertas[0] ?? ''], options);
    const again = await associate(client, CollectionId, UserId, [bertas[0] ?? ''], options);
    expect(again.AssociatedFaces).toEqual(first.AssociatedFaces);
    expect(again.AssociatedFaces).toHaveLength(1);
    const other = associate(client, CollectionId, UserId, [bertas[1] ?? ''], options);
    await expect(other).rejects.toBeInstanceOf(IdempotentParameterMismatchException);
    expect(await facesOf(UserId)).toEqual([bertas[0]]);
  });

  it('runs once when two calls bring one token at the same time', async () => {
    const UserId = await user();
    const options = { ClientRequestToken: randomUUID() };
    const replies = await Promise.all(
      Array.from({ length: 8 }, () =>
        associate(client, CollectionId, UserId, bertas.slice(0, 2), options),
      ),
    );
    for (const reply of replies) expect(reply.AssociatedFaces).toHaveLength(2);
  });

  it('names a user and a collection that are not there', async () => {
    const noUser = associate(client, CollectionId, 'ghost', [anna]);
    await expect(noUser).rejects.toBeInstanceOf(ResourceNotFoundException);
    await expect(noUser).rejects.toThrow('The user id: ghost does not exist');
    const noCollection = associate(client, 'ghost', 'ghost', [anna]);
    await expect(noCollection).rejects.toThrow('The collection id: ghost does not exist');
  });
});

describe('AssociateFaces and the limit of 100 faces', () => {
  it('fills the user in request order and returns the rest', async () => {
    const CollectionId = await newCollection(client);
    const faceIds = await Promise.all(
      (await portraits('berta', 104)).map((photo) => indexFace(client, CollectionId, photo)),
    );
    expect(new Set(faceIds).size).toBe(104);
    await newUser(client, CollectionId, 'berta');
    await associate(client, CollectionId, 'berta', faceIds.slice(0, 98));
    const reply = await associate(client, CollectionId, 'berta', faceIds.slice(98));
    expect(reply.AssociatedFaces?.map(({ FaceId }) => FaceId)).toEqual(faceIds.slice(98, 100));
    expect(reply.UnsuccessfulFaceAssociations).toEqual(
      faceIds.slice(100).map((FaceId) => ({ FaceId, Reasons: ['MAX_FACES_PER_USER_EXCEEDED'] })),
    );
  });
});

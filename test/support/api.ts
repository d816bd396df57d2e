import { randomUUID } from 'node:crypto';
import {
  AssociateFacesCommand,
  type AssociateFacesCommandOutput,
  CreateCollectionCommand,
  CreateUserCommand,
  DeleteCollectionCommand,
  IndexFacesCommand,
  ListUsersCommand,
  type RekognitionClient,
} from '@aws-sdk/client-rekognition';
import { afterAll, inject, onTestFinished } from 'vitest';
import { clientFor } from './service.js';

/** A client of the shared service, destroyed after the file. */
export function sharedClient(): RekognitionClient {
  const client = clientFor(inject('endpoint'));
  afterAll(() => client.destroy());
  return client;
}

/** A collection of its own for one test or file. */
export async function newCollection(client: RekognitionClient): Promise<string> {
  const CollectionId = `test-${randomUUID()}`;
  await client.send(new CreateCollectionCommand({ CollectionId }));
  return CollectionId;
}

/** The same, deleted when the test ends. */
export async function testCollection(client: RekognitionClient): Promise<string> {
  const CollectionId = await newCollection(client);
  onTestFinished(async () => {
    await client.send(new DeleteCollectionCommand({ CollectionId }));
  });
  return CollectionId;
}

export async function newUser(
  client: RekognitionClient,
  CollectionId: string,
  UserId: string = `user-${randomUUID()}`,
): Promise<string> {
  await client.send(new CreateUserCommand({ CollectionId, UserId }));
  return UserId;
}

/** Indexes the largest face of a photo, whatever its quality. */
export async function indexFace(
  client: RekognitionClient,
  CollectionId: string,
  Bytes: Uint8Array,
  ExternalImageId?: string,
): Promise<string> {
  const { FaceRecords = [] } = await client.send(
    new IndexFacesCommand({
      CollectionId,
      Image: { Bytes },
      ExternalImageId,
      MaxFaces: 1,
      QualityFilter: 'NONE',
    }),
  );
  const faceId = FaceRecords[0]?.Face?.FaceId;
  if (faceId === undefined) throw new Error('no face was indexed');
  return faceId;
}

export const associate = (
  client: RekognitionClient,
  CollectionId: string,
  UserId: string,
  FaceIds: string[],
  options: { UserMatchThreshold?: number; ClientRequestToken?: string } = {},
): Promise<AssociateFacesCommandOutput> =>
  client.send(new AssociateFacesCommand({ CollectionId, UserId, FaceIds, ...options }));

export async function statusOf(
  client: RekognitionClient,
  CollectionId: string,
  userId: string,
): Promise<string | undefined> {
  const { Users = [] } = await client.send(new ListUsersCommand({ CollectionId, MaxResults: 500 }));
  return Users.find(({ UserId }) => UserId === userId)?.UserStatus;
}

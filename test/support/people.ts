import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateCollectionCommand,
  ListFacesCommand,
  type RekognitionClient,
  SearchUsersByImageCommand,
} from '@aws-sdk/client-rekognition';
import { expect } from 'vitest';
import { associate, indexFace, newUser } from './api.js';
import { type PersonName, portrait } from './photos.js';

export const PEOPLE: readonly PersonName[] = ['anna', 'berta', 'clara'];

const views = [{}, { brightness: 0.95, size: 360, quality: 85 }];

/** A collection of three people with a user each, and their photos in a folder made in `folder`; face ids by user. */
export async function populated(
  client: RekognitionClient,
  CollectionId: string,
  folder: string,
): Promise<{ photos: string; faceIds: Map<string, string[]> }> {
  const photos = join(folder, `photos-${CollectionId}`);
  mkdirSync(photos);
  await client.send(new CreateCollectionCommand({ CollectionId }));
  const faceIds = new Map<string, string[]>();
  for (const person of PEOPLE) {
    const ids: string[] = [];
    for (const [index, view] of views.entries()) {
      const bytes = await portrait(person, view);
      writeFileSync(join(photos, `${person}-${index}.jpg`), bytes);
      ids.push(await indexFace(client, CollectionId, bytes));
    }
    await newUser(client, CollectionId, person);
    await associate(client, CollectionId, person, ids);
    faceIds.set(person, ids);
  }
  return { photos, faceIds };
}

/** The faces of a small collection, with the user of each. */
export const facesOf = async (
  client: RekognitionClient,
  CollectionId: string,
): Promise<Map<string, string | undefined>> => {
  const { Faces = [] } = await client.send(
    new ListFacesCommand({ CollectionId, MaxResults: 1000 }),
  );
  return new Map(Faces.map(({ FaceId, UserId }) => [FaceId!, UserId]));
};

/** The users that a photo finds at the default threshold. */
export const found = async (
  client: RekognitionClient,
  CollectionId: string,
  person: PersonName,
): Promise<string[]> => {
  const Bytes = await portrait(person, { brightness: 1.03 });
  const { UserMatches = [] } = await client.send(
    new SearchUsersByImageCommand({ CollectionId, Image: { Bytes } }),
  );
  return UserMatches.map(({ User }) => User!.UserId!);
};

/** That each of them is found, and nobody else. */
export const expectFound = async (
  client: RekognitionClient,
  CollectionId: string,
): Promise<void> => {
  for (const person of PEOPLE) expect(await found(client, CollectionId, person)).toEqual([person]);
};

import { randomUUID } from 'node:crypto';
import { InvalidParameterException, SearchFacesCommand } from '@aws-sdk/client-rekognition';
import { beforeAll, describe, expect, it } from 'vitest';
import { indexFace, newCollection, sharedClient } from '../support/api.js';
import { portrait, portraits } from '../support/photos.js';

const client = sharedClient();

describe('SearchFaces', () => {
  let CollectionId: string;
  let bertas: string[];
  let clara: string;
  beforeAll(async () => {
    CollectionId = await newCollection(client);
    bertas = [];
    for (const photo of await portraits('berta', 3))
      bertas.push(await indexFace(client, CollectionId, photo));
    clara = await indexFace(client, CollectionId, await portrait('clara'));
  });

  it('finds the other photos of the same person, best first, without the face itself', async () => {
    const FaceId = bertas[0] ?? '';
    const { FaceMatches = [], SearchedFaceId } = await client.send(
      new SearchFacesCommand({ CollectionId, FaceId }),
    );
    expect(SearchedFaceId).toBe(FaceId);
    expect(FaceMatches.map(({ Face }) => Face?.FaceId).toSorted()).toEqual(
      bertas.slice(1).toSorted(),
    );
    const similarities = FaceMatches.map(({ Similarity = 0 }) => Similarity);
    expect(similarities).toEqual(similarities.toSorted((a, b) => b - a));
    expect(Math.min(...similarities)).toBeGreaterThan(90);
  });

  it('shows everybody at threshold 0, a stranger below 75', async () => {
    const { FaceMatches = [] } = await client.send(
      new SearchFacesCommand({ CollectionId, FaceId: clara, FaceMatchThreshold: 0 }),
    );
    expect(FaceMatches).toHaveLength(bertas.length);
    for (const { Similarity } of FaceMatches) expect(Similarity).toBeLessThan(75);
  });

  it('returns at most MaxFaces', async () => {
    const { FaceMatches } = await client.send(
      new SearchFacesCommand({ CollectionId, FaceId: clara, FaceMatchThreshold: 0, MaxFaces: 2 }),
    );
    expect(FaceMatches).toHaveLength(2);
  });

  it('calls an unknown face an invalid parameter', async () => {
    const unknown = client.send(new SearchFacesCommand({ CollectionId, FaceId: randomUUID() }));
    await expect(unknown).rejects.toBeInstanceOf(InvalidParameterException);
    await expect(unknown).rejects.toThrow('faceId was not found in the collection.');
  });
});

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateCollectionCommand,
  DescribeCollectionCommand,
  InvalidParameterException,
  ListFacesCommand,
  ListUsersCommand,
  SearchFacesCommand,
  SearchUsersByImageCommand,
} from '@aws-sdk/client-rekognition';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { associate, indexFace, newUser } from '../support/api.js';
import { portrait, samplePhoto } from '../support/photos.js';
import {
  clientFor,
  freshService,
  startService,
  stopService,
  withKeys,
} from '../support/service.js';

describe('a restart', () => {
  it('keeps everything: faces, users, tokens, page tokens, and the same answers', async () => {
    const { client, service, dataDirectory } = await freshService();
    onTestFinished(() => rm(dataDirectory, { recursive: true, force: true }));
    const CollectionId = 'restart';
    await client.send(new CreateCollectionCommand({ CollectionId, Tags: { a: '1' } }));
    const anna = await indexFace(client, CollectionId, await portrait('anna'));
    await indexFace(client, CollectionId, await portrait('clara'));
    await newUser(client, CollectionId, 'anna');
    const token = { ClientRequestToken: 'once' };
    const first = await associate(client, CollectionId, 'anna', [anna], token);
    const Image = { Bytes: await portrait('annaElsewhere') };
    const look = async (by: typeof client, NextToken?: string) => {
      const search = await by.send(new SearchUsersByImageCommand({ CollectionId, Image }));
      const faces = await by.send(new ListFacesCommand({ CollectionId, MaxResults: 1, NextToken }));
      const users = await by.send(new ListUsersCommand({ CollectionId }));
      const about = await by.send(new DescribeCollectionCommand({ CollectionId }));
      return [
        search.UserMatches,
        faces.Faces,
        users.Users,
        about.CreationTimestamp,
        about.FaceCount,
      ];
    };
    const { NextToken } = await client.send(new ListFacesCommand({ CollectionId, MaxResults: 1 }));
    const before = await look(client, NextToken);
    client.destroy();
    expect(await stopService(service)).toBe(0);

    const again = await startService(withKeys(dataDirectory));
    const later = clientFor(again.endpoint);
    expect(await look(later, NextToken)).toEqual(before);
    const replay = await associate(later, CollectionId, 'anna', [anna], token);
    expect(replay.AssociatedFaces).toEqual(first.AssociatedFaces);
    expect(replay.AssociatedFaces).toEqual([{ FaceId: anna }]);
    later.destroy();
    expect(await stopService(again)).toBe(0);
  });
});

/** Photos that wait or are looked at. */
async function photosInService(endpoint: string): Promise<number> {
  const metrics = await (await fetch(`${endpoint}/metrics`)).text();
  const counts = metrics.matchAll(/^likeness_vision_images\{.*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

describe('a clean shutdown', () => {
  it('finishes what was accepted', async () => {
    const { client, service, dataDirectory } = await freshService();
    onTestFinished(() => rm(dataDirectory, { recursive: true, force: true }));
    const CollectionId = 'shutdown';
    await client.send(new CreateCollectionCommand({ CollectionId }));
    const photos = await Promise.all([1, 3, 4, 5, 6].map(samplePhoto));
    const accepted = photos.map((photo) => indexFace(client, CollectionId, photo));
    let answered = 0;
    for (const call of accepted) void call.then(() => answered++);
    while ((await photosInService(service.endpoint)) + answered < photos.length);
    const exit = stopService(service);
    const faceIds = await Promise.all(accepted);
    expect(await exit).toBe(0);
    client.destroy();

    const again = await startService(withKeys(dataDirectory));
    const later = clientFor(again.endpoint);
    const { Faces = [] } = await later.send(new ListFacesCommand({ CollectionId }));
    expect(Faces.map(({ FaceId }) => FaceId).toSorted()).toEqual(faceIds.toSorted());
    later.destroy();
    await stopService(again);
    expect(await readdir(dataDirectory)).not.toEqual([]);
  });
});

describe('a collection made with another model', () => {
  it('is shown but not compared: its embeddings mean nothing to the running model', async () => {
    const { client, service, dataDirectory } = await freshService();
    onTestFinished(() => rm(dataDirectory, { recursive: true, force: true }));
    const CollectionId = 'old';
    await client.send(new CreateCollectionCommand({ CollectionId }));
    const faceId = await indexFace(client, CollectionId, await portrait('anna'));
    client.destroy();
    await stopService(service);
    const catalog = new Database(join(dataDirectory, 'catalog.db'));
    catalog.prepare("UPDATE collections SET model_id = 'earlier-model'").run();
    catalog.close();

    const again = await startService(withKeys(dataDirectory));
    const later = clientFor(again.endpoint);
    const { Faces = [] } = await later.send(new ListFacesCommand({ CollectionId }));
    expect(Faces.map(({ FaceId }) => FaceId)).toEqual([faceId]);
    const search = later.send(new SearchFacesCommand({ CollectionId, FaceId: faceId }));
    await expect(search).rejects.toBeInstanceOf(InvalidParameterException);
    await expect(search).rejects.toThrow(
      /was made with the model earlier-model, this service runs/,
    );
    later.destroy();
    await stopService(again);
  });
});

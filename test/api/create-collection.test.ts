import { randomUUID } from 'node:crypto';
import {
  CreateCollectionCommand,
  DeleteCollectionCommand,
  ListTagsForResourceCommand,
  ResourceAlreadyExistsException,
  ServiceQuotaExceededException,
} from '@aws-sdk/client-rekognition';
import { expect, it, onTestFinished } from 'vitest';
import { sharedClient } from '../support/api.js';

const client = sharedClient();

const named = (): string => {
  const CollectionId = `test-${randomUUID()}`;
  onTestFinished(async () => {
    await client.send(new DeleteCollectionCommand({ CollectionId })).catch(() => undefined);
  });
  return CollectionId;
};

it('makes a collection and answers with the ARN that lacks arn:', async () => {
  const CollectionId = named();
  expect(await client.send(new CreateCollectionCommand({ CollectionId }))).toMatchObject({
    StatusCode: 200,
    CollectionArn: expect.stringMatching(
      new RegExp(`^aws:rekognition:us-east-1:\\d{12}:collection/${CollectionId}$`),
    ),
    FaceModelVersion: expect.stringMatching(/^[0-9.]+$/),
  });
});

it('keeps the tags it was made with', async () => {
  const CollectionId = named();
  const { CollectionArn } = await client.send(
    new CreateCollectionCommand({ CollectionId, Tags: { team: 'door', floor: '2' } }),
  );
  const { Tags } = await client.send(
    new ListTagsForResourceCommand({ ResourceArn: `arn:${CollectionArn}` }),
  );
  expect(Tags).toEqual({ team: 'door', floor: '2' });
});

it('refuses an id that is taken', async () => {
  const CollectionId = named();
  await client.send(new CreateCollectionCommand({ CollectionId }));
  const again = client.send(new CreateCollectionCommand({ CollectionId }));
  await expect(again).rejects.toBeInstanceOf(ResourceAlreadyExistsException);
  await expect(again).rejects.toThrow(`The collection id: ${CollectionId} already exists`);
});

it('refuses more tags than the quota and makes nothing', async () => {
  const CollectionId = named();
  const Tags = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`key${i}`, 'v']));
  await expect(
    client.send(new CreateCollectionCommand({ CollectionId, Tags })),
  ).rejects.toBeInstanceOf(ServiceQuotaExceededException);
  await expect(client.send(new CreateCollectionCommand({ CollectionId }))).resolves.toMatchObject({
    StatusCode: 200,
  });
});

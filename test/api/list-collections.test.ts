import {
  InvalidPaginationTokenException,
  ListCollectionsCommand,
  paginateListCollections,
} from '@aws-sdk/client-rekognition';
import { expect, it } from 'vitest';
import { sharedClient, testCollection } from '../support/api.js';

const client = sharedClient();

it('pages through all collections once, ids and model versions side by side', async () => {
  const mine = await Promise.all(Array.from({ length: 5 }, () => testCollection(client)));
  const seen: string[] = [];
  for await (const page of paginateListCollections({ client, pageSize: 2 }, {})) {
    expect(page.CollectionIds?.length).toBeLessThanOrEqual(2);
    expect(page.FaceModelVersions).toHaveLength(page.CollectionIds?.length ?? -1);
    seen.push(...(page.CollectionIds ?? []));
  }
  expect(seen).toEqual(expect.arrayContaining(mine));
  expect(new Set(seen).size).toBe(seen.length);
});

it('takes MaxResults 0 for the default', async () => {
  const CollectionId = await testCollection(client);
  const { CollectionIds } = await client.send(new ListCollectionsCommand({ MaxResults: 0 }));
  expect(CollectionIds).toContain(CollectionId);
});

it('refuses a token it did not make', async () => {
  await expect(
    client.send(new ListCollectionsCommand({ NextToken: 'made-up' })),
  ).rejects.toBeInstanceOf(InvalidPaginationTokenException);
});

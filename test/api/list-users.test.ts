import {
  InvalidPaginationTokenException,
  ListUsersCommand,
  paginateListUsers,
} from '@aws-sdk/client-rekognition';
import { expect, it } from 'vitest';
import { newUser, sharedClient, testCollection } from '../support/api.js';

const client = sharedClient();

it('pages through all users once, also while users are added and removed', async () => {
  const CollectionId = await testCollection(client);
  const users = Array.from({ length: 7 }, (_, i) => `user-${i}`);
  for (const user of users) await newUser(client, CollectionId, user);
  const seen: (string | undefined)[] = [];
  let page = 0;
  for await (const { Users = [] } of paginateListUsers({ client, pageSize: 3 }, { CollectionId })) {
    seen.push(...Users.map(({ UserId }) => UserId));
    await newUser(client, CollectionId, `late-${page++}`);
  }
  expect(seen.filter((id) => id?.startsWith('user-'))).toEqual(users);
  expect(new Set(seen).size).toBe(seen.length);
});

it('refuses a token of another collection', async () => {
  const [one, two] = [await testCollection(client), await testCollection(client)];
  for (const CollectionId of [one, two])
    for (const user of ['a', 'b']) await newUser(client, CollectionId, user);
  const { NextToken } = await client.send(
    new ListUsersCommand({ CollectionId: one, MaxResults: 1 }),
  );
  expect(NextToken).toBeDefined();
  await expect(
    client.send(new ListUsersCommand({ CollectionId: two, MaxResults: 1, NextToken })),
  ).rejects.toBeInstanceOf(InvalidPaginationTokenException);
});

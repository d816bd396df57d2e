import { randomUUID } from 'node:crypto';
import {
  InvalidParameterException,
  ResourceNotFoundException,
  SearchUsersCommand,
} from '@aws-sdk/client-rekognition';
import { beforeAll, describe, expect, it } from 'vitest';
import { associate, indexFace, newCollection, newUser, sharedClient } from '../support/api.js';
import { portrait } from '../support/photos.js';

const client = sharedClient();

describe('SearchUsers', () => {
  let CollectionId: string;
  let anna: string;
  let annaElsewhere: string;
  beforeAll(async () => {
    CollectionId = await newCollection(client);
    anna = await indexFace(client, CollectionId, await portrait('anna'));
    annaElsewhere = await indexFace(client, CollectionId, await portrait('annaElsewhere'));
    const clara = await indexFace(client, CollectionId, await portrait('clara'));
    for (const [user, face] of [
      ['anna', anna],
      ['clara', clara],
    ] as const) {
      await newUser(client, CollectionId, user);
      await associate(client, CollectionId, user, [face]);
    }
    await newUser(client, CollectionId, 'empty');
  });

  it('finds the user by a face taken elsewhere', async () => {
    const reply = await client.send(
      new SearchUsersCommand({ CollectionId, FaceId: annaElsewhere }),
    );
    expect(reply.UserMatches).toEqual([
      { Similarity: expect.any(Number), User: { UserId: 'anna', UserStatus: 'ACTIVE' } },
    ]);
    expect(reply.SearchedFace).toEqual({ FaceId: annaElsewhere });
    expect(reply.SearchedUser).toBeUndefined();
  });

  it("includes the face's own user, at 100", async () => {
    const { UserMatches } = await client.send(
      new SearchUsersCommand({ CollectionId, FaceId: anna }),
    );
    expect(UserMatches?.[0]).toMatchObject({ Similarity: 100, User: { UserId: 'anna' } });
  });

  it('leaves the searched user out', async () => {
    const reply = await client.send(
      new SearchUsersCommand({ CollectionId, UserId: 'anna', UserMatchThreshold: 0 }),
    );
    expect(reply.UserMatches?.map(({ User }) => User?.UserId)).toEqual(['clara']);
    expect(reply.SearchedUser).toEqual({ UserId: 'anna' });
  });

  it('finds nobody for a user without faces', async () => {
    const { UserMatches } = await client.send(
      new SearchUsersCommand({ CollectionId, UserId: 'empty', UserMatchThreshold: 0 }),
    );
    expect(UserMatches).toEqual([]);
  });

  it.each([{}, { UserId: 'anna', FaceId: '00000000-0000-4000-8000-000000000000' }])(
    'wants exactly one of FaceId and UserId: %j',
    async (who) => {
      await expect(
        client.send(new SearchUsersCommand({ CollectionId, ...who })),
      ).rejects.toBeInstanceOf(InvalidParameterException);
    },
  );

  it('names a face and a user that are not there', async () => {
    await expect(
      client.send(new SearchUsersCommand({ CollectionId, FaceId: randomUUID() })),
    ).rejects.toBeInstanceOf(InvalidParameterException);
    await expect(
      client.send(new SearchUsersCommand({ CollectionId, UserId: 'ghost' })),
    ).rejects.toBeInstanceOf(ResourceNotFoundException);
  });
});

import {
  ConflictException,
  CreateUserCommand,
  IdempotentParameterMismatchException,
  ResourceNotFoundException,
} from '@aws-sdk/client-rekognition';
import { expect, it } from 'vitest';
import { newUser, sharedClient, statusOf, testCollection } from '../support/api.js';

const client = sharedClient();

it('makes a user without faces, in status CREATED', async () => {
  const CollectionId = await testCollection(client);
  await newUser(client, CollectionId, 'ada:1');
  expect(await statusOf(client, CollectionId, 'ada:1')).toBe('CREATED');
});

it('refuses an id that is taken', async () => {
  const CollectionId = await testCollection(client);
  await newUser(client, CollectionId, 'ada');
  const again = newUser(client, CollectionId, 'ada');
  await expect(again).rejects.toBeInstanceOf(ConflictException);
  await expect(again).rejects.toThrow('The user id: ada already exists');
});

it('answers a repeated token as before, and refuses the token for another user', async () => {
  const CollectionId = await testCollection(client);
  const ClientRequestToken = 'token-1';
  const create = (UserId: string) =>
    client.send(new CreateUserCommand({ CollectionId, UserId, ClientRequestToken }));
  await create('ada');
  await expect(create('ada')).resolves.toBeDefined();
  const mismatch = create('grace');
  await expect(mismatch).rejects.toBeInstanceOf(IdempotentParameterMismatchException);
  await expect(mismatch).rejects.toThrow(
    'The ClientRequestToken: token-1 you have supplied is already in use.',
  );
  expect(await statusOf(client, CollectionId, 'grace')).toBeUndefined();
});

it('names a collection that is not there', async () => {
  await expect(newUser(client, 'ghost', 'ada')).rejects.toBeInstanceOf(ResourceNotFoundException);
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AccessDeniedException,
  CreateCollectionCommand,
  DeleteCollectionCommand,
  DescribeCollectionCommand,
  ListCollectionsCommand,
  RekognitionClient,
} from '@aws-sdk/client-rekognition';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { editKeys } from '../../src/keys/edit-keys.js';
import {
  ADMINISTRATOR_DOCUMENT,
  createKey,
  type NewKey,
  revokeKey,
} from '../../src/keys/manage-keys.js';
import { keyFolder, maker } from '../keys/support.js';
import { REGION, type RunningService, startService, stopService } from '../support/service.js';

const PEOPLE_ONLY = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: 'rekognition:*', Resource: 'arn:aws:rekognition:*:*:collection/*' },
    { Effect: 'Deny', Action: 'rekognition:Delete*', Resource: '*' },
  ],
};

const files = keyFolder(afterAll);
const add = (principal: string, policy?: object): NewKey =>
  editKeys(files, (file, master) =>
    createKey(
      file,
      { principal, ...(policy && { policy }) },
      { ...maker(master), nowMs: Date.now() },
    ),
  );
const root = add('root', ADMINISTRATOR_DOCUMENT);
let service: RunningService;

beforeAll(async () => {
  service = await startService({
    LIKENESS_DATA: join(files.folder, 'data'),
    LIKENESS_KEYS_FILE: files.keysFile,
    LIKENESS_MASTER_KEY_FILE: files.masterKeyFile,
  });
  return async () => void (await stopService(service));
});

function as(credentials: NewKey): RekognitionClient {
  const client = new RekognitionClient({
    endpoint: service.endpoint,
    region: REGION,
    credentials,
    maxAttempts: 1,
  });
  onTestFinished(() => client.destroy());
  return client;
}

const answerOf = (client: RekognitionClient): Promise<string> =>
  client.send(new ListCollectionsCommand({})).then(
    () => 'OK',
    (error: Error) => error.name,
  );

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
}

describe('a running service whose keys all come from a file', () => {
  it('holds a principal to its policy', async () => {
    const ada = as(add('ada', PEOPLE_ONLY));
    const CollectionId = 'people';
    await as(root).send(new CreateCollectionCommand({ CollectionId }));
    await until(async () => (await answerOf(ada)) === 'AccessDeniedException');
    expect((await ada.send(new DescribeCollectionCommand({ CollectionId }))).FaceCount).toBe(0);
    const removal = ada.send(new DeleteCollectionCommand({ CollectionId }));
    await expect(removal).rejects.toBeInstanceOf(AccessDeniedException);
    await expect(removal).rejects.toThrow(
      'User: arn:aws:iam::000000000000:user/ada is not authorized to perform: rekognition:DeleteCollection on resource: arn:aws:rekognition:us-east-1:000000000000:collection/people',
    );
  });

  it('follows the file: new keys, revoked keys, broken edits', async () => {
    const client = as(root);
    expect(await answerOf(client)).toBe('OK');
    const other = as(add('other', ADMINISTRATOR_DOCUMENT));
    await until(async () => (await answerOf(other)) === 'OK');

    editKeys(files, (file) => revokeKey(file, root.accessKeyId));
    await until(async () => (await answerOf(client)) === 'UnrecognizedClientException');
    expect(await answerOf(other)).toBe('OK');

    writeFileSync(files.keysFile, '{"version":1,"keys":[');
    await until(() => service.stderr().includes('the keys read before stay'));
    expect(service.stderr()).toContain('not valid JSON');
    expect(await answerOf(other)).toBe('OK');
    expect(await answerOf(client)).toBe('UnrecognizedClientException');
  });
});

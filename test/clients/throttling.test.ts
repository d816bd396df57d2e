import {
  DeleteCollectionCommand,
  ListCollectionsCommand,
  RekognitionClient,
} from '@aws-sdk/client-rekognition';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ApiError } from '../../src/errors.js';
import { createRateLimiter } from '../../src/protocol/rate-limits.js';
import { createReplayGuard } from '../../src/protocol/replay.js';
import { createCredentials, environmentKeys } from '../../src/protocol/sigv4/keys.js';
import { serverWith } from '../http/support.js';
import { handlersWith } from '../protocol/support.js';
import { CREDENTIALS, REGION } from '../support/service.js';
import { findProgram, missing, runClient } from './programs.js';

const python = findProgram(['/usr/bin/python3', 'python3'], ['-c', 'import boto3']);
const why = missing(python, 'boto3');

/**
 * A service that allows so many reads a second (0: any), whose clock goes ahead by two seconds with each
 * refusal, so that how long a client waits does not matter. `codes` are the results of all calls.
 */
async function throttling(read: number) {
  const codes: string[] = [];
  let aheadMs = 0;
  let overloaded = true;
  const app = serverWith(
    {},
    {
      authentication: {
        credentials: createCredentials(
          environmentKeys({ ...CREDENTIALS, sessionToken: '' }, '000000000000'),
        ),
        regions: [],
      },
      rates: createRateLimiter({ read, write: 0, image: 0 }),
      replay: createReplayGuard({ capacity: 1000, startedMs: Date.now() - 60_000 }),
      now: () => Date.now() + aheadMs,
      observer: {
        step: () => undefined,
        request: (_operation, code) => {
          codes.push(code);
          if (code === 'ProvisionedThroughputExceededException') aheadMs += 2000;
        },
      },
      handlers: handlersWith({
        DescribeCollection: async () => {
          const refused = overloaded;
          overloaded = false;
          if (refused) throw new ApiError('ThrottlingException');
          return {};
        },
      }),
    },
  );
  return { codes, endpoint: await app.listen({ port: 0, host: '127.0.0.1' }) };
}

const RATE = ['OK', 'ProvisionedThroughputExceededException', 'OK'];

describe('a client that is told to slow down', () => {
  it('retries by itself and succeeds: the AWS SDK for JavaScript', async () => {
    const { codes, endpoint } = await throttling(1);
    const client = new RekognitionClient({ endpoint, region: REGION, credentials: CREDENTIALS });
    onTestFinished(() => client.destroy());
    await client.send(new ListCollectionsCommand({}));
    const { $metadata } = await client.send(new ListCollectionsCommand({}));
    expect($metadata.attempts).toBe(2);
    expect(codes).toEqual(RATE);
    codes.length = 0;
    const remove = () => client.send(new DeleteCollectionCommand({ CollectionId: 'c' }));
    await Promise.all([remove(), remove(), remove()]);
    // It signs a number for each call, so that equal calls have signatures of their own.
    expect(codes).toEqual(['OK', 'OK', 'OK']);
  });

  it.skipIf(why !== '').each(['legacy', 'standard'])(
    `retries by itself and succeeds: boto3 in its %s mode${why}`,
    async (mode) => {
      const { codes, endpoint } = await throttling(1);
      const script = `
import boto3, botocore.config
client = boto3.client('rekognition', endpoint_url='${endpoint}', config=botocore.config.Config(retries={'mode': '${mode}'}))
client.list_collections()
print(client.list_collections()['ResponseMetadata']['RetryAttempts'])
`;
      const { code, stdout, stderr } = await runClient(python ?? '', ['-c', script]);
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '1\n', stderr: '' });
      expect(codes).toEqual(RATE);
    },
  );

  it.skipIf(why !== '')(`of overload and of equal calls in one second: boto3${why}`, async () => {
    const { codes, endpoint } = await throttling(0);
    const script = `
import boto3, botocore.config
client = boto3.client('rekognition', endpoint_url='${endpoint}', config=botocore.config.Config(retries={'mode': 'standard'}))
client.describe_collection(CollectionId='c')
for _ in range(3): client.delete_collection(CollectionId='c')
`;
    const { code, stderr } = await runClient(python ?? '', ['-c', script]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(codes.slice(0, 1)).toEqual(['ThrottlingException']);
    expect(codes.filter((result) => result === 'OK')).toHaveLength(4);
    // Whatever was refused was refused for being signed in the same second.
    expect(new Set(codes)).toEqual(new Set(['OK', 'ThrottlingException']));
  });
});

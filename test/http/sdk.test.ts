import type { AddressInfo } from 'node:net';
import {
  AssociateFacesCommand,
  CreateUserCommand,
  DescribeCollectionCommand,
  DetectFacesCommand,
  ListTagsForResourceCommand,
  RekognitionClient,
  type RekognitionClientConfig,
  ResourceNotFoundException,
  SearchFacesCommand,
} from '@aws-sdk/client-rekognition';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ApiError } from '../../src/errors.js';
import type { RequestContext } from '../../src/protocol/handlers.js';
import { credentials, handlersWith, KEY, TEMPORARY } from '../protocol/support.js';
import { serverWith } from './support.js';

const FACE = '11111111-2222-3333-4444-555555555555';
const handlers = handlersWith({
  DescribeCollection: async ({ CollectionId }) => {
    if (CollectionId !== 'c')
      throw new ApiError('ResourceNotFoundException', `Collection:${CollectionId} not found!`);
    return { FaceCount: 7, CreationTimestamp: 1_533_422_155_042, UserCount: undefined };
  },
  AssociateFaces: async ({ FaceIds, UserMatchThreshold, ClientRequestToken }) => ({
    AssociatedFaces: FaceIds.map((FaceId) => ({ FaceId })),
    UnsuccessfulFaceAssociations: [
      {
        FaceId: ClientRequestToken,
        Confidence: UserMatchThreshold,
        Reasons: ['LOW_MATCH_CONFIDENCE'],
      },
    ],
    UserStatus: 'UPDATING',
  }),
  DetectFaces: async ({ Image }) => ({
    FaceDetails: [{ AgeRange: { Low: Image.Bytes?.length ?? 0, High: Image.Bytes?.[0] } }],
  }),
  ListTagsForResource: async () => ({ Tags: { name: 'wérté', empty: '' } }),
});

/** A client of a listening server that wants signatures. */
async function clientOf(
  config: RekognitionClientConfig = {},
  path = '',
): Promise<RekognitionClient> {
  const app = serverWith({}, { handlers, authentication: { credentials, regions: [] } });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const client = new RekognitionClient({
    endpoint: `http://127.0.0.1:${port}${path}`,
    region: 'us-east-1',
    credentials: KEY,
    maxAttempts: 1,
    ...config,
  });
  onTestFinished(() => client.destroy());
  return client;
}
const describeCollection = (CollectionId = 'c') => new DescribeCollectionCommand({ CollectionId });

const send = async (config: RekognitionClientConfig) =>
  (await clientOf(config)).send(describeCollection());

describe('the AWS SDK for JavaScript', () => {
  it('reads numbers, times and absent members', async () => {
    const client = await clientOf();
    const { $metadata, ...output } = await client.send(describeCollection());
    expect(output).toEqual({
      FaceCount: 7,
      CreationTimestamp: new Date(1_533_422_155_042),
      FaceModelVersion: undefined,
      UserCount: undefined,
      CollectionARN: undefined,
    });
    expect($metadata.requestId).toBeTruthy();
  });

  it('sends lists, floats and its own idempotency token', async () => {
    const client = await clientOf();
    const output = await client.send(
      new AssociateFacesCommand({
        CollectionId: 'c',
        UserId: 'u',
        FaceIds: [FACE],
        UserMatchThreshold: 99.99,
      }),
    );
    expect(output.AssociatedFaces).toEqual([{ FaceId: FACE }]);
    expect(output.UserStatus).toBe('UPDATING');
    expect(output.UnsuccessfulFaceAssociations).toEqual([
      {
        FaceId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        Confidence: Math.fround(99.99),
        Reasons: ['LOW_MATCH_CONFIDENCE'],
      },
    ]);
  });

  it('sends photos of up to 5 MB and hears about larger ones', async () => {
    const client = await clientOf();
    const { FaceDetails } = await client.send(
      new DetectFacesCommand({ Image: { Bytes: new Uint8Array(5_242_880).fill(7) } }),
    );
    expect(FaceDetails).toEqual([{ AgeRange: { Low: 5_242_880, High: 7 } }]);
    await expect(
      client.send(new DetectFacesCommand({ Image: { Bytes: new Uint8Array(6_000_000) } })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('takes the empty reply of an operation without output, and text of any script', async () => {
    const client = await clientOf();
    const { $metadata, ...output } = await client.send(
      new CreateUserCommand({ CollectionId: 'c', UserId: 'u' }),
    );
    expect([$metadata.httpStatusCode, output]).toEqual([200, {}]);
    const tags = await client.send(
      new ListTagsForResourceCommand({ ResourceArn: 'arn:aws:rekognition:x' }),
    );
    expect(tags.Tags).toEqual({ name: 'wérté', empty: '' });
  });

  it('throws the modelled class of an error, with its message', async () => {
    const client = await clientOf();
    const call = client.send(describeCollection('missing'));
    await expect(call).rejects.toBeInstanceOf(ResourceNotFoundException);
    await expect(call).rejects.toThrow('Collection:missing not found!');
  });

  it('checks nothing itself: a call without its required members gets a ValidationException', async () => {
    const client = await clientOf();
    const call = client.send(
      new SearchFacesCommand({ CollectionId: undefined, FaceId: undefined }),
    );
    await expect(call).rejects.toThrow(
      "2 validation errors detected: Value null at 'collectionId' failed to satisfy constraint: Member must not be null; Value null at 'faceId' failed to satisfy constraint: Member must not be null",
    );
  });

  it.each(['', '/rek/v1/', '/a%20b/c(1)', '//x/./y'])(
    'is understood at the path %j',
    async (path) => {
      const client = await clientOf({}, path);
      expect((await client.send(describeCollection())).FaceCount).toBe(7);
    },
  );

  it('signs with temporary keys', async () => {
    const client = await clientOf({ credentials: TEMPORARY });
    expect((await client.send(describeCollection())).FaceCount).toBe(7);
  });

  it('is told what is wrong with its key', async () => {
    const wrong = { ...KEY, secretAccessKey: 'wrong' };
    await expect(send({ credentials: wrong })).rejects.toMatchObject({
      name: 'InvalidSignatureException',
    });
    const stranger = { ...KEY, accessKeyId: 'STRANGER' };
    await expect(send({ credentials: stranger })).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
    const forged = { ...TEMPORARY, sessionToken: 'forged' };
    await expect(send({ credentials: forged })).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
    await expect(send({ systemClockOffset: -3_600_000 })).rejects.toMatchObject({
      name: 'InvalidSignatureException',
      message: expect.stringContaining('Signature expired: ') as string,
    });
  });

  it('corrects a wrong clock by our Date header when it retries', async () => {
    const client = await clientOf({ systemClockOffset: -3_600_000, maxAttempts: 3 });
    expect((await client.send(describeCollection())).FaceCount).toBe(7);
  });

  it('names its caller to the handler', async () => {
    let context: RequestContext | undefined;
    const spy = handlersWith({
      DescribeCollection: async (_input, given) => {
        context = given;
        return {};
      },
    });
    const app = serverWith({}, { handlers: spy, authentication: { credentials, regions: [] } });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const client = new RekognitionClient({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'xx-foo-9',
      credentials: KEY,
    });
    onTestFinished(() => client.destroy());
    await client.send(describeCollection());
    expect(context?.principal).toMatchObject({
      accessKeyId: KEY.accessKeyId,
      arn: 'arn:aws:iam::000000000000:user/AKIDEXAMPLE',
    });
  });
});

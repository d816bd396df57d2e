import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ApiError } from '../../src/errors.js';
import type { ObjectAddress } from '../../src/objects/objects.js';
import { createS3Objects, type S3Settings } from '../../src/objects/s3.js';
import { S3_CREDENTIALS, SKIPPED, startSwift, swiftIsInstalled } from './swift.js';

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

const UNREADABLE = {
  code: 'InvalidS3ObjectException',
  message:
    'Unable to get object metadata from S3. Check object key, region and/or access permissions.',
};
const MEGABYTE = 1024 * 1024;
const never = new AbortController().signal;

interface Note {
  message: string;
  details: object;
}

/** Reads one object with fresh settings; the bytes, and what the operator was told. */
async function read(
  address: ObjectAddress,
  settings: Partial<S3Settings> & { endpoint: string },
  signal: AbortSignal = never,
): Promise<{ bytes?: Uint8Array; error?: ApiError; notes: Note[] }> {
  const notes: Note[] = [];
  const objects = createS3Objects({
    region: 'us-east-1',
    credentials: S3_CREDENTIALS,
    pathStyle: true,
    buckets: [],
    timeoutMs: 10_000,
    log: (message, details) => notes.push({ message, details }),
    ...settings,
  });
  try {
    return { bytes: await objects.withObject(address, signal, async (bytes) => bytes), notes };
  } catch (error) {
    return { error: error as ApiError, notes };
  } finally {
    objects.close();
  }
}

describe.skipIf(!swiftIsInstalled)(`objects in OpenStack Swift${SKIPPED}`, () => {
  let swift: Awaited<ReturnType<typeof startSwift>>;
  const versions: string[] = [];
  const put = async (Key: string, Body: Uint8Array): Promise<string | undefined> =>
    (await swift.admin.send(new PutObjectCommand({ Bucket: 'photos', Key, Body }))).VersionId;
  const get = (name: string, settings: Partial<S3Settings> = {}, version?: string) =>
    read(
      { bucket: 'photos', name, ...(version !== undefined && { version }) },
      { endpoint: swift.endpoint, ...settings },
    );

  beforeAll(async () => {
    swift = await startSwift();
    await swift.admin.send(new CreateBucketCommand({ Bucket: 'photos' }));
    await put('people/Ana María (1).jpg', Buffer.from('a photo'));
    await put('just-fits', Buffer.alloc(15 * MEGABYTE, 7));
    await put('too-large', Buffer.alloc(15 * MEGABYTE + 1, 7));
    await swift.admin.send(
      new PutBucketVersioningCommand({
        Bucket: 'photos',
        VersioningConfiguration: { Status: 'Enabled' },
      }),
    );
    for (const text of ['first', 'second'])
      versions.push((await put('changing', Buffer.from(text))) ?? '');
  });
  afterAll(() => swift?.close());

  it('are read whole, whatever their name', async () => {
    const { bytes, notes } = await get('people/Ana María (1).jpg');
    expect(Buffer.from(bytes ?? []).toString()).toBe('a photo');
    expect(notes).toEqual([]);
  });

  it('are read in the version asked for, the newest without', async () => {
    const textOf = async (version?: string) =>
      Buffer.from((await get('changing', {}, version)).bytes ?? []).toString();
    expect(await textOf()).toBe('second');
    expect(await textOf(versions[0])).toBe('first');
    expect(await textOf(versions[1])).toBe('second');
  });

  it('may have 15 MB and not a byte more', async () => {
    const { bytes } = await get('just-fits');
    expect(bytes).toHaveLength(15 * MEGABYTE);
    const { error, notes } = await get('too-large');
    expect(error).toMatchObject({ code: 'ImageTooLargeException' });
    expect(notes).toEqual([]);
  });

  it.each([
    ['object', { bucket: 'photos', name: 'nobody.jpg' }],
    ['bucket', { bucket: 'no-such-bucket', name: 'people' }],
  ])('that are missing, %s, are the caller’s fault alone', async (_, address) => {
    const { error, notes } = await read(address, { endpoint: swift.endpoint });
    expect(error).toMatchObject(UNREADABLE);
    expect(notes).toEqual([]);
  });

  it('cannot be read with a wrong secret, and the operator learns why', async () => {
    const { error, notes } = await get('changing', {
      credentials: { ...S3_CREDENTIALS, secretAccessKey: 'another' },
    });
    expect(error).toMatchObject(UNREADABLE);
    expect(JSON.stringify(notes)).toContain('SignatureDoesNotMatch');
    expect(JSON.stringify(notes)).not.toContain('another');
  });

  it('cannot be read unsigned where the bucket is not public', async () => {
    const objects = createS3Objects({
      endpoint: swift.endpoint,
      region: 'us-east-1',
      pathStyle: true,
      buckets: [],
      timeoutMs: 10_000,
      log: () => {},
    });
    onTestFinished(() => objects.close());
    const reading = objects.withObject(
      { bucket: 'photos', name: 'changing' },
      never,
      async (bytes) => bytes,
    );
    await expect(reading).rejects.toMatchObject(UNREADABLE);
  });

  it('can be held to some buckets', async () => {
    expect((await get('changing', { buckets: ['others', 'photos'] })).bytes).toBeDefined();
    expect((await get('changing', { buckets: ['others'] })).error).toMatchObject(UNREADABLE);
  });

  it('are read for many at once', async () => {
    const objects = createS3Objects({
      endpoint: swift.endpoint,
      region: 'us-east-1',
      credentials: S3_CREDENTIALS,
      pathStyle: true,
      buckets: [],
      timeoutMs: 30_000,
      log: () => {},
    });
    onTestFinished(() => objects.close());
    const lengths = await Promise.all(
      Array.from({ length: 25 }, () =>
        objects.withObject(
          { bucket: 'photos', name: 'changing' },
          new AbortController().signal,
          async ({ length }) => length,
        ),
      ),
    );
    expect(lengths).toEqual(Array.from({ length: 25 }, () => 6));
  });
});

/** A store that misbehaves: what it gets to see is recorded. */
async function startStore(
  answer: RequestListener,
): Promise<{ endpoint: string; urls: string[]; server: Server }> {
  const urls: string[] = [];
  const server = createServer((request, response) => {
    urls.push(request.url ?? '');
    answer(request, response);
  });
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, urls, server };
}

const ADDRESS = { bucket: 'photos', name: 'ana.jpg' };
const NO_ANSWER = { code: 'InternalServerError' };

describe('names below a prefix', () => {
  const page = (keys: string[], next = '') =>
    `<ListBucketResult><IsTruncated>${next !== ''}</IsTruncated><NextContinuationToken>${next}</NextContinuationToken>${keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('')}</ListBucketResult>`;

  const listed = async (settings: Partial<S3Settings> & { endpoint: string }) => {
    const objects = createS3Objects({
      region: 'us-east-1',
      credentials: S3_CREDENTIALS,
      pathStyle: true,
      buckets: [],
      timeoutMs: 10_000,
      log: () => {},
      ...settings,
    });
    onTestFinished(() => objects.close());
    const pages: string[][] = [];
    for await (const names of objects.names('photos', 'people/', never)) pages.push(names);
    return pages;
  };

  it('come page by page', async () => {
    const { endpoint, urls } = await startStore(({ url = '' }, response) =>
      response.end(
        url.includes('continuation-token=second')
          ? page(['people/c.jpg'])
          : page(['people/a.jpg', 'people/b.jpg'], 'second'),
      ),
    );
    expect(await listed({ endpoint })).toEqual([
      ['people/a.jpg', 'people/b.jpg'],
      ['people/c.jpg'],
    ]);
    for (const url of urls) expect(url).toContain('prefix=people%2F');
  });

  it('are not those of a bucket that is not allowed, nor of a store that refuses', async () => {
    const { endpoint, urls } = await startStore((_, response) => response.writeHead(403).end());
    await expect(listed({ endpoint, buckets: ['others'] })).rejects.toMatchObject(UNREADABLE);
    expect(urls).toEqual([]);
    await expect(listed({ endpoint })).rejects.toMatchObject(UNREADABLE);
    expect(urls).toHaveLength(1);
  });
});

describe('a store that misbehaves', () => {
  it('never answers: the wait ends at the time limit', async () => {
    const { endpoint } = await startStore(() => {});
    const { error, notes } = await read(ADDRESS, { endpoint, timeoutMs: 300 });
    expect(error).toMatchObject(NO_ANSWER);
    expect(notes).toHaveLength(1);
  });

  it('stops in the middle of an object: the same', async () => {
    const { endpoint } = await startStore((_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('half');
    });
    const { error, notes } = await read(ADDRESS, { endpoint, timeoutMs: 300 });
    expect(error).toMatchObject(NO_ANSWER);
    expect(notes).toHaveLength(1);
  });

  it('cuts the connection in the middle of an object: half a photo is no photo', async () => {
    const { endpoint } = await startStore((_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('half', () => response.destroy());
    });
    expect((await read(ADDRESS, { endpoint })).error).toMatchObject(NO_ANSWER);
  });

  it('sends more than 15 MB without saying so: the connection is cut', async () => {
    let sent = 0;
    const { endpoint } = await startStore((_, response) => {
      const more = (): void => {
        if (response.destroyed) return;
        sent += MEGABYTE;
        response.write(Buffer.alloc(MEGABYTE), more);
      };
      more();
    });
    const { error } = await read(ADDRESS, { endpoint });
    expect(error).toMatchObject({ code: 'ImageTooLargeException' });
    expect(sent).toBeLessThan(64 * MEGABYTE);
  });

  it('sends us elsewhere: nobody else is asked', async () => {
    const other = await startStore((_, response) => response.end('secret'));
    const { endpoint, urls } = await startStore((_, response) => {
      response.writeHead(307, { location: `${other.endpoint}/photos/ana.jpg` }).end();
    });
    const { error } = await read(ADDRESS, { endpoint });
    expect(error).toMatchObject(UNREADABLE);
    expect(urls.length).toBeGreaterThan(0);
    expect(other.urls).toEqual([]);
  });

  it('asks to slow down: the caller is told to come back', async () => {
    const { endpoint } = await startStore((_, response) => {
      response
        .writeHead(503, { 'content-type': 'application/xml' })
        .end('<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>');
    });
    expect((await read(ADDRESS, { endpoint })).error).toMatchObject({
      code: 'ProvisionedThroughputExceededException',
      message: 'S3 download limit exceeded',
    });
  });

  it('fails once: the request is sent again', async () => {
    let requests = 0;
    const { endpoint } = await startStore((_, response) => {
      requests++;
      if (requests === 1) response.writeHead(500).end();
      else response.end('a photo');
    });
    const { bytes } = await read(ADDRESS, { endpoint });
    expect(Buffer.from(bytes ?? []).toString()).toBe('a photo');
  });

  it('is not there', async () => {
    const { endpoint, server } = await startStore(() => {});
    await new Promise((closed) => {
      server.close(closed);
    });
    const { error, notes } = await read(ADDRESS, { endpoint });
    expect(error).toMatchObject(NO_ANSWER);
    expect(JSON.stringify(notes)).toContain('ECONNREFUSED');
  });

  it('is left alone when the caller goes away', async () => {
    const caller = new AbortController();
    const { endpoint } = await startStore(() => caller.abort(new Error('gone')));
    const { error, notes } = await read(ADDRESS, { endpoint }, caller.signal);
    expect(error).toMatchObject({ message: 'gone' });
    expect(notes).toEqual([]);
  });

  it.each(['../secrets/ana.jpg', 'a/../../secrets/ana.jpg', '..', './ana.jpg', 'a/.'])(
    'gets no request for the key %s, which could name another bucket',
    async (name) => {
      const { endpoint, urls } = await startStore((_, response) => response.end('secret'));
      expect((await read({ bucket: 'photos', name }, { endpoint })).error).toMatchObject(
        UNREADABLE,
      );
      expect(urls).toEqual([]);
    },
  );

  it.each([['169.254.169.254'], ['photos--usw2-az1--x-s3'], ['example.com'], ['localhost']])(
    'is the only host asked for the bucket %s',
    async (bucket) => {
      const { endpoint, urls } = await startStore((_, response) => response.end('a photo'));
      const { bytes } = await read({ bucket, name: 'ana.jpg' }, { endpoint });
      expect(Buffer.from(bytes ?? []).toString()).toBe('a photo');
      expect(urls.map((url) => url.replace(/\/+/g, '/'))).toEqual([
        `/${bucket}/ana.jpg?x-id=GetObject`,
      ]);
    },
  );

  it('is asked without a signature where there is no key', async () => {
    let authorization: string | undefined = 'none was seen';
    const { endpoint } = await startStore((request, response) => {
      ({ authorization } = request.headers);
      response.end('a photo');
    });
    const objects = createS3Objects({
      endpoint,
      region: 'us-east-1',
      pathStyle: true,
      buckets: [],
      timeoutMs: 5000,
      log: () => {},
    });
    onTestFinished(() => objects.close());
    await objects.withObject(ADDRESS, never, async () => {});
    expect(authorization).toBeUndefined();
  });
});

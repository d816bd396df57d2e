import { describe, expect, it } from 'vitest';
import { isLoopback, readConfig } from '../src/config.js';

describe('readConfig', () => {
  it('has a default for everything', () => {
    expect(readConfig({})).toMatchObject({
      host: '127.0.0.1',
      region: 'us-east-1',
      accessKeyId: '',
    });
  });

  it('names every fault at once, and never shows a secret', () => {
    const read = () =>
      readConfig({
        LIKENESS_PORT: 'eighty',
        LIKENESS_LOG_LEVEL: 'loud',
        LIKENESS_ACCOUNT_ID: '12',
        AWS_SECRET_ACCESS_KEY: 'hush-hush',
      });
    expect(read).toThrow(
      /LIKENESS_PORT: expected a whole number from 0 to 65535, got "eighty".*LIKENESS_LOG_LEVEL: expected one of .*AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: set both or neither/,
    );
    expect(read).toThrow(/LIKENESS_ACCOUNT_ID: expected 12 digits/);
    expect(read).not.toThrow(/hush/);
  });

  it('keeps crops of faces only under a master key, which then needs no keys file', () => {
    expect(() => readConfig({ LIKENESS_FACE_CROPS: 'on' })).toThrow(
      'LIKENESS_FACE_CROPS=on needs LIKENESS_MASTER_KEY_FILE',
    );
    const LIKENESS_MASTER_KEY_FILE = '/run/master.key';
    expect(readConfig({ LIKENESS_FACE_CROPS: 'on', LIKENESS_MASTER_KEY_FILE }).faceCrops).toBe(
      'on',
    );
    expect(() => readConfig({ LIKENESS_MASTER_KEY_FILE })).toThrow('set both or neither');
    expect(() =>
      readConfig({
        LIKENESS_FACE_CROPS: 'on',
        LIKENESS_KEYS_FILE: '/run/keys.json',
      }),
    ).toThrow('needs LIKENESS_MASTER_KEY_FILE');
  });

  it('takes the first name that is set', () => {
    expect(readConfig({ AWS_REGION: 'eu-west-1' }).region).toBe('eu-west-1');
    expect(readConfig({ AWS_REGION: 'eu-west-1', LIKENESS_REGION: 'xx-1' }).region).toBe('xx-1');
  });
});

describe('isLoopback', () => {
  it.each(['127.0.0.1', 'localhost', '::1', '127.8.0.3'])('knows %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });
  it.each(['0.0.0.0', '::', '10.0.0.1', 'example.com', '1127.0.0.1'])(
    'does not take %s',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});

describe('the address of the object store', () => {
  it('is a server, perhaps with a path', () => {
    const at = (url: string) => readConfig({ LIKENESS_S3_ENDPOINT: url }).s3Endpoint;
    expect(at('http://127.0.0.1:9000')).toBe('http://127.0.0.1:9000/');
    expect(at('https://storage.example.com/s3/')).toBe('https://storage.example.com/s3/');
  });

  it.each([
    '127.0.0.1:9000',
    'ftp://example.com',
    'http://user:secret@example.com',
    'https://example.com/?x=1',
    'file:///etc/passwd',
  ])('is not %s', (url) => {
    expect(() => readConfig({ LIKENESS_S3_ENDPOINT: url })).toThrow(/LIKENESS_S3_ENDPOINT: /);
  });

  it('comes with both halves of a key or with none', () => {
    expect(() => readConfig({ LIKENESS_S3_ACCESS_KEY_ID: 'key' })).toThrow(
      /LIKENESS_S3_SECRET_ACCESS_KEY: set both or neither/,
    );
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfigFile } from '../../src/cli/client/config-file.js';
import { proxyFor } from '../../src/cli/client/proxy.js';
import { shellWords } from '../../src/cli/python/shell-words.js';

describe('a configuration file of AWS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-config-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const read = (text: string | Uint8Array) => {
    const path = join(folder, 'config');
    writeFileSync(path, text);
    return Object.fromEntries(readConfigFile(path));
  };

  it('has sections, defaults for all of them, continued and nested values', () => {
    expect(
      read(
        '[DEFAULT]\noutput: text\n[default]\n# c\nRegion = eu-west-1\n\n[x]\na = 1\n  2\ns3 =\n  k = v = w\n',
      ),
    ).toEqual({
      default: { output: 'text', region: 'eu-west-1' },
      x: { output: 'text', a: '1\n2', s3: { k: 'v = w' } },
    });
    expect(readConfigFile(join(folder, 'none')).size).toBe(0);
  });

  it.each([
    'a = 1\n',
    '[x]\na\n',
    '[x]\n[x]\n',
    '[x]\na = 1\nA = 2\n',
    '[x]\n= 1\n',
    '[x]\ns3 =\n  nothing\n',
    Uint8Array.of(0x5b, 0xff, 0x5d),
  ])('is refused where Python refuses it: %j', (text) => {
    expect(() => read(text)).toThrow(`Unable to parse config file: ${join(folder, 'config')}`);
  });

  it('names profiles as a shell would', () => {
    expect(shellWords(`profile "a b" 'c "d' e\\ f`)).toEqual(['profile', 'a b', 'c "d', 'e f']);
    expect(shellWords('profile "a')).toBeUndefined();
  });
});

describe('a proxy', () => {
  const url = new URL('http://api.example.com:8080/');
  it.each([
    [{ HTTP_PROXY: 'http://p:1' }, 'http://p:1/'],
    [{ HTTP_PROXY: 'p:1' }, 'http://p:1/'],
    [{ HTTP_PROXY: 'http://p:1', http_proxy: '' }, undefined],
    [{ HTTPS_PROXY: 'http://p:1' }, undefined],
    [{ HTTP_PROXY: 'http://p:1', NO_PROXY: '*' }, undefined],
    [{ HTTP_PROXY: 'http://p:1', NO_PROXY: 'other, .example.com' }, undefined],
    [{ HTTP_PROXY: 'http://p:1', NO_PROXY: 'api.example.com:8080' }, undefined],
    [{ HTTP_PROXY: 'http://p:1', NO_PROXY: 'ple.com' }, 'http://p:1/'],
  ])('of %j is %s', (env, expected) => {
    expect(proxyFor(url, env)?.href).toBe(expected);
  });
});

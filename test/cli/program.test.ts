import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATION_VERBS } from '../../src/cli/arguments/options.js';
import { OPERATOR_COMMANDS } from '../../src/cli/commands.js';
import { helpOn } from '../../src/cli/help.js';
import { type ScriptedServer, startScriptedServer } from './recorded/scripted-server.js';

const program = resolve(import.meta.dirname, '../../dist/cli.js');
const home = mkdtempSync(join(tmpdir(), 'likeness-program-'));

/** Runs the program with nothing configured but `env`. */
const run = (
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, [program, ...args], {
    cwd: home,
    env: { HOME: home, AWS_EC2_METADATA_DISABLED: 'true', ...env },
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );

describe('likeness', () => {
  it('prints its version wherever it is asked for it', async () => {
    const expected = { code: 0, stdout: expect.stringMatching(/^likeness\/\d+\.\d+\.\d+ Node\//) };
    expect(await run(['--version'])).toMatchObject(expected);
    expect(await run(['list-faces', '--version'])).toMatchObject(expected);
  });

  it('names every command in its help, and explains each with an example', async () => {
    const { code, stdout } = await run([]);
    expect(code).toBe(0);
    for (const name of [...OPERATION_VERBS.keys(), ...Object.keys(OPERATOR_COMMANDS)]) {
      expect(stdout).toContain(`  ${name} `);
      expect(await helpOn(name)).toMatch(/Usage: likeness [\s\S]*Example: /);
    }
    expect((await run(['associate-faces', '--help'])).stdout).toContain('--user-match-threshold');
    expect((await run(['import', '--help'])).stdout).toContain('--parallel');
  });

  it('suggests what was meant', async () => {
    expect(await run(['list-face'])).toMatchObject({
      code: 252,
      stderr: expect.stringContaining('Maybe you meant:\n\n  * list-faces'),
    });
  });
});

describe('a client command', () => {
  it('loads no model, native addon or server code', () => {
    const source = resolve(import.meta.dirname, '../../src/cli');
    const packages = new Set<string>();
    for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
      const own = !/^(?:commands|demo|backup|import|models)\//.test(file) && file.endsWith('.ts');
      if (!own) continue;
      const text = readFileSync(join(source, file), 'utf8');
      for (const [, name] of text.matchAll(/(?:from |import\()'([^'./][^']*)'/g))
        if (name !== undefined && !name.startsWith('node:')) packages.add(name);
    }
    expect([...packages].toSorted()).toEqual([
      '@aws-sdk/credential-provider-node',
      '@smithy/signature-v4',
      'get-east-asian-width',
      'yaml',
    ]);
  });
});

describe('a service on this machine', () => {
  let server: ScriptedServer;
  let port: string;

  beforeAll(async () => {
    server = await startScriptedServer(false);
    port = new URL(server.url).port;
  });
  afterAll(() => server.close());

  it('needs no endpoint, region or keys', async () => {
    server.play([{ json: { CollectionIds: ['people'], FaceModelVersions: ['1.0'] } }]);
    const list = ['list-collections', '--query', 'CollectionIds', '--output', 'text'];
    expect(await run(list, { LIKENESS_PORT: port })).toMatchObject({ code: 0, stdout: 'people\n' });
    expect(server.requests).toMatchObject([
      { target: 'RekognitionService.ListCollections', signed: false },
    ]);
  });

  it('gives way to AWS settings where they are there', async () => {
    server.play([{ json: { CollectionIds: [], FaceModelVersions: [] } }]);
    const env = {
      AWS_ENDPOINT_URL: server.url,
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE1234567',
      AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    };
    expect(await run(['list-collections'], { LIKENESS_PORT: '1', ...env })).toMatchObject({
      code: 0,
    });
    expect(server.requests).toMatchObject([{ signed: true }]);
  });

  it('is assumed no more in strict mode', async () => {
    const env = { LIKENESS_PORT: port, AWS_REGION: 'us-east-1' };
    for (const [args, extra] of [
      [['list-collections', '--strict-aws'], {}],
      [['list-collections'], { LIKENESS_STRICT_AWS: '1' }],
    ] as const)
      expect(
        await run([...args, '--endpoint-url', server.url], { ...env, ...extra }),
      ).toMatchObject({
        code: 253,
        stderr: expect.stringContaining('Unable to locate credentials'),
      });
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIENT_ENVIRONMENT, findProgram, missing } from '../clients/programs.js';
import { type ScriptedServer, startScriptedServer } from './recorded/scripted-server.js';

/** What a process meets besides its arguments: signals, pipes that close, full disks, a log. Beside the AWS CLI. */
const ours = [process.execPath, resolve(import.meta.dirname, '../../dist/cli.js')];
const aws = findProgram(['/usr/bin/aws', 'aws'], ['--version']);
const why = missing(aws, 'the aws CLI');
const theirs = [aws ?? '', 'rekognition'];

let server: ScriptedServer;
beforeAll(async () => {
  server = await startScriptedServer(false);
});
afterAll(() => server.close());

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

interface Circumstances {
  /** Sent once the request has come. */
  signal?: NodeJS.Signals;
  /** What standard output is; a pipe that is read to its end unless told otherwise. */
  stdout?: 'closed after a byte' | number;
  stdin?: 'closed';
  env?: Readonly<Record<string, string>>;
}

async function run(
  [program = '', ...first]: readonly string[],
  args: readonly string[],
  { signal, stdout, stdin, env }: Circumstances = {},
): Promise<Ended> {
  const words = [...first, ...args, '--endpoint-url', server.url];
  const asked = server.requests.length;
  const [command, given] =
    stdin === 'closed'
      ? ['/bin/sh', ['-c', 'exec "$@" <&-', 'sh', program, ...words]]
      : [program, words];
  const child = spawn(command, given, {
    env: { ...CLIENT_ENVIRONMENT, AWS_MAX_ATTEMPTS: '1', LIKENESS_STRICT_AWS: '1', ...env },
    stdio: ['ignore', typeof stdout === 'number' ? stdout : 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  child.stderr?.on('data', (text) => (texts.stderr += text));
  if (stdout === 'closed after a byte')
    child.stdout?.once('readable', () => child.stdout?.destroy());
  else child.stdout?.on('data', (text) => (texts.stdout += text));
  if (signal !== undefined) {
    while (server.requests.length === asked) await wait(20);
    child.kill(signal);
  }
  const [code, killed] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal: killed, ...texts };
}

/** A message without what the two programs write around it. */
const bare = ({ stderr, ...rest }: Ended): Ended => ({
  ...rest,
  stderr: stderr.replace('likeness: [ERROR]: ', ''),
});

/** Both programs in the same circumstances; what the AWS CLI does is what is expected of ours. */
async function both(args: readonly string[], circumstances: Circumstances = {}): Promise<Ended> {
  const [expected, actual] = [
    await run(theirs, args, circumstances),
    await run(ours, args, circumstances),
  ];
  expect(bare(actual)).toEqual(bare(expected));
  return actual;
}

const LIST = ['list-faces', '--collection-id', 'people'];

/** More than any pipe holds. */
const faces = Array.from({ length: 20_000 }, (_, i) => ({ FaceId: `face-${i}`, Confidence: 99.5 }));
const answer = { json: { Faces: faces, FaceModelVersion: '1.0' } };
const small = { json: { Faces: faces.slice(0, 2), FaceModelVersion: '1.0' } };

describe.skipIf(why !== '')(`likeness as a process, beside the AWS CLI${why}`, () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('ends by %s as it does', async (signal) => {
    server.play([{ ...small, delayMs: 60_000 }]);
    const { code, stdout } = await both(LIST, { signal });
    expect([code, stdout]).toEqual(signal === 'SIGINT' ? [130, '\n'] : [null, '']);
  });

  it.each(['json', 'text'])(
    'ends as it does when the reader of its %s leaves early',
    async (output) => {
      server.play([answer]);
      const { code } = await both([...LIST, '--output', output], { stdout: 'closed after a byte' });
      expect(code).toBe(output === 'text' ? 255 : 0);
    },
  );

  it('needs no standard input', async () => {
    server.play([small]);
    expect((await both(LIST, { stdin: 'closed' })).code).toBe(0);
  });

  it('logs with --debug in lines like its lines, without secrets', async () => {
    server.play([small]);
    const env = { AWS_SESSION_TOKEN: 'ToPsEcReT' };
    const args = [...LIST, '--debug'];
    const [expected, actual] = [await run(theirs, args, { env }), await run(ours, args, { env })];
    expect(actual.code).toBe(0);
    expect(actual.stdout).toBe(expected.stdout);
    const known = new Set(kindsOf(expected.stderr));
    const kinds = kindsOf(actual.stderr);
    expect(kinds.length).toBeGreaterThan(10);
    expect(kinds.filter((kind) => !known.has(kind))).toEqual([]);
    expect(expected.stderr).toContain(env.AWS_SESSION_TOKEN);
    expect(actual.stderr).toContain('AWS4-HMAC-SHA256 Credential=');
    for (const secret of [env.AWS_SESSION_TOKEN, CLIENT_ENVIRONMENT.AWS_SECRET_ACCESS_KEY])
      expect(actual.stderr).not.toContain(secret);
    expect(actual.stderr).not.toMatch(/Signature=[0-9a-f]/);
  });
});

/** Logger, level and first words of each line of a log. */
const kindsOf = (log: string): string[] =>
  [
    ...log.matchAll(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - MainThread - (\S+ - \w+ - \S+ \S+)/gm),
  ].map(([, kind]) => kind ?? '');

describe('likeness with a full disk for its output', () => {
  const full = '/dev/full';
  /** The AWS CLI is silent about it in all formats but text: whatever it was to write is lost. */
  it.skipIf(!existsSync(full)).each(['json', 'text', 'yaml-stream', ''])(
    'says so: %s',
    async (output) => {
      server.play([small]);
      const stdout = openSync(full, 'w');
      const args = output === '' ? ['--version'] : [...LIST, '--output', output];
      const ended = await run(ours, args, { stdout });
      closeSync(stdout);
      expect(ended).toMatchObject({
        code: 255,
        stderr: '\nlikeness: [ERROR]: [Errno 28] No space left on device\n',
      });
    },
  );

  it.skipIf(!existsSync(full))('says so of a command of the operator', async () => {
    const stdout = openSync(full, 'w');
    const child = spawn(ours[0] ?? '', [ours[1] ?? '', 'completion', 'bash'], {
      stdio: ['ignore', stdout, 'pipe'],
    });
    let stderr = '';
    child.stderr?.on('data', (text) => (stderr += text));
    expect(await once(child, 'close')).toEqual([1, null]);
    closeSync(stdout);
    expect(stderr).toBe('likeness: cannot write the output: [Errno 28] No space left on device\n');
  });
});

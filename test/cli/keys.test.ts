import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseKeysFile } from '../../src/keys/keys-file.js';
import { loadKeys } from '../../src/keys/load-keys.js';
import { keyFolder, READ_ONLY, write } from '../keys/support.js';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');

/** Runs `likeness keys …` over the keys file of a folder. */
const run = (
  files: { keysFile: string; masterKeyFile: string },
  args: readonly string[],
  input = '',
): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((done) => {
    const env = {
      PATH: process.env['PATH'],
      LIKENESS_KEYS_FILE: files.keysFile,
      LIKENESS_MASTER_KEY_FILE: files.masterKeyFile,
    };
    const child = execFile(
      process.execPath,
      [CLI, 'keys', ...args],
      { env },
      (error, stdout, stderr) => done({ code: error === null ? 0 : 1, stdout, stderr }),
    );
    child.stdin?.end(input);
  });

const valueOf = (name: string, { stdout }: { stdout: string }): string =>
  new RegExp(`^${name}=(.+)$`, 'm').exec(stdout)?.[1] ?? '';

describe('likeness keys', () => {
  it('makes a key, shows its secret once, lists, rotates and revokes it', async () => {
    const files = keyFolder();
    const policy = join(files.folder, 'policy.json');
    write(policy, JSON.stringify(READ_ONLY));
    expect((await run(files, ['list'])).stderr).toContain('`likeness keys create` makes it');
    const made = await run(files, ['create', 'ada', '--policy', policy]);
    const [id, secret] = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'].map((n) =>
      valueOf(n, made),
    );
    expect(made.stderr).toMatch(/The secret is shown this once/);
    expect(loadKeys(files, '0')).toMatchObject([{ accessKeyId: id, secretAccessKey: secret }]);

    const rotated = await run(files, ['rotate', id!, '--grace', '2h']);
    const newId = valueOf('AWS_ACCESS_KEY_ID', rotated);
    const list = await run(files, ['list']);
    expect(list.stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['accessKeyId', 'principal', 'createdAt', 'expiresAt', 'status'],
      [id, 'ada', expect.any(String), expect.stringMatching(/Z$/), 'active'],
      [newId, 'ada', expect.any(String), 'active'],
      [''],
    ]);
    expect(list.stdout).not.toContain(secret);

    expect((await run(files, ['revoke', id!])).stdout).toBe(`revoked ${id}\n`);
    expect((await run(files, ['revoke', '--principal', 'ada'])).stdout).toBe(`revoked ${newId}\n`);
    expect((await run(files, ['list'])).stdout).toBe('There are no keys.\n');
  });

  it('takes a key pair that clients have, its secret from standard input alone', async () => {
    const files = keyFolder();
    const secret = 'a-secret-that-clients-have';
    const args = ['create', 'ada', '--administrator', '--access-key-id', 'AKIAOLD'];
    const made = await run(files, [...args, '--secret-stdin'], `${secret}\n`);
    expect(made).toEqual({ code: 0, stdout: 'AKIAOLD is a key for ada now\n', stderr: '' });
    expect(loadKeys(files, '0')).toMatchObject([
      { accessKeyId: 'AKIAOLD', secretAccessKey: secret },
    ]);
  });

  it('loses no key of those made at the same time', async () => {
    const files = keyFolder();
    await run(files, ['create', 'ada', '--administrator']);
    const made = await Promise.all(
      Array.from({ length: 6 }, () => run(files, ['create', 'ada', '--temporary', '1h'])),
    );
    const kept = parseKeysFile(readFileSync(files.keysFile, 'utf8'), 'f').keys;
    expect(
      kept
        .slice(1)
        .map(({ accessKeyId }) => accessKeyId)
        .toSorted(),
    ).toEqual(made.map((result) => valueOf('AWS_ACCESS_KEY_ID', result)).toSorted());
  });

  it.each<[string, string[], RegExp]>([
    ['no verb', [], /Usage:\n {2}likeness keys create/],
    ['an unknown verb', ['forge', 'ada'], /Usage:/],
    ['an inherited verb', ['constructor', 'ada'], /Usage:/],
    ['no name', ['create'], /Usage:/],
    ['two names', ['revoke', 'a', 'b'], /Usage:/],
    ['an unknown option', ['list', '--all'], /'--all'.*Usage:/s],
    ['a secret as an argument', ['create', 'a', '--secret', 'x'], /Unknown option '--secret'/],
    ['a new principal without a policy', ['create', 'ada'], /ada is new: say what it may do/],
    ['a policy and everything', ['create', 'a', '--administrator', '--policy', 'x'], /exclude/],
    [
      'a policy that is not there',
      ['create', 'a', '--policy', '/nowhere'],
      /--policy: cannot read/,
    ],
    ['a duration that is none', ['rotate', 'a', '--grace', 'soon'], /"soon" is no duration/],
    ['an id without its secret', ['create', 'a', '--access-key-id', 'x'], /go together/],
    [
      'a list where there is no file',
      ['list'],
      /LIKENESS_KEYS_FILE: cannot read .*keys.json: it is not there; the first `likeness keys create` makes it/,
    ],
  ])('says what is wrong with %s', async (_, args, message) => {
    const result = await run(keyFolder(), args);
    expect([result.code, result.stdout]).toEqual([1, '']);
    expect(result.stderr).toMatch(message);
  });

  it('says which settings it needs', async () => {
    const result = await run({ keysFile: '', masterKeyFile: '' }, ['list']);
    expect(result.stderr).toMatch(/^likeness: Set LIKENESS_KEYS_FILE and LIKENESS_MASTER_KEY_FILE/);
  });
});

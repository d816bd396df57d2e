import { chmodSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../src/errors.js';
import { editKeys } from '../../src/keys/edit-keys.js';
import { EMPTY, parseKeysFile, printKeysFile } from '../../src/keys/keys-file.js';
import { loadKeys } from '../../src/keys/load-keys.js';
import { createKey, revokePrincipal } from '../../src/keys/manage-keys.js';
import { keyFolder, maker, modeOf, READ_ONLY, write } from './support.js';

const ACCOUNT = '123456789012';
const add = (files: ReturnType<typeof keyFolder>, principal = 'ada') =>
  editKeys(files, (file, master) =>
    createKey(
      file,
      { principal, ...(!(principal in file.principals) && { policy: READ_ONLY }) },
      maker(master),
    ),
  );

describe('a keys file', () => {
  const { file } = createKey(EMPTY, { principal: 'ada', policy: READ_ONLY }, maker());
  const [entry] = file.keys;
  const changed = (change: object) => JSON.stringify({ version: 1, ...file, ...change });
  const key = (change: object) => changed({ keys: [{ ...entry, ...change }] });

  it.each<[string, string, RegExp]>([
    ['nothing', '', /Keys file f: not valid JSON$/],
    ['half a file', printKeysFile(file).slice(0, 200), /not valid JSON$/],
    ['a list', '[]', /expected \{"version":1/],
    ['another version', changed({ version: 2 }), /version must be 1, got 2/],
    ['a member it does not know', changed({ polices: {} }), /unknown member "polices"/],
    ['no principals', changed({ principals: null }), /principals must be an object/],
    [
      'too many keys',
      changed({ keys: Array.from({ length: 10_001 }, () => entry) }),
      /at most 10000/,
    ],
    ['an entry that is no object', changed({ keys: ['x'] }), /key 1: expected an object/],
    ['an id with a slash', key({ accessKeyId: 'a/b' }), /key 1: accessKeyId must be/],
    [
      'a principal it does not have',
      key({ principal: 'eve' }),
      /principal of LKIA\w+ must be one of/,
    ],
    ['an inherited principal', key({ principal: 'constructor' }), /must be one of the file's/],
    ['no secret', key({ sealed: undefined }), /sealed of LKIA\w+ must be a text/],
    ['an end that is no time', key({ expiresAt: 'soon' }), /expiresAt of LKIA\w+ must be an ISO/],
    ['a member of a key that is misspelt', key({ expires: '2026' }), /unknown member "expires"/],
    ['a key twice', changed({ keys: [entry, entry] }), /LKIA\w+ stands there twice/],
    [
      'a principal without a policy',
      changed({ principals: { ada: {} } }),
      /principal ada: expected/,
    ],
    [
      'a name that is none',
      changed({ principals: { 'a b': { policy: READ_ONLY } } }),
      /principal "a b"/,
    ],
    ['a broken policy', changed({ principals: { ada: { policy: {} } } }), /policy of ada: Version/],
    [
      'a secret in plain text',
      '{"keys":[{"accessKeyId":"AKIA1","secretAccessKey":"do-not-show-me-please"}]}',
      /"AKIA1" has its secret in plain text, .*likeness keys create NAME --access-key-id ID --secret-stdin/,
    ],
  ])('with %s is refused', (_, text, message) => {
    expect(() => parseKeysFile(text, 'f')).toThrow(OperatorError);
    expect(() => parseKeysFile(text, 'f')).toThrow(message);
    expect(() => parseKeysFile(text, 'f')).not.toThrow(/do-not-show/);
  });
});

describe('an edit', () => {
  it('makes both files for their owner alone, and the keys load with their policies', () => {
    const files = keyFolder();
    const made = add(files);
    expect([modeOf(files.keysFile), modeOf(files.masterKeyFile)]).toEqual(['600', '600']);
    expect(loadKeys(files, ACCOUNT)).toEqual([
      {
        accessKeyId: made.accessKeyId,
        secretAccessKey: made.secretAccessKey,
        principalArn: 'arn:aws:iam::123456789012:user/ada',
        policy: { statements: [expect.objectContaining({ effect: 'Allow' })] },
      },
    ]);
    expect(readFileSync(files.keysFile, 'utf8')).not.toContain(made.secretAccessKey);
  });

  it('leaves no draft, keeps a link a link and may leave no key at all', () => {
    const files = keyFolder();
    add(files);
    const link = join(files.folder, 'link.json');
    symlinkSync(files.keysFile, link);
    editKeys({ ...files, keysFile: link }, (file) => revokePrincipal(file, 'ada'));
    expect(loadKeys(files, ACCOUNT)).toEqual([]);
    expect(readdirSync(files.folder).toSorted()).toEqual([
      'keys.json',
      'keys.json.lock',
      'link.json',
      'link.json.lock',
      'master.key',
    ]);
  });

  it('does not overwrite what somebody wrote meanwhile', () => {
    const files = keyFolder();
    add(files);
    const theirs = printKeysFile(EMPTY);
    const editing = () =>
      editKeys(files, (file) => {
        write(files.keysFile, theirs);
        return { file, result: undefined };
      });
    expect(editing).toThrow(/was changed by somebody else meanwhile: nothing was written/);
    expect(readFileSync(files.keysFile, 'utf8')).toBe(theirs);
  });

  it('writes nothing that could not be read again', () => {
    const files = keyFolder();
    add(files);
    const before = readFileSync(files.keysFile, 'utf8');
    expect(() =>
      editKeys(files, (file) => ({ file: { ...file, principals: {} }, result: undefined })),
    ).toThrow(/must be one of the file's principals/);
    expect(readFileSync(files.keysFile, 'utf8')).toBe(before);
  });

  it('wants the master key of the secrets that are there', () => {
    const files = keyFolder();
    add(files);
    const gone = { ...files, masterKeyFile: join(files.folder, 'gone.key') };
    expect(() => add(gone)).toThrow(/LIKENESS_MASTER_KEY_FILE: cannot read/);
    write(gone.masterKeyFile, `${Buffer.alloc(32).toString('base64')}\n`);
    const message = /secret of LKIA\w+ cannot be decrypted: .* another master key than the one in/;
    expect(() => add(gone)).toThrow(message);
    expect(() => loadKeys(gone, ACCOUNT)).toThrow(message);
  });

  it('names a folder that is not there', () => {
    const files = keyFolder();
    expect(() => add({ ...files, keysFile: join(files.folder, 'no/keys.json') })).toThrow(
      /no\/keys\.json\.lock cannot be written: ENOENT/,
    );
  });
});

describe('reading', () => {
  it.each(['keysFile', 'masterKeyFile'] as const)('refuses a %s that others may change', (name) => {
    const files = keyFolder();
    add(files);
    chmodSync(files[name], 0o666);
    expect(() => loadKeys(files, ACCOUNT)).toThrow(/has mode 666, so others may .*: chmod 600 /);
  });

  it.each(['', 'short', Buffer.alloc(33).toString('base64')])(
    'refuses the master key %j',
    (text) => {
      const files = keyFolder();
      add(files);
      writeFileSync(files.masterKeyFile, text);
      expect(() => loadKeys(files, ACCOUNT)).toThrow(/holds no master key: expected base64 of 32/);
    },
  );
});

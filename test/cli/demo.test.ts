import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type PersonName, portraits } from '../support/photos.js';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');
const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, [CLI, ...args], { maxBuffer: 1 << 24 });

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'likeness-demo-test-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

const rowsOf = (report: string, start: RegExp): string[] =>
  report.split('\n').filter((line) => start.test(line));

describe('likeness demo', () => {
  it('sorts the sample photos into people, finds them again and knows strangers', async () => {
    const { stdout, stderr } = await run('demo');
    const [associations = '', searches = ''] = stdout.split('SearchUsersByImage');
    const rows = rowsOf(associations, /^sample\d\.jpg/);
    // One row a face: the five stored photos show 3 + 3 + 3 + 4 + 4 people.
    expect(rows).toHaveLength(17);
    // The leftmost person of sample2.jpg is seen from the side.
    expect(rows.filter((row) => row.includes('not stored'))).toEqual([
      expect.stringMatching(/^sample2\.jpg +2\d % .*EXTREME_POSE$/),
    ]);
    // One woman is on two photos: rightmost on sample1.jpg, in the middle of sample3.jpg.
    const [, , anna] = rows.filter((row) => row.startsWith('sample1.jpg'));
    expect(anna).toMatch(/person-3 \(new\)$/);
    expect(rows.filter((row) => / accepted /.test(row))).toEqual([
      expect.stringMatching(/^sample3\.jpg +6\d % .* person-3 +9\d\.\d\d +accepted +person-3$/),
    ]);
    expect(rows.filter((row) => row.includes('refused: LOW_MATCH_CONFIDENCE'))).toHaveLength(14);

    const strangers = rowsOf(searches, /^sample5\.jpg/);
    expect(strangers).toHaveLength(5);
    for (const row of strangers) expect(row).toMatch(/ nobody +–$/);
    const owners = rows
      .filter((row) => row.startsWith('sample6.jpg'))
      .map((row) => /(person-\d+) \(new\)$/.exec(row)?.[1]);
    const found = rowsOf(searches, /^sample6\.jpg/).map(
      (row) => / (person-\d+) +9\d\./.exec(row)?.[1],
    );
    expect(found).toEqual(owners);
    expect(stderr).toContain('IndexFaces, photos: 5 of 5');
  });

  it('enrols a folder of people, refuses strangers and finds everybody by a photo kept out', async () => {
    const root = await folder();
    for (const person of ['berta', 'clara', 'dora'] as const satisfies PersonName[]) {
      await mkdir(join(root, person));
      for (const [i, photo] of (await portraits(person, 4)).entries())
        await writeFile(join(root, person, `${i}.jpg`), photo);
    }
    await writeFile(join(root, 'dora', '1.jpg'), 'not a photo');
    const { stdout } = await run('demo', root);
    expect(rowsOf(stdout, /^\w+\/\d\.jpg +\w+ +9\d\.\d\d +accepted$/)).toHaveLength(2 + 2 + 1);
    const strangers = rowsOf(stdout, /\(a stranger\)/);
    expect(strangers).toHaveLength(2);
    for (const row of strangers) expect(row).toMatch(/refused: LOW_MATCH_CONFIDENCE$/);
    expect(stdout).toContain('3 of 3 searches found the right person.');
    expect(stdout).toMatch(/dora\/1\.jpg +InvalidImageFormatException/);
  });

  it.each([
    ['no folder', /is not a folder/],
    ['an empty folder', /holds no folder with JPEG or PNG files/],
  ])('says in one line what is wrong with %s', async (what, message) => {
    const root = await folder();
    const path = what === 'no folder' ? join(root, 'nothing') : root;
    const failed = await run('demo', path).catch(
      (error: { code: number; stderr: string }) => error,
    );
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(message) });
    expect(failed.stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('likeness', () => {
  it('lists its commands', async () => {
    expect((await run('--help')).stdout).toMatch(/serve[\s\S]*demo/);
  });

  it('names a command it does not have', async () => {
    const failed = await run('dmeo').catch((error: { code: number; stderr: string }) => error);
    expect(failed).toMatchObject({
      code: 252,
      stderr: expect.stringContaining("Found invalid choice 'dmeo'"),
    });
  });
});

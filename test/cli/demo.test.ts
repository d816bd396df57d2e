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
  it('sorts the sample photos into people and finds one of them on the photo it kept out', async () => {
    const { stdout, stderr } = await run('demo');
    const associations = rowsOf(stdout, /^sample[12456]\.jpg/);
    // One row a face: 3 + 3 + 4 + 5 + 4 people are on the five stored photos.
    expect(associations).toHaveLength(19);
    expect(associations[0]).toMatch(/person-1 \(new\)$/);
    expect(associations.some((row) => row.includes('refused: LOW_MATCH_CONFIDENCE'))).toBe(true);
    expect(associations.some((row) => / accepted /.test(row))).toBe(true);
    // The leftmost person of sample2.jpg is seen from the side.
    expect(associations.find((row) => row.includes('not stored'))).toMatch(
      /^sample2\.jpg +2\d % .*EXTREME_POSE$/,
    );
    // Anna is the rightmost person of sample1.jpg and in the middle of sample3.jpg.
    const anna = /(person-\d+) \(new\)$/.exec(
      associations.filter((row) => row.startsWith('sample1.jpg'))[2] ?? '',
    )?.[1];
    const searches = rowsOf(stdout, /^sample3\.jpg/);
    expect(searches).toHaveLength(3);
    expect(searches[1]).toMatch(new RegExp(` ${anna} +9\\d\\.\\d\\d$`));
    expect(searches[0]).toMatch(/ nobody +–$/);
    expect(searches[2]).toMatch(/ nobody +–$/);
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
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('no command "dmeo"') });
  });
});

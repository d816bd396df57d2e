import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { thresholds } from '../../src/cli/commands/thresholds.js';
import { newFaceId } from '../../src/domain/ids.js';
import { createCalibrations } from '../../src/operations/calibrations.js';
import { createSqliteStore } from '../../src/store/sqlite/store.js';
import { installedModel } from '../../src/thresholds/inputs/input.js';
import type { ThresholdsReport } from '../../src/thresholds/report.js';
import { takeFree } from '../store/samples.js';
import { portraits } from '../support/photos.js';
import { syntheticFaces } from '../thresholds/people.js';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');
const folder = mkdtempSync(join(tmpdir(), 'likeness-thresholds-'));
const at = (...names: string[]): string => join(folder, ...names);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

/** A runtime that does not exist: whoever starts the vision part fails. */
const withoutVision = (): void => void vi.stubEnv('LIKENESS_RUNTIME', 'none');

/** The command in this process: its exit code and what it printed. */
async function run(args: readonly string[]): Promise<Answer> {
  const answer = { code: 0, stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      answer[stream] += String(text);
      return true;
    }),
  );
  try {
    answer.code = await thresholds(args);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return answer;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

const read = (path: string): ThresholdsReport =>
  JSON.parse(readFileSync(path, 'utf8')) as ThresholdsReport;

function scores(name: string, shift: number): string {
  const lines = Array.from({ length: 400 }, (_, i) => {
    const [a, b] = [i % 40, (i * 7 + 1) % 40];
    const noise = ((i * 7919) % 1000) / 1000;
    return i % 4 === 0 ? `p${a},p${a},1,${0.6 + shift + noise}` : `p${a},p${b},0,${noise}`;
  });
  writeFileSync(at(name), `a,b,genuine,score\n${lines.join('\n')}\n`);
  return at(name);
}

describe('likeness thresholds on a folder of photos', () => {
  const photos = at('photos');
  const measure = (...more: string[]): string[] => [
    photos,
    '--replicates',
    '100',
    '--cache',
    at('cache'),
    ...more,
  ];
  let first: Answer;

  beforeAll(async () => {
    for (const person of ['anna', 'berta', 'clara', 'dora', 'emma'] as const) {
      mkdirSync(join(photos, person), { recursive: true });
      for (const [i, bytes] of (await portraits(person, 3)).entries())
        writeFileSync(join(photos, person, `${i}.jpg`), bytes);
    }
    mkdirSync(join(photos, 'nobody'));
    writeFileSync(join(photos, 'emma/broken.jpg'), 'no photo');
    writeFileSync(join(photos, 'emma/other.webp'), 'RIFF');
    writeFileSync(join(photos, 'loose.png'), 'x');
    writeFileSync(join(photos, 'anna/copy.jpg'), readFileSync(join(photos, 'anna/0.jpg')));
    writeFileSync(join(photos, 'dora/2.jpg'), readFileSync(join(photos, 'berta/2.jpg')));
    first = await run(
      measure('--json', at('a.json'), '--csv', at('a.csv'), '--target-fmr', '0.05'),
    );
  }, 180_000);

  it('says what these few photos can tell, in the first lines', () => {
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toMatch(
      /^photos, model dlib-cohort-\w+, calibration \S+\n5 people, 13 faces/,
    );
    // Five people in some dozens of comparisons: nothing rare can be seen.
    expect(first.stdout).toContain('cannot say which threshold keeps FMR ≤ 5e-2');
  });

  it('says on standard error how far it is', () => {
    const { stderr } = spawnSync(process.execPath, [CLI, 'thresholds', ...measure()], {
      encoding: 'utf8',
    });
    expect(stderr).toMatch(/^17 of 17 photos$/m);
  });

  it('names every photo that gave no face, and what is there twice or under two names', () => {
    const { protocol, warnings } = read(at('a.json'));
    expect(protocol.failures).toEqual([
      {
        photo: 'emma/other.webp',
        subject: null,
        reason: 'NOT_AN_IMAGE',
        detail: expect.any(String),
      },
      { photo: 'loose.png', subject: null, reason: 'NO_LABEL', detail: expect.any(String) },
      {
        photo: 'emma/broken.jpg',
        subject: 'emma',
        reason: 'NOT_AN_IMAGE',
        detail: expect.any(String),
      },
    ]);
    const of = (code: string): string[] =>
      warnings.filter((each) => each.code === code).flatMap(({ items }) => items);
    expect(of('EMPTY_FOLDERS')).toEqual(['nobody']);
    expect(of('DUPLICATE_PHOTOS')).toEqual(['anna/copy.jpg = anna/0.jpg']);
    expect(of('SAME_PHOTO_DIFFERENT_PEOPLE')).toEqual(['berta/2.jpg = dora/2.jpg']);
    expect(warnings.map(({ code }) => code)).toContain('FEW_SUBJECTS');
  });

  it('writes a table that a spreadsheet reads', () => {
    const [header, ...rows] = readFileSync(at('a.csv'), 'utf8').trim().split('\r\n');
    expect(header).toMatch(
      /^threshold,cosine,fmr,fmr_low,fmr_high,fmr_errors,fmr_comparisons,fnmr/,
    );
    expect(rows.length).toBeGreaterThanOrEqual(101);
    for (const row of rows) expect(row.split(',').length).toBe(header?.split(',').length);
  });

  it('computes no photo twice, and says the same again', async () => {
    withoutVision();
    const again = await run(measure('--json', at('b.json'), '--target-fmr', '0.05'));
    expect(again.code).toBe(0);
    const [one, other] = [read(at('a.json')), read(at('b.json'))];
    const timeless = ({ protocol, ...rest }: ThresholdsReport): unknown => ({
      ...rest,
      protocol: { ...protocol, createdAt: '', command: '', runtime: '' },
    });
    expect(timeless(other)).toEqual(timeless(one));
    // Embeddings are biometric data.
    expect(statSync(at('cache')).mode & 0o077).toBe(0);
  });

  it('stopped by Ctrl-C, says that the same command goes on', async () => {
    const child = spawn(process.execPath, [CLI, 'thresholds', photos, '--cache', at('stopped')], {
      env: { PATH: process.env['PATH'], HOME: folder },
    });
    let told = '';
    const begun = new Promise<void>((resolved) => {
      child.stderr.on('data', (chunk: Buffer) => {
        told += chunk.toString();
        if (told.includes(' photos')) resolved();
      });
    });
    await begun;
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number];
    expect({ code, told }).toEqual({ code: 130, told: expect.stringContaining('Stopped.') });
  });

  it('judges what a build requires, by its exit code', async () => {
    const judged = (require: string, ...more: string[]): Promise<Answer> =>
      run(measure('--require', require, ...more));
    expect(await judged('auc>=0.5 fte<=0.5')).toMatchObject({ code: 0 });
    const missed = await judged('fnmr@100<=0.01');
    expect(missed).toMatchObject({ code: 2, stdout: expect.stringContaining('MISSED') });
    // No error among so few comparisons says nothing about 1e-6.
    const unknown = await judged('fmr<=1e-6', '--at', '99');
    expect(unknown).toMatchObject({ code: 2, stdout: expect.stringContaining('UNKNOWN') });
    await expect(judged('fmr<1')).rejects.toThrow('fmr<1 is no term');
  });

  it('measures listed pairs only where a file lists pairs', async () => {
    writeFileSync(
      at('pairs.csv'),
      'a,b,same\nanna/0.jpg,anna/1.jpg,1\nanna/0.jpg,berta/0.jpg,0\nclara/0.jpg,emma/1.jpg,0\n',
    );
    const args = [at('pairs.csv'), '--photos', photos, '--cache', at('cache')];
    await run([...args, '--json', at('pairs.json'), '--replicates', '100']);
    const { protocol } = read(at('pairs.json'));
    expect(protocol.counts).toMatchObject({ genuineComparisons: 1, impostorComparisons: 2 });
    await expect(run([at('pairs.csv')])).rejects.toThrow('--photos DIRECTORY');
    await expect(run([...args, '--min-photos', '2'])).rejects.toThrow('--min-photos chooses');
  });

  it('leaves out people with too few photos', async () => {
    const of = { anna: 3, berta: 2, clara: 3, dora: 1 };
    const rows = Object.entries(of).flatMap(([person, count]) =>
      [0, 1, 2].slice(0, count).map((n) => `${person}/${n}.jpg,${person}`),
    );
    writeFileSync(at('few.csv'), `photo,person\n${rows.join('\n')}\n`);
    const args = [at('few.csv'), '--photos', photos, '--cache', at('cache')];
    await run([...args, '--replicates', '100', '--min-photos', '3', '--json', at('few.json')]);
    expect(read(at('few.json')).protocol.counts).toMatchObject({ subjects: 2, faces: 6 });
    await expect(run([...args, '--min-photos', '4'])).rejects.toThrow(
      '--min-photos 4: nobody has so many photos',
    );
  });

  it('compares groups that a CSV file names', async () => {
    const people = ['anna', 'berta', 'clara', 'dora', 'emma'];
    const rows = people.flatMap((person, i) =>
      [0, 1].map((n) => `${person}/${n}.jpg,${person},${i % 2 === 0 ? 'x' : 'y'},${n}`),
    );
    writeFileSync(at('photos.csv'), `photo,person,Side,number\n${rows.join('\n')}\n`);
    const args = [
      at('photos.csv'),
      '--photos',
      photos,
      '--cache',
      at('cache'),
      '--replicates',
      '100',
    ];
    await run([...args, '--groups', 'side', '--json', at('groups.json')]);
    const { groups } = read(at('groups.json'));
    expect(groups[0]?.groups.map(({ group, subjects }) => [group, subjects])).toEqual([
      ['x', 3],
      ['y', 2],
    ]);
    await expect(run([...args, '--groups', 'nothing'])).rejects.toThrow('no such column');
    await run([...args, '--where', 'number=0', '--json', at('one.json')]);
    const one = read(at('one.json'));
    expect(one.protocol.counts).toMatchObject({ faces: 5, genuineComparisons: 0 });
    expect(one.warnings.map(({ code }) => code)).toContain('NOT_MEASURABLE');
    expect(one.equalErrorRate.basis).toBe('not-measurable');
  });
});

describe('likeness thresholds on a collection', () => {
  const data = at('data');
  beforeAll(async () => {
    const model = await installedModel();
    const store = await createSqliteStore({ directory: data });
    await createCalibrations(store.calibrations, [model], 0);
    for (const collectionId of ['people', 'empty'])
      await store.createCollection({
        collectionId,
        createdAtMs: 1,
        modelId: model.id,
        calibrationVersion: model.calibration?.version ?? '',
        faceModelVersion: model.version,
        dimension: model.dimension,
        tags: {},
        maxCollections: 10,
      });
    const faces = syntheticFaces(12, 4, { dimension: model.dimension, closeness: 0.98 });
    const stored = faces.map(({ embedding }, i) => ({
      faceId: newFaceId(),
      imageId: newFaceId(),
      box: { left: 0, top: 0, width: 0.5, height: 0.5 },
      confidence: 99,
      embedding,
      createdAtMs: i,
    }));
    await store.insertFaces('people', stored, 1000);
    // The last person's faces stay without a user.
    for (let person = 0; person < 11; person++) {
      const userId = `user-${person}`;
      const faceIds = stored.slice(person * 4, person * 4 + 4).map(({ faceId }) => faceId);
      await store.createUser('people', userId, { maxUsers: 100 });
      await store.changeUserFaces('people', { userId, faceIds }, takeFree);
    }
    // Still open, as the service would have it.
    afterAll(() => store.close());
  });

  it('takes its users for the people, while the service runs', async () => {
    const args = ['--collection-id', 'people', '--data', data, '--replicates', '100'];
    expect(await run([...args, '--json', at('collection.json')])).toMatchObject({ code: 0 });
    const { protocol, warnings, identification } = read(at('collection.json'));
    expect(protocol.counts).toMatchObject({ subjects: 11, faces: 44, genuineComparisons: 66 });
    expect(identification?.enrolled).toBe(11);
    expect(warnings.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['FACES_WITHOUT_USER', 'SELECTED_BY_THRESHOLD']),
    );
  });

  it.each([
    [['--collection-id', 'empty'], 'has no users with faces'],
    [['--collection-id', 'other'], 'other'],
    [['--collection-id', 'people', '--calibration', 'none'], 'no calibration version none'],
  ])('%j is refused with what to do', async (args, message) => {
    await expect(run([...args, '--data', data])).rejects.toThrow(message);
  });
});

describe('likeness thresholds on scores', () => {
  it('says whether two runs differ by more than chance', async () => {
    await run([scores('a.csv', 0), '--json', at('sa.json'), '--target-fmr', '0.05']);
    await run([scores('b.csv', 0.3), '--json', at('sb.json'), '--target-fmr', '0.05']);
    const same = await run(['compare', at('sa.json'), at('sa.json')]);
    expect(same).toMatchObject({ code: 0 });
    expect(same.stdout).toContain('Both drew the same people');
    expect(same.stdout).not.toMatch(/\b(larger|smaller)\b/);
    const better = await run(['compare', at('sa.json'), at('sb.json'), '--json']);
    const { differences } = JSON.parse(better.stdout) as {
      differences: { metric: string; outcome: string }[];
    };
    const of = (metric: string) => differences.find((each) => each.metric === metric)?.outcome;
    expect([of('auc'), of('eer'), of('fnmr@fmr=5e-2')]).toEqual(['larger', 'smaller', 'smaller']);
  });

  it.each([
    [[], 'name one input'],
    [['/nowhere'], '/nowhere does not exist'],
    [['a', 'b'], 'name one input'],
    [['--genuine', 'x'], 'name one input'],
    [['x', '--target-fmr', '2'], '--target-fmr: expected a number between 0 and 1'],
    [['x', '--seed', '1.5'], '--seed: expected a whole number'],
    [['x', '--face', 'smallest'], '--face: expected one of largest, central'],
    [['x', '--min-photos', '0'], '--min-photos: expected a whole number'],
    [['x', '--where', 'a'], '--where: expected COLUMN=VALUE'],
    [['x', '--nonsense'], '--nonsense'],
    [['compare', 'a.json'], 'name two reports'],
  ])('%j is refused', async (args, message) => {
    await expect(run(args)).rejects.toThrow(message);
  });

  it('refuses a folder of one person, or none', async () => {
    mkdirSync(at('one/anna'), { recursive: true });
    const [photo] = await portraits('anna', 1);
    writeFileSync(at('one/anna/1.jpg'), photo ?? '');
    mkdirSync(at('none'));
    const cache = ['--cache', at('cache')];
    await expect(run([at('one'), ...cache])).rejects.toThrow('one person only (anna)');
    await expect(run([at('none'), ...cache])).rejects.toThrow('holds no photos');
  });
});

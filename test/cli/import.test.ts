import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { importPeople } from '../../src/cli/commands/import.js';
import { findPhotos } from '../../src/cli/import/photos.js';
import { duration } from '../../src/cli/import/progress.js';
import { parseCsv } from '../../src/csv.js';
import { portrait } from '../support/photos.js';
import { CREDENTIALS, REGION } from '../support/service.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-import-'));
  await mkdir(join(folder, 'people/Anna'), { recursive: true });
  await mkdir(join(folder, 'people/Zoë K'));
  await writeFile(join(folder, 'people/Anna/1.jpg'), await portrait('anna'));
  await writeFile(join(folder, 'people/Anna/2.jpg'), await portrait('annaElsewhere'));
  await writeFile(join(folder, 'people/Zoë K/1.jpg'), await portrait('clara'));
  await writeFile(join(folder, 'people/Zoë K/broken.jpg'), 'no photo');
});

describe('import', () => {
  let printed: string;
  beforeEach(() => {
    printed = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    vi.stubEnv('AWS_ACCESS_KEY_ID', CREDENTIALS.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', CREDENTIALS.secretAccessKey);
    vi.stubEnv('AWS_REGION', REGION);
    return () => {
      vi.restoreAllMocks();
      vi.unstubAllEnvs();
    };
  });
  const run = async (source: string, collection: string, report: string): Promise<string> => {
    printed = '';
    await importPeople([
      join(folder, source),
      '--collection-id',
      collection,
      '--endpoint-url',
      inject('endpoint'),
      '--report',
      report,
    ]);
    return printed;
  };

  it('makes users of folders, reports every photo without a face, and goes on where it was', async () => {
    const collection = `import-${randomUUID()}`;
    const report = join(folder, 'report.jsonl');
    expect(await run('people', collection, report)).toContain(
      '4 photos: 3 faces stored, 0 were there before, 3 joined their users',
    );
    expect(printed).toContain('Zoë K/broken.jpg: InvalidImageFormatException');
    const lines = (await readFile(report, 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ photo: 'Zoë K/1.jpg', userId: 'Zoe_K', status: 'stored' }),
        expect.objectContaining({ photo: 'Zoë K/broken.jpg', status: 'refused' }),
      ]),
    );
    // The report lost, the collection itself tells what is done.
    expect(await run('people', collection, join(folder, 'other.jsonl'))).toContain(
      '0 faces stored, 3 were there before, 0 joined their users',
    );
  });

  it('reads a CSV file, with photos of nobody', async () => {
    const rows = ['photo,user', '"people/Anna/1.jpg",anna', 'people/Zoë K/1.jpg,'];
    await writeFile(join(folder, 'people.csv'), rows.join('\r\n'));
    const collection = `import-${randomUUID()}`;
    expect(await run('people.csv', collection, join(folder, 'csv.jsonl'))).toContain(
      '2 photos: 2 faces stored, 0 were there before, 1 joined their users',
    );
  });
});

describe('the source of an import', () => {
  it('says what is wrong with it', async () => {
    const bad = await mkdtemp(join(tmpdir(), 'likeness-import-'));
    await expect(findPhotos(bad)).rejects.toThrow('<person>/<photo>.jpg');
    await writeFile(join(bad, 'loose.jpg'), 'x');
    await expect(findPhotos(bad)).rejects.toThrow('a folder named after its person');
    await writeFile(join(bad, 'a.csv'), 'name,age\nx,1\n');
    await expect(findPhotos(join(bad, 'a.csv'))).rejects.toThrow('one of them photo');
    await writeFile(join(bad, 'b.csv'), 'photo,user\na.jpg,José\nb.jpg,Jose\n');
    await expect(findPhotos(join(bad, 'b.csv'))).rejects.toThrow('would both become the user Jose');
  });

  it('may quote as CSV does', () => {
    expect(parseCsv('\ufeffa,b\n"x, ""y""\nz",2\r\n\n,\n', 'f')).toEqual([
      { line: 1, cells: ['a', 'b'] },
      { line: 2, cells: ['x, "y"\nz', '2'] },
      { line: 5, cells: ['', ''] },
    ]);
    expect(() => parseCsv('a\n"b', 'f.csv')).toThrow('f.csv: line 2');
  });

  it('takes a time people can read', () => {
    expect([3, 600, 12_000].map(duration)).toEqual(['3 s', '10 min', '3 h 20 min']);
  });
});

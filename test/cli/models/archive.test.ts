import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { takeModel } from '../../../src/cli/models/archive/archive.js';
import { runModels } from '../../support/likeness.js';
import {
  catalogued,
  GRAPH_FILES,
  pinOf,
  serveFiles,
  writeCatalogue,
} from '../../support/small-catalogue.js';
import { writeGraphModel } from '../../support/small-models.js';
import { type ArchiveFile, tgz } from '../../support/tgz.js';

const { root, server, fresh } = await serveFiles('archive');
const source = writeGraphModel(join(root, 'source'), 1);
const NAMES = Object.keys(GRAPH_FILES);

const contentOf = (name: string): Buffer => readFileSync(join(source, name));

/** The files of the small model as an npm package has them, between others. */
const PACKED: readonly ArchiveFile[] = [
  { name: 'package/package.json', content: Buffer.from('{}') },
  { name: 'package/models/' },
  { name: '../../../outside', content: Buffer.from('nobody asked for it') },
  ...NAMES.map((name) => ({ name: `package/models/${name}`, content: contentOf(name) })),
  { name: 'package/README.md', content: Buffer.alloc(2000, 'x') },
];

/** A catalogue whose one model lies in this archive. */
function cataloguedIn(archive: Buffer) {
  const { place, id } = fresh();
  const path = `/${id}/small-1.0.0.tgz`;
  const catalogue = writeCatalogue(place, {
    files: NAMES.map((name) => ({
      ...catalogued(name, contentOf(name)),
      member: `package/models/${name}`,
    })),
    archive: { kind: 'tgz', urls: [server.put(path, archive)], ...pinOf(archive) },
  });
  server.asked.length = 0;
  return { ...catalogue, place, path };
}

describe('likeness models pull of a model in an archive', () => {
  it('downloads the archive once, takes the named files out of it and leaves nothing else', async () => {
    const { directory, pull, path, place } = cataloguedIn(tgz(PACKED));
    const pulled = await pull();
    expect(pulled).toMatchObject({ code: 0 });
    expect(pulled.stderr).toMatch(/small-1\.0\.0\.tgz: .*\(100 %\)/);
    expect(server.asked.map((asked) => asked.path)).toEqual([path]);
    expect(readdirSync(directory)).toEqual(['small']);
    expect(readdirSync(join(directory, 'small')).toSorted()).toEqual(
      ['card.json', 'reference.json', ...NAMES].toSorted(),
    );
    expect(readdirSync(place).toSorted()).toEqual(['catalogue.json', 'models']);
    expect(existsSync(join(root, 'outside'))).toBe(false);
    expect(await runModels(directory, 'verify')).toMatchObject({ code: 0 });
  });

  it('takes the archive, or the files by themselves, from a folder', async () => {
    const archive = tgz(PACKED);
    const { place, pull } = cataloguedIn(archive);
    const folder = join(place, 'usb');
    mkdirSync(folder);
    expect((await pull('--from', folder)).stderr).toContain('holds no small/small-1.0.0.tgz');
    writeFileSync(join(folder, 'small-1.0.0.tgz'), archive);
    expect(await pull('--from', folder)).toMatchObject({ code: 0 });
    // What is the operator's stays.
    expect(readdirSync(folder)).toEqual(['small-1.0.0.tgz']);
    expect(await pull('--from', source, '--name', 'again')).toMatchObject({ code: 0 });
    expect(server.asked).toEqual([]);
  });

  const other = Buffer.from(contentOf('shard1.bin'));
  other[7]! ^= 1;
  const replaced = (content: Buffer): ArchiveFile[] =>
    PACKED.map((file) => (file.name.endsWith('shard1.bin') ? { ...file, content } : file));
  const whole = gunzipSync(tgz(PACKED));
  const damaged = Buffer.from(whole);
  damaged[3]! ^= 1;
  it.each([
    [
      'other content',
      tgz(replaced(other)),
      /shard1\.bin in the archive has the sha256 [0-9a-f]{64}/,
    ],
    ['another size', tgz(replaced(Buffer.alloc(10))), /shard1\.bin in the archive has 10 bytes/],
    ['a file less', tgz(PACKED.slice(0, -3)), /has no file package\/models\/shard1\.bin, package/],
    [
      'a link in place of a file',
      tgz(
        PACKED.map(({ name, content }) =>
          name.endsWith('shard1.bin')
            ? { name, linkTo: '/etc/passwd' }
            : { name, content: content! },
        ),
      ),
      /has no file package\/models\/shard1\.bin$/m,
    ],
    ['a cut end', gzipSync(whole.subarray(0, 4000)), /cannot be read: Tar archive is truncated/],
    ['a cut stream', tgz(PACKED).subarray(0, -20), /cannot be read: unexpected end of file/],
    ['a damaged header', gzipSync(damaged), /cannot be read: Invalid tar header checksum/],
    ['no tar inside', gzipSync(Buffer.alloc(2000, 'x')), /cannot be read: Invalid tar/],
    ['no archive at all', Buffer.from('<html>'), /cannot be read: incorrect header check/],
  ])('refuses one with %s', async (_, archive, message) => {
    const { directory, pull } = cataloguedIn(archive);
    const { code, stderr } = await pull();
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(existsSync(join(directory, 'small'))).toBe(false);
    expect(readdirSync(join(directory, '.downloads')).join()).not.toMatch(/taken|part/);
  });
});

describe('a .tgz of unknown content', () => {
  it('gives the one model that is meant, and none where two have its name', async () => {
    const { place: folder } = fresh();
    const path = join(folder, 'pack.tgz');
    const write = (...names: string[]): void =>
      writeFileSync(path, tgz(names.map((name) => ({ name, content: Buffer.from(`of ${name}`) }))));
    const take = (name?: string): Promise<string> => takeModel(path, 'tgz', name, folder);
    write('../up.onnx', 'package/a.onnx', 'package/README');
    // Names in an archive never say where something goes.
    expect(await take('../up.onnx')).toBe(join(folder, 'up.onnx'));
    expect(readFileSync(join(folder, 'up.onnx'), 'utf8')).toBe('of ../up.onnx');
    await expect(take()).rejects.toThrow('but ../up.onnx, package/a.onnx: name one with --member');
    write('package/a.onnx', 'package/b.onnx', 'package/a.onnx');
    expect(readFileSync(await take('b.onnx'), 'utf8')).toBe('of package/b.onnx');
    await expect(take('package/a.onnx')).rejects.toThrow('does not hold one file package/a.onnx');
    expect(readdirSync(folder).toSorted()).toEqual(['b.onnx', 'pack.tgz', 'up.onnx']);
  });
});

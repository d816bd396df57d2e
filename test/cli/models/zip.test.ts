import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { takeMembers, takeModel } from '../../../src/cli/models/archive/archive.js';
import { loadCatalogue } from '../../../src/vision/own/catalogue.js';
import { missingPackages } from '../../../src/vision/runtimes/installed.js';
import { runModels } from '../../support/likeness.js';
import {
  catalogued,
  GRAPH_FILES,
  pinOf,
  serveFiles,
  writeCatalogue,
} from '../../support/small-catalogue.js';
import { SMALL_DIMENSION, writeGraphModel, writeOnnxModel } from '../../support/small-models.js';
import { type Zipped, zipOf } from '../../support/zip.js';

const { root, server, fresh } = await serveFiles('zip');

describe('a ZIP archive', () => {
  const content = Buffer.alloc(300_000, 'a face is told by its landmarks ');
  const model: Zipped = { name: 'pack/net.onnx', content };
  const others: Zipped[] = [
    { name: 'pack/', content: Buffer.alloc(0) },
    { name: 'pack/det.onnx', content: Buffer.from('another net') },
  ];
  const member = { member: 'pack/net.onnx', ...pinOf(content) };

  /** Takes the model out of an archive of these bytes; what lies there then. */
  async function taken(archive: Buffer): Promise<string[]> {
    const { place: folder } = fresh();
    const path = join(folder, 'pack.zip');
    writeFileSync(path, archive);
    try {
      await takeMembers(path, 'zip', [member], () => join(folder, 'net.onnx'));
      expect(readFileSync(join(folder, 'net.onnx')).equals(content)).toBe(true);
    } finally {
      expect(readdirSync(folder).filter((name) => name.includes('taken'))).toEqual([]);
    }
    return readdirSync(folder).toSorted();
  }

  it('gives the file that was asked for and no other', async () => {
    expect(await taken(zipOf([...others, model]))).toEqual(['net.onnx', 'pack.zip']);
  });

  const whole = zipOf([...others, model]);
  const damaged = Buffer.from(whole);
  damaged.fill(0xff, damaged.length - 700, damaged.length - 600);
  it.each([
    ['a file twice', zipOf([model, ...others, model]), /it holds pack\/net\.onnx twice/],
    [
      'an absolute path',
      zipOf([model, { name: '/etc/passwd', content: Buffer.from('x') }]),
      /absolute path: \/etc\/passwd/,
    ],
    [
      'a path that leads out',
      zipOf([model, { name: '../../up.onnx', content: Buffer.from('x') }]),
      /invalid relative path: \.\.\/\.\.\/up\.onnx/,
    ],
    [
      'a bomb, which unpacks to more than it says',
      zipOf([{ ...model, content: Buffer.concat([content, content]), stated: content.length }]),
      /cannot be read: too many bytes in the stream/,
    ],
    [
      'less than it says',
      zipOf([{ ...model, content: content.subarray(1), stated: content.length }]),
      /cannot be read: not enough bytes in the stream/,
    ],
    [
      'another size',
      zipOf([{ ...model, content: content.subarray(1) }]),
      /net\.onnx in the archive has 299999 bytes, expected 300000/,
    ],
    [
      'other content',
      zipOf([{ ...model, content: Buffer.alloc(300_000, 'another ') }]),
      /net\.onnx in the archive has the sha256 [0-9a-f]{64}, expected [0-9a-f]{64}/,
    ],
    ['a file less', zipOf(others), /has no file pack\/net\.onnx/],
    ['a secret', zipOf([{ ...model, encrypted: true }]), /cannot be read: .*encrypted/],
    ['a cut end', whole.subarray(0, -30), /cannot be read: .*end of central directory/i],
    ['a damaged middle', damaged, /cannot be read/],
    ['nothing', Buffer.from('<html>'), /cannot be read/],
  ])('with %s is refused', async (_, archive, message) => {
    await expect(taken(archive)).rejects.toThrow(message);
  });

  it('of unknown content gives its only model, or the one that is named', async () => {
    const { place: folder } = fresh();
    const write = (name: string, files: Zipped[]): string => {
      const path = join(folder, name);
      writeFileSync(path, zipOf(files));
      return path;
    };
    const take = async (path: string, name?: string): Promise<string> => {
      const place = await takeModel(path, 'zip', name, fresh().place);
      return readFileSync(place, 'utf8').slice(0, 11);
    };
    const two = write('two.zip', [...others, model]);
    expect(await take(two, 'net.onnx')).toBe('a face is t');
    expect(await take(two, 'pack/det.onnx')).toBe('another net');
    expect(await take(write('one.zip', others))).toBe('another net');
    await expect(take(two)).rejects.toThrow(
      'two.zip does not hold one .onnx file, but pack/det.onnx, pack/net.onnx: name one with --member',
    );
    await expect(take(two, 'other.onnx')).rejects.toThrow('does not hold one file other.onnx');
    const alike = write('alike.zip', [model, { ...model, name: 'net.onnx' }]);
    expect(await take(alike, 'net.onnx')).toBe('a face is t');
    await expect(take(write('none.zip', []))).rejects.toThrow('but no .onnx file');
  });
});

describe('likeness models pull of a model in a pack', () => {
  const NAMES = Object.keys(GRAPH_FILES);
  const source = writeGraphModel(join(root, 'source'), 1);

  /** A catalogue with a model whose files lie in a pack, and by themselves where the server has them. */
  function cataloguedIn(haveFiles: boolean) {
    const { place, id } = fresh();
    const contents = NAMES.map((name) => ({ name, content: readFileSync(join(source, name)) }));
    const pack = zipOf([
      { name: 'pack/README', content: Buffer.from('read me') },
      ...contents.map(({ name, content }) => ({ name: `pack/${name}`, content })),
    ]);
    const url = (path: string, content: Buffer): string => server.put(`/${id}/${path}`, content);
    const catalogue = writeCatalogue(place, {
      files: contents.map(({ name, content }) => ({
        ...catalogued(name, content),
        member: `pack/${name}`,
        urls: [haveFiles ? url(name, content) : `${server.origin}/${id}/gone/${name}`],
      })),
      archive: { kind: 'zip', urls: [url('pack.zip', pack)], ...pinOf(pack) },
    });
    server.asked.length = 0;
    return {
      ...catalogue,
      place,
      pack,
      asked: () => server.asked.map(({ path }) => path.split('/').at(-1)),
    };
  }

  it('takes the files by themselves where they are to be had so', async () => {
    const { pull, asked } = cataloguedIn(true);
    expect(await pull()).toMatchObject({ code: 0 });
    expect(asked()).toEqual([...NAMES]);
  });

  it('takes the whole pack where they are not, once', async () => {
    const { pull, asked, directory } = cataloguedIn(false);
    const pulled = await pull();
    expect(pulled).toMatchObject({ code: 0 });
    expect(pulled.stderr).toContain('The whole pack.zip is tried.');
    expect(asked().filter((name) => name === 'pack.zip')).toHaveLength(1);
    expect(readdirSync(directory)).toEqual(['small']);
    expect(await runModels(directory, 'verify')).toMatchObject({ code: 0 });
  });

  it('takes the pack from a folder, which stays there', async () => {
    const { pull, pack, place, asked } = cataloguedIn(true);
    const folder = join(place, 'usb');
    mkdirSync(folder);
    const damaged = Buffer.from(pack);
    damaged[40]! ^= 1;
    writeFileSync(join(folder, 'pack.zip'), damaged);
    expect((await pull('--from', folder)).stderr).toMatch(/pack\.zip has the sha256 [0-9a-f]{64}/);
    writeFileSync(join(folder, 'pack.zip'), pack);
    expect(await pull('--from', folder)).toMatchObject({ code: 0 });
    expect(readdirSync(folder)).toEqual(['pack.zip']);
    expect(asked()).toEqual([]);
  });

  it('the packs of InsightFace are known with their members', async () => {
    const packs = (await loadCatalogue()).flatMap((entry) =>
      entry.format !== 'fusion' && entry.archive?.kind === 'zip' ? [entry] : [],
    );
    expect(packs.map(({ name, files }) => [name, files[0]!.member])).toEqual([
      ['buffalo_l', 'w600k_r50.onnx'],
      ['buffalo_s', 'w600k_mbf.onnx'],
      ['antelopev2', 'antelopev2/glintr100.onnx'],
    ]);
  });
});

describe('likeness models add of a pack', () => {
  const onnx = missingPackages('onnxruntime').length === 0;
  it.skipIf(!onnx)(
    `takes the named model${onnx ? '' : ' (skipped: onnxruntime-node is not installed)'}`,
    async () => {
      const { place: folder } = fresh();
      const path = join(folder, 'pack.zip');
      const net = readFileSync(writeOnnxModel(join(folder, 'net.onnx'), 2));
      writeFileSync(path, zipOf([{ name: 'a/net.onnx', content: net }]));
      const directory = join(folder, 'models');
      const added = await runModels(
        directory,
        'add',
        path,
        '--member',
        'net.onnx',
        '--licence',
        'CC0',
      );
      expect(added.stdout).toContain(`net: ${SMALL_DIMENSION} numbers`);
      expect(readdirSync(directory)).toEqual(['net']);
    },
  );

  it('says what is in it, and that --member is for archives', async () => {
    const { place: folder } = fresh();
    const path = join(folder, 'pack.zip');
    writeFileSync(path, zipOf([{ name: 'a.onnx', content: Buffer.from('a') }]));
    const directory = join(folder, 'models');
    const { code, stderr } = await runModels(directory, 'add', path, '--member', 'b.onnx');
    expect(code).toBe(1);
    expect(stderr).toContain('does not hold one file b.onnx, but a.onnx: name one with --member');
    expect(readdirSync(directory)).toEqual([]);
    expect((await runModels(directory, 'add', folder, '--member', 'b.onnx')).stderr).toContain(
      `--member: ${folder} is no .zip, .tgz or .tar.gz`,
    );
  });
});

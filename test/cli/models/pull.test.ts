import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMBEDDERS, loadCard } from '../../../src/vision/models.js';
import { type CatalogueEntry, loadCatalogue } from '../../../src/vision/own/catalogue.js';
import { missingPackages } from '../../../src/vision/runtimes/installed.js';
import { CLI, runModels as run } from '../../support/likeness.js';
import {
  catalogued,
  GRAPH_FILES,
  serveFiles,
  writeCatalogue,
} from '../../support/small-catalogue.js';
import { SMALL_DIMENSION, writeGraphModel, writeOnnxModel } from '../../support/small-models.js';

const { root, server, fresh } = await serveFiles('pull');
const withOnnx = missingPackages('onnxruntime').length === 0;
const onnxNote = withOnnx ? '' : ' (skipped: onnxruntime-node is not installed)';

/** A catalogue with one model whose files the server has. */
function cataloguedFiles(
  over: Partial<CatalogueEntry> = {},
  format: 'onnx' | 'tfjs-graph' = 'tfjs-graph',
) {
  const { place, id } = fresh();
  const source = join(place, 'source');
  if (format === 'onnx') {
    mkdirSync(source);
    writeOnnxModel(join(source, 'net.onnx'), 2);
  } else writeGraphModel(source, 1);
  const names = format === 'onnx' ? ['net.onnx'] : Object.keys(GRAPH_FILES);
  const path = (name: string): string => `/${id}/${name}`;
  const files = names.map((name) => {
    const content = readFileSync(join(source, name));
    return { ...catalogued(name, content), urls: [server.put(path(name), content)] };
  });
  const catalogue = writeCatalogue(place, { format, files, ...over });
  return { ...catalogue, source, files, path: (at: number) => path(names[at]!) };
}

describe('likeness models pull', () => {
  it('downloads, checks, records and adds a model, with its licence', async () => {
    const { directory, pull, list, files } = cataloguedFiles();
    const pulled = await pull('--name', 'mine');
    expect(pulled).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        new RegExp(
          `^CC0-1.0: no rights are kept.\nmine: ${SMALL_DIMENSION} numbers from 112 × 112`,
        ),
      ) as string,
    });
    for (const { path } of files)
      expect(pulled.stderr).toMatch(new RegExp(`${path}: .*\\(100 %\\)`));
    expect(await run(directory, 'verify')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('ok     mine: 3 checksums agree') as string,
    });
    // No second copy stays.
    expect(readdirSync(directory)).toEqual(['mine']);
    expect((await list()).stdout).toMatch(/small +196 +0\.0 MB +CC0-1\.0 +A small net/);
    expect((await pull('--name', 'mine')).stderr).toContain('there is a model mine in');
  });

  it('goes on after it was killed half-way', async () => {
    const { directory, catalogue, pull, path } = cataloguedFiles();
    const half = new Promise<void>((reached) =>
      server.next(path(2), (_, response) => {
        response.writeHead(200, { 'content-length': 11_304 });
        response.write(Buffer.alloc(1), () => reached());
      }),
    );
    const env = { PATH: process.env['PATH'], LIKENESS_MODEL_DIRECTORY: directory };
    const args = [CLI, 'models', 'pull', 'small', '--catalogue', catalogue];
    const child = execFile(process.execPath, args, { env });
    const ended = new Promise((over) => child.once('exit', over));
    await half;
    child.kill('SIGKILL');
    await ended;
    expect((await run(directory, 'list')).stdout).not.toContain('small');
    server.asked.length = 0;
    expect(await pull()).toMatchObject({ code: 0 });
    // What came whole is not asked for again.
    expect(new Set(server.asked.map((asked) => asked.path))).toEqual(new Set([path(2)]));
    expect(readdirSync(directory)).toEqual(['small']);
  });

  it('takes the files from a folder, under their names or under the model’s', async () => {
    const { source, directory, pull } = cataloguedFiles();
    server.asked.length = 0;
    expect(await pull('--from', source)).toMatchObject({ code: 0 });
    const named = join(directory, '../named');
    cpSync(source, join(named, 'small'), { recursive: true });
    writeFileSync(join(named, 'model.json'), 'of another model');
    expect(await pull('--from', named, '--name', 'again')).toMatchObject({ code: 0 });
    expect(server.asked).toEqual([]);
    // The operator's own files are copied, not shared.
    writeFileSync(join(source, 'shard1.bin'), 'other');
    expect(await run(directory, 'verify')).toMatchObject({ code: 0 });
  });

  it('says what is missing or wrong in a folder', async () => {
    const { source, pull, files } = cataloguedFiles();
    const { sha256, bytes, urls } = files[0]!;
    expect((await pull('--from', root)).stderr).toContain(
      `holds no small/model.json and no model.json (${bytes} bytes, sha256 ${sha256}); it is to be had at ${urls[0]}`,
    );
    const shard = join(source, 'shard1.bin');
    writeFileSync(shard, Buffer.alloc(1000));
    expect((await pull('--from', source)).stderr).toMatch(
      /shard1\.bin has the sha256 [0-9a-f]{64}/,
    );
    writeFileSync(shard, Buffer.alloc(10));
    expect((await pull('--from', source)).stderr).toContain('shard1.bin has 10 bytes');
  });

  it('takes the files from a mirror', async () => {
    const { source, pull } = cataloguedFiles();
    for (const name of Object.keys(GRAPH_FILES))
      server.put(`/mirror/small/${name}`, readFileSync(join(source, name)));
    server.asked.length = 0;
    expect(await pull('--from', `${server.origin}/mirror/`)).toMatchObject({ code: 0 });
    expect(server.asked.map(({ path }) => path)).toEqual(
      Object.keys(GRAPH_FILES).map((name) => `/mirror/small/${name}`),
    );
  });

  it('names URL, size, checksum and the way without a network', async () => {
    const { pull, files, directory, path } = cataloguedFiles();
    const { bytes, sha256 } = files[1]!;
    const url = server.put(path(1), Buffer.alloc(bytes));
    const { code, stderr } = await pull();
    expect(code).toBe(1);
    expect(stderr).toContain(`shard1.bin (${bytes} bytes, sha256 ${sha256}) cannot be had`);
    expect(stderr).toContain(`  ${url}\n    it has other content`);
    expect(stderr).toContain('likeness models pull small --from FOLDER');
    expect(existsSync(join(directory, 'small'))).toBe(false);
  });

  it('asks for the acceptance of a licence that rules out uses, before anything is sent', async () => {
    const { pull, list } = cataloguedFiles({
      mustAccept: true,
      licence: { weights: 'Research only', text: 'For non-commercial research only.' },
    });
    expect((await list()).stdout).toContain('Research only (--accept-license)');
    server.asked.length = 0;
    const refused = await pull();
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      'small is not free for every use: For non-commercial research only.\nPull it with --accept-license',
    );
    expect(server.asked).toEqual([]);
    expect(await pull('--accept-license')).toMatchObject({ code: 0 });
  });

  it('refuses a model that is not what the catalogue says, and keeps the download', async () => {
    const { pull, directory } = cataloguedFiles({ dimension: 512 });
    const { code, stderr } = await pull();
    expect(code).toBe(1);
    expect(stderr).toContain(`gives ${SMALL_DIMENSION} numbers`);
    expect(readdirSync(directory)).toEqual(['.downloads']);
  });

  it('names the models there are for one that is not', async () => {
    const { code, stderr } = await run(join(root, 'none'), 'pull', 'arcfase');
    expect(code).toBe(1);
    expect(stderr).toContain(
      'the catalogue has no model arcfase, only sface, auraface, buffalo_l, buffalo_s, antelopev2, faceres, faceplugin',
    );
  });

  it.runIf(withOnnx)(`pulls an ONNX file${onnxNote}`, async () => {
    const { directory, pull } = cataloguedFiles({}, 'onnx');
    expect(await pull()).toMatchObject({ code: 0 });
    expect(await run(directory, 'verify')).toMatchObject({ code: 0 });
  });

  it.skipIf(withOnnx)('says what to install before it downloads an ONNX file', async () => {
    const { pull } = cataloguedFiles({}, 'onnx');
    server.asked.length = 0;
    expect((await pull()).stderr).toContain('npm install onnxruntime-node');
    expect(server.asked).toEqual([]);
  });
});

describe('the catalogue', () => {
  it('that comes along pins every file, over https, and says where its checksum is from', async () => {
    const entries = await loadCatalogue();
    expect(entries.map(({ name, mustAccept }) => [name, mustAccept])).toEqual([
      ['sface', false],
      ['auraface', false],
      ['buffalo_l', true],
      ['buffalo_s', true],
      ['antelopev2', true],
      ['faceres', true],
      ['faceplugin', true],
      ['dlib-faceres', true],
      ['dlib-faceplugin', true],
    ]);
    for (const { evidence, licence } of entries) {
      expect(evidence).not.toBe('');
      expect(licence.text).not.toBe('');
    }
    const nets = entries.flatMap((entry) => (entry.format === 'fusion' ? [] : [entry]));
    for (const { archive, files } of nets) {
      const urls = [archive, ...files].flatMap((source) => source?.urls ?? []);
      expect(urls).not.toEqual([]);
      for (const url of urls) expect(url).toMatch(/^https:\/\//);
    }
    const contents = nets.flatMap(({ files }) => files.map(({ sha256 }) => sha256));
    expect(new Set(contents).size).toBe(contents.length);
  });

  it('gives every model a FaceModelVersion that no other one has', async () => {
    const own = await Promise.all(EMBEDDERS.map((name) => loadCard(name, 'embedder')));
    const known = (await loadCatalogue()).map(({ card }) => card?.version ?? 'none');
    const versions = [...own.map(({ version }) => version), ...known];
    for (const version of versions) expect(version).toMatch(/^\d+\.\d+$/);
    expect(new Set(versions).size).toBe(versions.length);
  });

  const wrong = async (change: (model: Record<string, unknown>) => void): Promise<string> => {
    const model = structuredClone((await loadCatalogue())[0]!) as unknown as Record<
      string,
      unknown
    >;
    change(model);
    const path = join(root, 'wrong.json');
    writeFileSync(path, JSON.stringify({ models: [model] }));
    return loadCatalogue(path).then(
      () => '',
      (error: Error) => error.message,
    );
  };

  it.each([
    ['mustAccept', undefined, 'models[0].mustAccept is missing, expected true or false'],
    ['family', 'toString', 'models[0].family is "toString", expected one of arcface'],
    ['files', [], 'models[0].files is [], expected a list of files'],
    ['files', [{ path: '../x' }], 'models[0].files[0].path is "../x", expected the name of a file'],
    [
      'files',
      [{ path: 'x.onnx', role: 'onnx', bytes: 1, sha256: 'ab', urls: ['https://x'] }],
      'models[0].files[0].sha256 is "ab", expected 64',
    ],
    [
      'files',
      [{ path: 'x.onnx', role: 'onnx', bytes: 1, sha256: 'a'.repeat(64), urls: ['file:///x'] }],
      'expected a list of http or https URLs',
    ],
  ])('of the operator with a wrong %s is refused: %j', async (member, value, message) => {
    expect(await wrong((model) => (model[member] = value))).toContain(message);
  });
});

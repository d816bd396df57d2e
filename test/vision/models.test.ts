import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checkCurve } from '../../src/domain/calibration.js';
import { carriesOver, comesAlongWith } from '../../src/domain/ids.js';
import { cosineFloor, similarityOf } from '../../src/domain/similarity.js';
import { OperatorError } from '../../src/errors.js';
import type { EmbedderCard } from '../../src/vision/cards.js';
import {
  ATTRIBUTE_MODELS,
  DEFAULT_MODELS,
  EMBEDDERS,
  embeddingModel,
  loadCard,
  loadModelFiles,
} from '../../src/vision/models.js';

const modules = resolve(import.meta.dirname, '../../node_modules');
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A copy of a model's package with only its model files. */
function packageCopy(card: EmbedderCard): string {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-models-'));
  folders.push(folder);
  for (const { path } of card.files)
    cpSync(join(modules, card.source.package!, path), join(folder, path), { recursive: true });
  return folder;
}

const embedder = (): Promise<EmbedderCard> => loadCard(DEFAULT_MODELS.embedder, 'embedder');

describe('model files', () => {
  it('load with every card of models/ when they are as published', async () => {
    const models = [
      ['detector', DEFAULT_MODELS.detector] as const,
      ['landmarks', DEFAULT_MODELS.landmarks] as const,
      ...EMBEDDERS.map((name) => ['embedder', name] as const),
      ...Object.values(ATTRIBUTE_MODELS).map((name) => ['attributes', name] as const),
    ];
    for (const [task, name] of models) {
      const card = await loadCard(name, task);
      const files = await loadModelFiles(card);
      for (const { role } of card.files) expect(files.file(role).length).toBeGreaterThan(1000);
    }
    const cards = readdirSync(resolve(import.meta.dirname, '../../models'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(cards.toSorted()).toEqual(models.map(([, name]) => name).toSorted());
  });

  it('are refused when a byte was altered, in one line with expectation and remedy', async () => {
    const card = await embedder();
    const root = packageCopy(card);
    const { path, sha256 } = card.files.find((file) => file.role === 'weights')!;
    const bytes = readFileSync(join(root, path));
    bytes[1000] = bytes[1000]! ^ 1;
    writeFileSync(join(root, path), bytes);
    const error = await loadModelFiles(card, root).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OperatorError);
    const { message } = error as OperatorError;
    expect(message).toContain(join(root, path));
    expect(message).toContain(sha256);
    expect(message).toMatch(/found [0-9a-f]{64}; run `npm ci`$/);
    expect(message).not.toContain('\n');
  });

  it('are refused when one is missing', async () => {
    const card = await embedder();
    const root = packageCopy(card);
    rmSync(join(root, card.files[0]!.path));
    await expect(loadModelFiles(card, root)).rejects.toThrow(OperatorError);
    await expect(loadModelFiles(card, root)).rejects.toThrow(
      /found no readable file; run `npm ci`/,
    );
  });

  it('are refused when the package that carries them is not installed', async () => {
    const card = await embedder();
    const absent = { ...card, source: { ...card.source, package: '@likeness/no-such-package' } };
    await expect(loadModelFiles(absent)).rejects.toThrow(
      /@likeness\/no-such-package .* is not installed; run `npm ci`/,
    );
  });

  it('need a card, for the right task', async () => {
    await expect(loadCard('no-such-model', 'embedder')).rejects.toThrow(OperatorError);
    await expect(loadCard('facemesh', 'embedder')).rejects.toThrow('is for landmarks');
  });
});

describe('the identity of an embedder', () => {
  it('changes with everything that moves an embedding and with nothing else', async () => {
    const card = await embedder();
    const { id } = embeddingModel(card);
    const [first, ...files] = card.files;
    const moved: EmbedderCard[] = [
      { ...card, mirrorAverage: !card.mirrorAverage },
      { ...card, scales: [0.94, 1.12] },
      { ...card, input: { ...card.input, order: 'BGR' } },
      { ...card, input: { ...card.input, divisor: 256 } },
      { ...card, files: [{ ...first!, sha256: '0'.repeat(64) }, ...files] },
      {
        ...card,
        alignment: {
          ...card.alignment,
          template: card.alignment.template.map(([x, y]) => [x + 1, y]),
        },
      },
    ];
    const ids = moved.map((changed) => embeddingModel(changed).id);
    expect(new Set([id, ...ids]).size).toBe(moved.length + 1);
    const same: EmbedderCard = {
      ...card,
      title: 'another title',
      input: { ...card.input, maxBatch: 1 },
      calibration: { ...card.calibration!, version: 'another' },
    };
    expect(embeddingModel(same).id).toBe(id);
  });

  it('tells which model it is with a cohort added, by whatever name, and no other', async () => {
    const cards = await Promise.all(EMBEDDERS.map((name) => loadCard(name, 'embedder')));
    const models = cards.map(embeddingModel);
    const pairs = models.flatMap((to) =>
      models.filter(({ id }) => carriesOver(id, to)).map((from) => `${from.name} → ${to.name}`),
    );
    expect(pairs).toEqual([
      'dlib-resnet → dlib-cohort',
      'dlib-resnet-two-scales → dlib-cohort-two-scales',
    ]);
    const card = await embedder();
    const { id } = embeddingModel(await loadCard('dlib-resnet', 'embedder'));
    expect(carriesOver(id, embeddingModel({ ...card, name: 'face' }))).toBe(true);
    expect(carriesOver(id, embeddingModel({ ...card, mirrorAverage: false }))).toBe(false);
    const { title, version, licence, source } = card;
    const parts = [1, 2].map((weight) => ({ model: card.name, weight, card }));
    const said = { name: 'both', title, version, licence, source, parts };
    const fusion = embeddingModel({ ...said, task: 'embedder', format: 'fusion' });
    expect(cards.some((from) => carriesOver(embeddingModel(from).id, fusion))).toBe(false);
  });

  it('tells which models run its nets for nothing else, known or by their id', async () => {
    const cards = await Promise.all(EMBEDDERS.map((name) => loadCard(name, 'embedder')));
    const models = cards.map(embeddingModel);
    const pairs = models.flatMap((model) =>
      models
        .filter(({ id }) => id !== model.id && comesAlongWith(id, model, models))
        .map(({ name }) => `${name} with ${model.name}`),
    );
    expect(pairs).toEqual([
      'dlib-resnet with dlib-cohort',
      'dlib-resnet-two-scales with dlib-cohort-two-scales',
      'dlib-cohort with dlib-resnet',
      'dlib-cohort-two-scales with dlib-resnet-two-scales',
    ]);
    // Of the plain model the id says enough, of that with a cohort only its card.
    const [spread, , plain, unmirrored] = models.map(({ id }) => id);
    expect(comesAlongWith(plain!, models[0]!, [])).toBe(true);
    expect(comesAlongWith(spread!, models[2]!, [])).toBe(false);
    const parts = [cards[0]!, cards[3]!].map((card) => ({ model: card.name, weight: 1, card }));
    const { title, version, licence, source } = cards[0]!;
    const said = { name: 'both', title, version, licence, source, parts };
    const fusion = embeddingModel({ ...said, task: 'embedder', format: 'fusion' });
    for (const id of [spread!, plain!, unmirrored!])
      expect(comesAlongWith(id, fusion, models)).toBe(true);
    expect(comesAlongWith(fusion.id, models[0]!, [...models, fusion])).toBe(false);
  });

  it('comes with a calibration whose anchors are those written on the card', async () => {
    const calibration = (await embedder()).calibration!;
    const [cosines, logs] = [0, 1].map((k) => calibration.points.map((point) => point[k]!));
    expect(cosines).toEqual(cosines!.toSorted((a, b) => a - b));
    expect(logs).toEqual(logs!.toSorted((a, b) => b - a));
    expect(embeddingModel(await embedder()).calibration).toEqual({
      version: calibration.version,
      exponent: calibration.exponent,
      points: calibration.points,
      gains: calibration.gains,
    });
    expect(() => checkCurve(calibration)).not.toThrow();
    expect(calibration.gains?.length).toBe(calibration.points.length);
    const anchors = calibration['anchors'] as { similarity: number; cosine: number; fmr: number }[];
    expect(anchors.map(({ similarity }) => similarity)).toEqual([50, 75, 80, 90, 99]);
    for (const { similarity, cosine, fmr } of anchors) {
      expect(Math.abs(similarityOf(calibration, cosine) - similarity)).toBeLessThan(0.5);
      expect(Math.abs(cosineFloor(calibration, similarity) - cosine)).toBeLessThan(0.001);
      expect(fmr / (1 - similarity / 100) ** 5).toBeCloseTo(1, 1);
    }
  });
});

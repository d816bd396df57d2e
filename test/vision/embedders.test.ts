import { beforeAll, expect, it } from 'vitest';
import { modelIdOf } from '../../src/domain/ids.js';
import { builtIn, EMBEDDERS, embeddingModel, loadCard } from '../../src/vision/models.js';
import { loadNets } from '../../src/vision/nets.js';
import type { EmbeddingCard } from '../../src/vision/parts.js';
import { Pipeline } from '../../src/vision/pipeline.js';
import type { Nets } from '../../src/vision/runtimes/runtime.js';
import { startRuntime } from '../../src/vision/runtimes/start.js';
import { EVERYTHING, SAMPLE_FACES, sample } from './photos.js';

const [COHORT, COHORT_TWICE, PLAIN, UNMIRRORED] = EMBEDDERS;
const FACES = SAMPLE_FACES[0];

/** How many images the embedding net was run with. */
let images = 0;
let nets: Nets;
let card: (name: string) => EmbeddingCard;
let id: (name: string) => string;

beforeAll(async () => {
  const cards = new Map<string, EmbeddingCard>();
  for (const name of EMBEDDERS) cards.set(name, await loadCard(name, 'embedder'));
  cards.set('both', fusionOf(cards));
  card = (name) => cards.get(name)!;
  id = (name) => embeddingModel(card(name)).id;
  const loaded = await loadNets(await startRuntime('tfjs-wasm'), EMBEDDERS.map(builtIn));
  const counted = new Set<string>(EMBEDDERS);
  nets = new Map(
    [...loaded.nets].map(([name, net]) => [
      name,
      {
        ...net,
        run: (pixels, batch) => {
          if (counted.has(name)) images += batch;
          return net.run(pixels, batch);
        },
      },
    ]),
  );
});

/** A model that sees the face as the default does, and once more without its mirror image. */
function fusionOf(cards: ReadonlyMap<string, EmbeddingCard>): EmbeddingCard {
  const parts = [COHORT, UNMIRRORED].map((model) => ({
    model,
    weight: 1,
    card: cards.get(model) as Exclude<EmbeddingCard, { format: 'fusion' }>,
  }));
  const { title, version, licence, source } = cards.get(COHORT)!;
  const said = { title, version, licence, source, parts };
  return { ...said, name: 'both', task: 'embedder', format: 'fusion' };
}

/** What a pipeline of some models makes of the faces of a photo, face by face, and how many images its net was run with. */
async function embedded(
  names: readonly string[],
  models: readonly string[],
): Promise<{ images: number; embeddings: Float32Array[][] }> {
  const pipeline = await Pipeline.create(nets, 50_000_000, names.map(card));
  images = 0;
  const { faces } = await pipeline.analyse(sample(1), { ...EVERYTHING, models });
  expect(faces).toHaveLength(FACES);
  return {
    images,
    embeddings: faces.map(({ embedding, further = [] }) => [embedding!, ...further]),
  };
}

it.each([
  // The face and its mirror image.
  [[COHORT, PLAIN], 2],
  [[PLAIN, COHORT], 2],
  // At two sizes it sees something else.
  [[PLAIN, COHORT_TWICE, COHORT], 6],
  [['both', PLAIN], 3],
])(
  '%j run the net for %i images a face, and each gives what it gives alone',
  async (names, runs) => {
    const together = await embedded(names, names.map(id));
    expect(together.images).toBe(runs * FACES);
    for (const [at, name] of names.entries()) {
      const { embeddings } = await embedded([name], [id(name)]);
      expect(together.embeddings.map((each) => each[at])).toEqual(embeddings.map(([one]) => one));
    }
  },
);

it('one with a cohort gives the embeddings without it, too, whatever the other is called', async () => {
  const digest = id(PLAIN).replace(/^.*-/, '');
  const plain = modelIdOf('as-it-was-called', digest);
  const found = await embedded([COHORT], [id(COHORT), plain]);
  expect(found.images).toBe(2 * FACES);
  const { embeddings } = await embedded([PLAIN], [id(PLAIN)]);
  expect(found.embeddings.map(([, without]) => without)).toEqual(embeddings.map(([one]) => one));
  await expect(embedded([PLAIN], [id(COHORT)])).rejects.toThrow('the pipeline has no embedder');
  await expect(embedded([COHORT], [id(UNMIRRORED)])).rejects.toThrow('has no embedder');
});

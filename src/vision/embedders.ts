import { isIdOf } from '../domain/ids.js';
import type { EmbedderCard } from './cards.js';
import { cohortNormalisation } from './cohort.js';
import { Embedder } from './embed.js';
import { embeddingModel, runDigestOf } from './models.js';
import { type EmbeddingCard, fused, type LoadedPart, partsOf } from './parts.js';
import type { Net } from './runtimes/runtime.js';

/** The runs of one net that an embedding is made of. */
interface Run {
  card: EmbedderCard;
  embedder: Embedder;
}

/** A net of an embedding model, with what is done to its embeddings. */
interface ModelPart extends LoadedPart {
  run: Run;
  spread: (embedding: Float32Array) => Float32Array;
}

/**
 * The embedding models of a pipeline, ready to run. Those that agree in everything up to a cohort are made of the same runs
 * of a net; where an image is embedded with several, each run happens once.
 */
export class Embedders {
  /** By their digest: see `runDigestOf`. */
  readonly #runs = new Map<string, Run>();
  /** By the id of the model, the default first. */
  readonly #models = new Map<string, readonly ModelPart[]>();

  /** @param net the net of this name, warm. */
  constructor(cards: readonly EmbeddingCard[], net: (name: string) => Net) {
    for (const model of cards)
      this.#models.set(
        embeddingModel(model).id,
        partsOf(model).map((part) => ({
          ...part,
          run: this.#runOf(part.card, net),
          spread: part.card.cohort ? cohortNormalisation(part.card.cohort) : asItIs,
        })),
      );
  }

  #runOf(card: EmbedderCard, net: (name: string) => Net): Run {
    const digest = runDigestOf(card);
    const run = this.#runs.get(digest) ?? { card, embedder: new Embedder(net(card.name), card) };
    this.#runs.set(digest, run);
    return run;
  }

  /** Id of the model that is used unless a request names others. */
  get first(): string {
    const [id] = this.#models.keys();
    if (id === undefined) throw new Error('there is no embedder');
    return id;
  }

  /**
   * The embeddings of faces by each of these models, one list a model.
   *
   * @param ids of models given, or of those that one of these is with a cohort added or has as its part.
   * @param chipsOf the aligned faces, as a card has them: see `alignedChips`.
   */
  async embed(
    ids: readonly string[],
    chipsOf: (card: EmbedderCard) => Float32Array[][],
  ): Promise<Float32Array[][]> {
    const done = new Map<Run, Float32Array[]>();
    const embeddings: Float32Array[][] = [];
    for (const id of ids) {
      const parts = this.#partsOf(id);
      const byPart: Float32Array[][] = [];
      for (const { run, spread } of parts) {
        const plain = done.get(run) ?? (await run.embedder.embed(chipsOf(run.card)));
        done.set(run, plain);
        byPart.push(plain.map(spread));
      }
      embeddings.push(
        byPart[0]!.map((_, face) =>
          fused(
            parts,
            byPart.map((all) => all[face]!),
          ),
        ),
      );
    }
    return embeddings;
  }

  #partsOf(id: string): readonly Pick<ModelPart, 'run' | 'spread' | 'model' | 'weight'>[] {
    const parts = this.#models.get(id);
    if (parts) return parts;
    for (const [digest, run] of this.#runs)
      if (isIdOf(id, digest)) return [{ run, spread: asItIs, model: id, weight: 1 }];
    throw new Error(`the pipeline has no embedder ${id}`);
  }
}

const asItIs = (embedding: Float32Array): Float32Array => embedding;

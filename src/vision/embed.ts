import { scalesOf } from './align.js';
import type { EmbedderCard } from './cards.js';
import { mirror } from './image.js';
import { type Net, RuntimeFault } from './runtimes/runtime.js';
import { directionOf } from './unit.js';

/** How often the net runs for one face. */
export const viewsOf = (card: EmbedderCard): number =>
  scalesOf(card).length * (card.mirrorAverage ? 2 : 1);

/** Aligned faces to embeddings. */
export class Embedder {
  readonly #net: Net;
  readonly #card: EmbedderCard;

  constructor(net: Net, card: EmbedderCard) {
    this.#net = net;
    this.#card = card;
  }

  /**
   * One embedding a face: the mean over its chips and, where the card says so, their mirror images, of unit length, less
   * the card's centre where it has one. A cohort has not spread it yet: see `Embedders`.
   *
   * @param faces the chips of each, as many as the card has scales: see `alignedChips`.
   * @throws RuntimeFault when the net gives something that is not a finite direction.
   */
  async embed(faces: readonly (readonly Float32Array[])[]): Promise<Float32Array[]> {
    const { input, mirrorAverage } = this.#card;
    const { maxBatch } = this.#net;
    const views = faces.flatMap((chips) =>
      chips.flatMap((chip) => (mirrorAverage ? [chip, mirror(chip, input.size)] : [chip])),
    );
    const raw: Float32Array[] = [];
    for (let start = 0; start < views.length; start += maxBatch)
      raw.push(...(await this.#run(views.slice(start, start + maxBatch))));
    const perFace = viewsOf(this.#card);
    return faces.map((_, index) => {
      const embedding = unitSum(raw.slice(index * perFace, (index + 1) * perFace));
      const { centre } = this.#card;
      return centre ? unit(embedding.map((value, k) => value - centre[k]!)) : embedding;
    });
  }

  async #run(views: readonly Float32Array[]): Promise<Float32Array[]> {
    const length = views[0]!.length;
    const batch = new Float32Array(views.length * length);
    for (const [index, view] of views.entries()) batch.set(view, index * length);
    const [numbers] = await this.#net.run(batch, views.length);
    const dimension = this.#card.outputs[0]!.length;
    return views.map((_, index) => numbers!.subarray(index * dimension, (index + 1) * dimension));
  }
}

/** The direction of the sum. */
function unitSum(vectors: readonly Float32Array[]): Float32Array {
  const sum = new Float32Array(vectors[0]!.length);
  for (const vector of vectors) for (const [k, value] of vector.entries()) sum[k] = sum[k]! + value;
  return unit(sum);
}

function unit(vector: Float32Array): Float32Array {
  const direction = directionOf(vector);
  if (direction) return direction;
  throw new RuntimeFault(
    `the embedder gave a vector of length ${Math.hypot(...vector)}, expected a finite direction`,
  );
}

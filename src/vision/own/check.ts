import { OperatorError } from '../../errors.js';
import type { EmbedderCard } from '../cards.js';
import { Embedder } from '../embed.js';
import { referenceImages } from '../runtimes/parity.js';
import { type Net, RuntimeFault } from '../runtimes/runtime.js';
import { dot } from '../unit.js';

const SEED = 7;

/** Above this two different images have one embedding. */
const ALIKE = 1 - 1e-6;

/** What a run of several images must keep to what each gives alone. */
const BATCH_COSINE = 0.9999;

/**
 * Runs an embedder on two made-up images and looks at what comes out: finite numbers with a direction, and
 * another direction for another image.
 *
 * @throws OperatorError that says what is wrong.
 */
export async function checkEmbedder(card: EmbedderCard, net: Net): Promise<void> {
  const [first, second] = await embeddings(card, { ...net, maxBatch: 1 });
  if (dot(first!, second!) > ALIKE)
    throw new OperatorError(
      `the model ${card.name} gives the same embedding for different images: look at its output, scale and layout`,
    );
}

/** Whether a run of two images gives what two runs of one do; nets frozen with a batch of one do not. */
export async function takesBatches(card: EmbedderCard, net: Net): Promise<boolean> {
  const alone = await embeddings(card, { ...net, maxBatch: 1 });
  try {
    const together = await embeddings(card, { ...net, maxBatch: 2 });
    return together.every((vector, index) => dot(vector, alone[index]!) >= BATCH_COSINE);
  } catch (error) {
    if (error instanceof RuntimeFault || error instanceof OperatorError) return false;
    throw error;
  }
}

async function embeddings(card: EmbedderCard, net: Net): Promise<Float32Array[]> {
  const { size } = card.input;
  const each = size * size * 3;
  const pixels = referenceImages(SEED, 2, size);
  const embedder = new Embedder(net, { ...card, mirrorAverage: false, scales: [1] });
  try {
    return await embedder.embed([[pixels.slice(0, each)], [pixels.slice(each)]]);
  } catch (error) {
    if (error instanceof RuntimeFault)
      throw new OperatorError(`the model ${card.name} cannot be used: ${error.message}`, {
        cause: error,
      });
    throw error;
  }
}

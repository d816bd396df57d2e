import { OperatorError } from '../../errors.js';
import type { ModelCard } from '../cards.js';
import type { Net } from './runtime.js';

/** models/<name>/reference.json: what a net gives for images that anyone can make from a seed. */
export interface Reference {
  /** Seed of `referenceImages`. */
  seed: number;
  images: number;
  /** The runtime that computed it and its version. */
  recordedWith: string;
  /** SHA-256 of the weights it was computed with, as on the card. */
  weights: readonly string[];
  /** By output of the card: for each image the numbers at `sampled` places. */
  outputs: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/** The part of a reference that one image gives. */
export const firstImageOf = (reference: Reference): Reference => ({
  ...reference,
  images: 1,
  outputs: Object.fromEntries(
    Object.entries(reference.outputs).map(([name, images]) => [name, images.slice(0, 1)]),
  ),
});

/** How far a runtime is from a reference, at the worst output of the worst image. */
export interface Parity {
  cosine: number;
  /** Distance over the spread of the reference: unlike the cosine it notices when only the common offset agrees. */
  deviation: number;
}

/** Makes of a parity the worse of itself and another. */
export function takeWorse(worst: Parity, { cosine, deviation }: Parity): void {
  worst.cosine = Math.min(worst.cosine, cosine);
  worst.deviation = Math.max(worst.deviation, deviation);
}

/** What a runtime must keep to be used. Runtimes measured so far: cosine 1 − 1e-10 and deviation below 2e-5. */
export const PARITY_LIMITS = { cosine: 0.9999, deviation: 0.01 } as const;

/** So many numbers of an output are compared: the detector has 8,192. */
const SAMPLES = 128;

/** The weights a card names, in a form to compare. */
export const weightsOf = (card: ModelCard): string[] => card.files.map(({ sha256 }) => sha256);

/**
 * Images for a net: soft coloured spots on a plain ground, from a seed. Nothing in them is anyone's face, and
 * they excite every layer.
 *
 * @returns `images` × size × size × 3 numbers 0–255.
 */
export function referenceImages(seed: number, images: number, size: number): Float32Array {
  const random = mulberry32(seed);
  const pixels = new Float32Array(images * size * size * 3);
  for (let image = 0; image < images; image++) {
    const target = pixels.subarray(image * size * size * 3, (image + 1) * size * size * 3);
    target.set([random(), random(), random()].map((part) => 60 + 120 * part));
    for (let at = 3; at < target.length; at *= 2) target.copyWithin(at, 0, at);
    for (let spot = 0; spot < SPOTS; spot++) addSpot(target, size, random);
    for (let at = 0; at < target.length; at++)
      target[at] = Math.min(255, Math.max(0, Math.round(target[at]!)));
  }
  return pixels;
}

const SPOTS = 24;

function addSpot(pixels: Float32Array, size: number, random: () => number): void {
  const [x, y] = [random() * size, random() * size];
  const radius = size * (0.03 + 0.15 * random());
  const colour = [random(), random(), random()].map((part) => 240 * (part - 0.5));
  const reach = Math.ceil(2.5 * radius);
  // A spot is the product of its rows and columns: an exponential for each of these, not for each pixel.
  const extent = (centre: number) => ({
    from: Math.max(0, Math.floor(centre - reach)),
    to: Math.min(size, centre + reach),
    shares: Array.from({ length: size }, (_, at) => Math.exp(-((at - centre) ** 2) / radius ** 2)),
  });
  const [across, down] = [extent(x), extent(y)];
  const [red, green, blue] = colour as [number, number, number];
  for (let v = down.from; v < down.to; v++)
    for (let u = across.from; u < across.to; u++) {
      const share = across.shares[u]! * down.shares[v]!;
      const at = (v * size + u) * 3;
      pixels[at]! += share * red;
      pixels[at + 1]! += share * green;
      pixels[at + 2]! += share * blue;
    }
}

/** Numbers 0 ≤ x < 1, the same on every machine. */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What every reference is recorded with. */
const RECORDED = { seed: 20260, images: 2 } as const;

/** Records what a net gives, for `checkParity` to hold every runtime to. */
export async function recordReference(
  card: ModelCard,
  net: Net,
  recordedWith: string,
): Promise<Reference> {
  const outputs = await sampledOutputs(card, net, RECORDED);
  return {
    ...RECORDED,
    recordedWith,
    weights: weightsOf(card),
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([name, images]) => [
        name,
        images.map((numbers) => numbers.map((number) => Number(number.toPrecision(7)))),
      ]),
    ),
  };
}

/** Runs a net on the reference images and picks the compared numbers: the content of a `Reference`. */
export async function sampledOutputs(
  card: ModelCard,
  net: Net,
  { seed, images }: Pick<Reference, 'seed' | 'images'>,
): Promise<Record<string, number[][]>> {
  const { size } = card.input;
  const each = size * size * 3;
  const pixels = referenceImages(seed, images, size);
  const outputs: Record<string, number[][]> = {};
  for (let first = 0; first < images; first += net.maxBatch) {
    const batch = Math.min(net.maxBatch, images - first);
    const values = await net.run(pixels.slice(first * each, (first + batch) * each), batch);
    for (const [index, { name, length }] of card.outputs.entries())
      for (let image = 0; image < batch; image++)
        (outputs[name] ??= []).push(
          sampled(values[index]!.subarray(image * length, (image + 1) * length)),
        );
  }
  return outputs;
}

function sampled(values: Float32Array): number[] {
  const count = Math.min(SAMPLES, values.length);
  return Array.from({ length: count }, (_, k) => values[Math.floor((k * values.length) / count)]!);
}

/**
 * Compares a net with its reference. A first run in any case, so it also warms the net up.
 *
 * @throws OperatorError when the net gives other numbers than recorded, or the reference is another net's.
 */
export async function checkParity(
  card: ModelCard,
  net: Net,
  reference: Reference,
): Promise<Parity> {
  if (weightsOf(card).join() !== reference.weights.join())
    throw new OperatorError(
      `model ${card.name}: its reference was recorded with other weights than its card names; restore both from the release`,
    );
  const found = await sampledOutputs(card, net, reference);
  const worst: Parity = { cosine: 1, deviation: 0 };
  for (const [name, expected] of Object.entries(reference.outputs))
    for (const [image, numbers] of expected.entries())
      takeWorse(worst, compare(found[name]?.[image] ?? [], numbers));
  // Not `cosine < limit`: a comparison with NaN is false.
  const { cosine, deviation } = PARITY_LIMITS;
  if (!(worst.cosine >= cosine && worst.deviation <= deviation))
    throw new OperatorError(
      `model ${card.name} gives other numbers than recorded: cosine ${worst.cosine.toFixed(6)} (at least ${cosine}), deviation ${worst.deviation.toExponential(1)} (at most ${deviation})`,
    );
  return worst;
}

function compare(found: readonly number[], expected: readonly number[]): Parity {
  if (found.length !== expected.length) return { cosine: NaN, deviation: NaN };
  const mean = expected.reduce((sum, value) => sum + value, 0) / expected.length;
  let [dot, foundSquare, expectedSquare, distance, spread] = [0, 0, 0, 0, 0];
  for (const [k, value] of expected.entries()) {
    const other = found[k]!;
    dot += value * other;
    foundSquare += other * other;
    expectedSquare += value * value;
    distance += (value - other) ** 2;
    spread += (value - mean) ** 2;
  }
  // A single number has no direction and no spread: only how far it is off counts, on its own scale of 0–1.
  if (expected.length === 1) return { cosine: 1, deviation: Math.sqrt(distance) };
  return {
    cosine: dot / Math.sqrt(foundSquare * expectedSquare),
    deviation: Math.sqrt(distance / spread),
  };
}

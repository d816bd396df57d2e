import {
  type AgeGender,
  type AttributeName,
  type AttributeReadings,
  EMOTION_TYPES,
  type Expression,
} from '../domain/face.js';
import type { AttributesCard } from './cards.js';
import { squareView } from './geometry.js';
import type { Pyramid } from './image.js';
import { candidateOf, type Mesh } from './landmarks.js';
import { ATTRIBUTE_MODELS, loadCard } from './models.js';
import type { Nets } from './runtimes/runtime.js';

/** A face that attributes are told of. */
type Face = { mesh: Mesh } & Partial<AttributeReadings>;

/** The nets behind attributes that not every request wants. */
export class AttributeNets {
  readonly #nets: Nets;
  readonly #cards: Readonly<Record<AttributeName, AttributesCard>>;

  private constructor(nets: Nets, cards: Readonly<Record<AttributeName, AttributesCard>>) {
    this.#nets = nets;
    this.#cards = cards;
  }

  /**
   * @param nets the nets by the name of their model.
   * @throws OperatorError for an unreadable card.
   */
  static async create(nets: Nets): Promise<AttributeNets> {
    return new AttributeNets(nets, {
      expression: await loadCard(ATTRIBUTE_MODELS.expression, 'attributes'),
      ageGender: await loadCard(ATTRIBUTE_MODELS.ageGender, 'attributes'),
    });
  }

  /** Adds what is wanted to each face. */
  async read(
    image: Pyramid,
    faces: readonly Face[],
    wanted: readonly AttributeName[],
  ): Promise<void> {
    if (faces.length === 0) return;
    for (const name of wanted) {
      const card = this.#cards[name];
      const net = this.#nets.get(card.name);
      if (!net) throw new Error(`the net ${card.name} was not loaded`);
      for (let start = 0; start < faces.length; start += net.maxBatch) {
        const batch = faces.slice(start, start + net.maxBatch);
        const outputs = await net.run(cropsOf(image, batch, card), batch.length);
        for (const [index, face] of batch.entries()) {
          const own = outputs.map((values, output) => {
            const { length } = card.outputs[output]!;
            return values.subarray(index * length, (index + 1) * length);
          });
          READERS[name](face, own, card.reading);
        }
      }
    }
  }
}

/** The faces turned so that their eyes are level, one after the other. */
function cropsOf(
  image: Pyramid,
  faces: readonly Face[],
  { input, reading }: AttributesCard,
): Float32Array {
  const { size } = input;
  const pixels = new Float32Array(faces.length * size * size * 3);
  for (const [index, { mesh }] of faces.entries()) {
    const around = candidateOf(mesh);
    const view = squareView(size, around.centre, around.size * reading.crop, around.angle);
    pixels.set(image.warp(view, size, size), index * size * size * 3);
  }
  return pixels;
}

type Reading = AttributesCard['reading'];

const READERS: Readonly<
  Record<AttributeName, (face: Face, outputs: readonly Float32Array[], reading: Reading) => void>
> = {
  expression: (face, [logits], reading) => {
    face.expression = expressionOf(logits!, reading);
  },
  ageGender: (face, [ages, logits], reading) => {
    face.ageGender = ageGenderOf(ages!, logits!, reading);
  },
};

function expressionOf(logits: Float32Array, { temperature }: Reading): Expression {
  const shares = softmax(meanOfPlaces(logits, EMOTION_TYPES.length), temperature);
  const emotions = EMOTION_TYPES.map((type, index) => ({ type, confidence: 100 * shares[index]! }));
  const happy = emotions.find(({ type }) => type === 'HAPPY')!.confidence;
  return {
    smile: { value: happy >= 50, confidence: Math.max(happy, 100 - happy) },
    emotions: emotions.toSorted((a, b) => b.confidence - a.confidence),
  };
}

function ageGenderOf(ages: Float32Array, logits: Float32Array, reading: Reading): AgeGender {
  const [age] = meanOfPlaces(ages, 1) as [number];
  const { rangeYears = 0, temperature } = reading;
  const [male, female] = softmax(meanOfPlaces(logits, 2), temperature) as [number, number];
  return {
    ageRange: {
      low: Math.max(0, Math.round(age - rangeYears)),
      high: Math.max(0, Math.round(age + rangeYears)),
    },
    gender: {
      value: male >= female ? 'Male' : 'Female',
      confidence: 100 * Math.max(male, female),
    },
  };
}

/** The mean of a map over its places, channel by channel: see `graphs/face-api.ts`. */
function meanOfPlaces(map: Float32Array, channels: number): number[] {
  const sums = Array.from({ length: channels }, () => 0);
  for (const [index, value] of map.entries()) sums[index % channels]! += value;
  return sums.map((sum) => (sum * channels) / map.length);
}

function softmax(logits: readonly number[], temperature: number): number[] {
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp((logit - most) / temperature));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

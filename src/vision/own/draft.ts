import { OperatorError } from '../../errors.js';
import type { EmbedderCard, FusionCard } from '../cards.js';
import { isBuiltIn, MODEL_NAME, type ModelFiles } from '../models.js';
import type { NetShape, Runtime } from '../runtimes/runtime.js';
import { FAMILIES, type FamilyName } from './families.js';
import type { CardDraft, FusionDraft } from './source.js';

/** Images in one run unless the model takes fewer. */
const MAX_BATCH = 128;

/** Fewer numbers than this are no embedding: a net with several outputs has others beside it. */
const LEAST_DIMENSION = 16;

/** The members a draft says, in place of those of `base`; lists are taken whole. */
export function merged<T>(base: T, over: unknown): T {
  if (over === undefined) return base;
  if (!isPlain(base) || !isPlain(over)) return over as T;
  const entries = Object.entries(over).map(([key, value]) => [key, merged(base[key], value)]);
  return { ...base, ...Object.fromEntries(entries) } as T;
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The card before the model was looked at: what its family has in common, then what is said of it.
 *
 * @throws OperatorError for a name that cannot be one, and without a licence.
 */
export function startCard(
  family: FamilyName,
  said: CardDraft,
  { format, files }: Pick<EmbedderCard, 'format' | 'files'>,
): EmbedderCard {
  const { input, alignment } = FAMILIES[family];
  const base = {
    name: '',
    title: said.name ?? '',
    task: 'embedder' as const,
    version: '1.0',
    source: { origin: 'added by the operator' },
    licence: { weights: '', text: '' },
    format,
    files,
    input: { ...input, maxBatch: MAX_BATCH },
    outputs: [{ name: '', meaning: 'the embedding', length: 0 }],
    alignment,
    mirrorAverage: false,
  };
  const card: EmbedderCard = { ...merged<EmbedderCard>(base, said), format, files };
  requireNamed(card);
  return card;
}

/**
 * The card of a fusion: what its draft and then the operator says of it.
 *
 * @throws OperatorError for a name that cannot be one, and without a licence.
 */
export function startFusion(draft: FusionDraft, said: CardDraft): FusionCard {
  const { name, title, version, source, licence } = said;
  const over = { name, title, version, source, licence };
  const base = {
    name: '',
    title: draft.name ?? '',
    version: '1.0',
    source: { origin: 'added by the operator' },
    licence: { weights: '', text: '' },
    parts: [],
  };
  const card = merged<FusionCard>(merged<unknown>(base, draft) as FusionCard, over);
  requireNamed(card);
  return { ...card, task: 'embedder', format: 'fusion' };
}

function requireNamed(card: Pick<EmbedderCard, 'name' | 'licence'>): void {
  if (!MODEL_NAME.test(card.name))
    throw new OperatorError(
      `${JSON.stringify(card.name)} cannot name a model: expected up to 64 lower-case letters, digits, ".", "_", "-"; set it with --name`,
    );
  if (isBuiltIn(card.name))
    throw new OperatorError(`the model ${card.name} comes with Likeness: choose another --name`);
  if (card.licence.weights === '')
    throw new OperatorError(
      `say under which licence the weights of ${card.name} are: --licence, such as --licence Apache-2.0`,
    );
}

/**
 * Fills in what the model itself tells: the side and layout of its input, its output and how many numbers it has.
 *
 * @param said what the operator said, which has to agree with what is found.
 * @throws OperatorError where they do not agree, and where it is not clear which output is meant.
 */
export async function completeCard(
  runtime: Runtime,
  model: ModelFiles<EmbedderCard>,
  said: CardDraft,
): Promise<EmbedderCard> {
  const shape = await runtime.inspect(model);
  const card = withInput(model.card, shape, said);
  const wanted = said.outputs?.[0]?.name;
  const names = wanted === undefined ? shape.outputs : [wanted];
  const outputs = names.map((name) => ({ name, meaning: 'the embedding', length: 1 }));
  const lengths = await runtime.measure({ ...model, card: { ...card, outputs } });
  const found = outputs
    .map((output, index) => ({ ...output, length: lengths[index] ?? 0 }))
    .filter(({ length }) => length >= LEAST_DIMENSION);
  const [output, ...others] = found;
  if (!output || others.length > 0)
    throw new OperatorError(
      `the model ${card.name} has the outputs ${names.map((name, index) => `${name} (${lengths[index]} numbers)`).join(', ')}: name the embedding with --output`,
    );
  const expected = said.outputs?.[0]?.length;
  if (expected !== undefined && expected > 0 && expected !== output.length)
    throw new OperatorError(
      `the model ${card.name} gives ${output.length} numbers at ${output.name}, its card says ${expected}`,
    );
  return { ...card, outputs: [{ ...output, ...said.outputs?.[0], length: output.length }] };
}

function withInput(card: EmbedderCard, { inputs }: NetShape, said: CardDraft): EmbedderCard {
  const wanted = card.input.node;
  const names = inputs.map(({ name }) => name);
  const input = inputs.find(({ name }) => name === wanted) ?? inputs[0];
  if (!input || (wanted === undefined ? inputs.length > 1 : input.name !== wanted))
    throw new OperatorError(
      `the model ${card.name} has the inputs ${names.join(', ') || 'none'}${wanted === undefined ? ': name the image with --input' : `, not ${wanted}`}`,
    );
  const { shape } = input;
  const layout =
    card.input.layout ??
    (shape[1] === 3 ? 'NCHW' : shape[3] === 3 ? 'NHWC' : card.format === 'onnx' ? 'NCHW' : 'NHWC');
  const side = layout === 'NCHW' ? shape[2] : shape[1];
  const across = layout === 'NCHW' ? shape[3] : shape[2];
  if (side !== across)
    throw new OperatorError(
      `the model ${card.name} takes images of ${across} × ${side}, expected a square`,
    );
  if (side !== undefined && said.input?.size !== undefined && side !== said.input.size)
    throw new OperatorError(
      `the model ${card.name} takes images of ${side} × ${side}, its card says ${said.input.size}`,
    );
  return {
    ...atSize(card, side ?? card.input.size, said),
    input: {
      ...card.input,
      size: side ?? card.input.size,
      layout,
      ...(card.format === 'onnx' && { node: input.name }),
    },
  };
}

/** A template that comes from the family follows the size of the input. */
function atSize(card: EmbedderCard, size: number, said: CardDraft): EmbedderCard {
  if (said.alignment?.template || size === card.input.size) return card;
  const scale = size / card.input.size;
  const template = card.alignment.template.map(([x, y]) => [x * scale, y * scale] as const);
  return { ...card, alignment: { ...card.alignment, template } };
}

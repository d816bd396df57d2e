import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../../../errors.js';
import type { ModelFiles } from '../../models.js';
import { dlibWeights } from '../dlib-weights.js';
import { readGraph } from '../graph-file.js';
import { OnnxBuilder } from './builder.js';
import { addDlibResnet } from './dlib-resnet.js';
import { CHANNELS_FIRST } from './layout.js';
import { TensorflowGraph } from './tensorflow-graph.js';

/** Raised whenever the exporter writes something else for the same weights. */
const EXPORTER_VERSION = 2;

/** Name of the exported model's input: batch × size × size × 3, RGB 0–255. */
export const ONNX_INPUT = 'pixels';

/** Name of the exported model's output with this place on the card. */
export const onnxOutput = (index: number): string => `output_${index}`;

/**
 * The net as an ONNX model, preprocessing included: RGB 0–255 in, the card's outputs out.
 *
 * @throws OperatorError for a net that cannot be expressed.
 */
export function exportOnnx(model: ModelFiles): Uint8Array {
  const { card } = model;
  const { size, order, mean, divisor } = card.input;
  const onnx = new OnnxBuilder();
  let x: string = ONNX_INPUT;
  if (order === 'BGR') x = onnx.op('Gather', [x, onnx.integers([2, 1, 0])], { axis: 3 });
  x = onnx.op('Transpose', [x], CHANNELS_FIRST);
  x = onnx.op('Sub', [x, onnx.floats(mean, [1, 3, 1, 1])]);
  x = onnx.op('Div', [x, onnx.floats([divisor], [1])]);
  const results = bodyOf(model, onnx, x);
  for (const [index, result] of results.entries())
    onnx.op('Identity', [result], {}, onnxOutput(index));
  return onnx.model(
    card.name,
    { [ONNX_INPUT]: ['batch', size, size, 3] },
    Object.fromEntries(results.map((_, index) => [onnxOutput(index), undefined])),
  );
}

function bodyOf(model: ModelFiles, onnx: OnnxBuilder, input: string): string[] {
  const { card } = model;
  if (card.input.layout === 'NCHW')
    throw new OperatorError(
      `model ${card.name}: no ONNX export of a graph that has channels first`,
    );
  if (card.format === 'tfjs-graph') {
    const { file, weights } = readGraph(model);
    const names = card.outputs.map(({ name }) => name);
    return new TensorflowGraph(onnx, file, weights).add(input, names);
  }
  if (card.architecture === 'dlib-resnet-29')
    return addDlibResnet(onnx, dlibWeights(model), input, card.input.size);
  throw new OperatorError(`model ${card.name}: no ONNX export of ${card.architecture}`);
}

/**
 * The net as an ONNX model, from a file written by an earlier call where there is one. The file's name says
 * what it was made from, and its first 32 bytes are the SHA-256 of the rest: an altered or cut file is written anew.
 *
 * @param directory where such files are kept; undefined: the export is done again each time.
 */
export async function cachedOnnx(model: ModelFiles, directory?: string): Promise<Uint8Array> {
  if (directory === undefined) return exportOnnx(model);
  const path = join(
    directory,
    `${model.card.name.replaceAll('/', '.')}-${sourceDigest(model)}.onnx`,
  );
  const kept = await readFile(path).then(checkedContent, () => undefined);
  if (kept) return kept;
  const content = exportOnnx(model);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // Workers that start together may both write; each moves a whole file into place.
  const part = `${path}.${process.pid}.part`;
  await writeFile(part, Buffer.concat([Buffer.from(digest(content), 'hex'), content]));
  await rename(part, path);
  return content;
}

const DIGEST_BYTES = 32;

/** The model behind its SHA-256; undefined when they do not belong together. */
function checkedContent(file: Buffer): Uint8Array | undefined {
  const content = file.subarray(DIGEST_BYTES);
  const written = file.subarray(0, DIGEST_BYTES).toString('hex');
  return digest(content) === written ? content : undefined;
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Over everything the exported model depends on. */
function sourceDigest({ card }: ModelFiles): string {
  const { files, architecture, input, outputs } = card;
  const { size, order, mean, divisor } = input;
  const parts = [
    EXPORTER_VERSION,
    files.map(({ sha256 }) => sha256),
    architecture,
    [size, order, mean, divisor],
    outputs.map(({ name }) => name),
  ];
  return digest(Buffer.from(JSON.stringify(parts))).slice(0, 16);
}

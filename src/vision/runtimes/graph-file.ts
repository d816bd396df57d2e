import { OperatorError } from '../../errors.js';
import type { ModelFiles } from '../models.js';
import { layout, type WeightsManifest } from './weights.js';

/** An attribute of a TensorFlow node, as JSON: numbers are strings, texts are base64. */
export interface NodeAttribute {
  s?: string;
  f?: number;
  b?: boolean;
  list?: { i?: readonly (string | number)[]; s?: readonly string[] };
  shape?: { dim?: { size: string | number }[] };
}

/** An operation of a frozen TensorFlow graph. */
export interface GraphNode {
  name: string;
  op: string;
  input?: readonly string[];
  attr?: Readonly<Record<string, NodeAttribute>>;
}

/** The model.json of a TensorFlow.js graph model. */
export interface GraphFile {
  modelTopology: { node: GraphNode[] };
  format: string;
  generatedBy: string;
  convertedBy: string;
  signature?: {};
  userDefinedMetadata?: {};
  weightsManifest: WeightsManifest;
}

/**
 * Topology and weights of a graph model, made to take any batch: graphs are frozen with the batch they were
 * traced with, 1, in the shape of the input and of the reshapes before the outputs.
 *
 * @throws OperatorError when the files do not go together.
 */
export function readGraph(model: ModelFiles): { file: GraphFile; weights: Uint8Array } {
  const file = JSON.parse(Buffer.from(model.file('topology')).toString('utf8')) as GraphFile;
  // Copied, because it is changed and a Node buffer may be a window into a larger one.
  const weights = new Uint8Array(model.file('weights'));
  const { node: nodes } = file.modelTopology;
  const inputs = nodes.filter(({ op }) => op === 'Placeholder');
  if (inputs.length !== 1)
    throw new OperatorError(`model ${model.card.name} has ${inputs.length} inputs, expected one`);
  const [batch] = inputs[0]?.attr?.['shape']?.shape?.dim ?? [];
  if (batch) batch.size = '-1';
  const shapes = new Set(
    nodes.filter(({ op }) => op === 'Reshape').map(({ input }) => nodeName(input?.[1] ?? '')),
  );
  const view = new DataView(weights.buffer);
  for (const { name, dtype, offset, count } of layout(file.weightsManifest, weights.length))
    if (shapes.has(name) && dtype === 'int32' && count > 0 && view.getInt32(offset, true) === 1)
      if (!rest(view, offset, count).includes(-1)) view.setInt32(offset, -1, true);
  return { file, weights };
}

/** The sides behind the first: of a shape with a free side no other can be freed. */
const rest = (view: DataView, offset: number, count: number): number[] =>
  Array.from({ length: count - 1 }, (_, index) => view.getInt32(offset + 4 * (index + 1), true));

/** `name:0` and `^name` mean the node `name`. */
export const nodeName = (input: string): string => input.replace(/^\^/, '').split(':')[0]!;

import { GraphBuilder, type Manifest } from './graph-builder.js';

/** Both nets look at images of this side and end in maps of 7 × 7 places. */
const SIZE = 112;

type Build = (graph: GraphBuilder, images: string) => void;

/**
 * The nets that face-api ships as weights only (its FaceExpressionNet and AgeGenderNet, source read at
 * 1.7.15), by the card's `architecture`. As graphs they run in every runtime. Their last layers are linear and
 * applied place by place, so that the mean over the places, taken outside, is face-api's own output.
 */
const ARCHITECTURES: Readonly<Record<string, Build>> = {
  'face-api-expression': buildExpression,
  'face-api-age-gender': buildAgeGender,
};

/** The model.json of one of these nets; undefined for an architecture that is none of them. */
export function faceApiTopology(
  architecture: string,
  manifest: Manifest,
  origin: string,
): object | undefined {
  const build = ARCHITECTURES[architecture];
  if (!build) return undefined;
  const graph = new GraphBuilder(manifest);
  build(graph, graph.images(SIZE));
  return graph.file(origin);
}

function buildExpression(graph: GraphBuilder, images: string): void {
  let x = images;
  for (const [index, block] of ['dense0', 'dense1', 'dense2', 'dense3'].entries()) {
    const first =
      index === 0
        ? graph.convolution(x, [`${block}/conv0/filters`, `${block}/conv0/bias`], {
            stride: 2,
            relu: true,
          })
        : graph.relu(graph.separable(x, `${block}/conv0`, 2));
    let sum = graph.add(first, graph.separable(first, `${block}/conv1`));
    for (const name of [`${block}/conv2`, `${block}/conv3`])
      sum = graph.add(sum, graph.separable(graph.relu(sum), name));
    x = graph.relu(sum);
  }
  graph.everywhere(x, 'fc');
}

function buildAgeGender(graph: GraphBuilder, images: string): void {
  const chain = (input: string, name: string, from: number, count: number): string => {
    let x = input;
    for (let index = from; index < count; index++)
      x = graph.separable(graph.relu(x), `${name}/separable_conv${index}`);
    return x;
  };
  const reduce = (input: string, name: string, rectified: boolean): string => {
    const first = graph.separable(rectified ? input : graph.relu(input), `${name}/separable_conv0`);
    const pooled = graph.maxPool(chain(first, name, 1, 2), 3, 2);
    const expansion = [`${name}/expansion_conv/filters`, `${name}/expansion_conv/bias`] as const;
    return graph.add(pooled, graph.convolution(input, expansion, { stride: 2 }));
  };
  const entry = ['entry_flow/conv_in/filters', 'entry_flow/conv_in/bias'] as const;
  let x = graph.convolution(images, entry, { stride: 2, relu: true });
  x = reduce(x, 'entry_flow/reduction_block_0', true);
  x = reduce(x, 'entry_flow/reduction_block_1', false);
  for (const block of ['middle_flow/main_block_0', 'middle_flow/main_block_1'])
    x = graph.add(chain(x, block, 0, 3), x);
  x = reduce(x, 'exit_flow/reduction_block', false);
  x = graph.relu(graph.separable(x, 'exit_flow/separable_conv'));
  graph.everywhere(x, 'fc/age');
  graph.everywhere(x, 'fc/gender');
}

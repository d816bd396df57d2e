/** A weight in a TF.js manifest; other members, such as the quantisation, are passed on. */
export interface ManifestWeight {
  name: string;
  shape: number[];
  [other: string]: unknown;
}

/** The weights manifest of a TF.js model: groups whose numbers follow one another in the file. */
export type Manifest = { weights: ManifestWeight[] }[];

type Attributes = Record<string, object>;

/** Batches are as large as they come. */
const ANY = '-1';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const float: Attributes = { T: { type: 'DT_FLOAT' } };
const whole = (numbers: readonly number[]) => ({ list: { i: numbers.map(String) } });

/** How a window moves. TensorFlow's `same` puts the odd pixel of its padding behind. */
const window = (stride: number): Attributes => ({
  strides: whole([1, stride, stride, 1]),
  padding: { s: base64('SAME') },
  data_format: { s: base64('NHWC') },
  dilations: whole([1, 1, 1, 1]),
  ...float,
});

/**
 * Builds the topology of a TF.js graph model over the weights of a manifest, operation by operation. Each
 * method returns the name of its result.
 */
export class GraphBuilder {
  readonly #nodes: object[] = [];
  readonly #weights = new Map<string, ManifestWeight>();

  constructor(manifest: Manifest) {
    for (const weight of manifest.flatMap((group) => group.weights))
      this.#weights.set(weight.name, { ...weight });
  }

  /** The images: batch × size × size × 3. */
  images(size: number): string {
    const dim = [ANY, size, size, 3].map((side) => ({ size: String(side) }));
    const attr = { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim } } };
    return this.#node('images', 'Placeholder', [], attr);
  }

  /** A convolution of stride `stride` with bias and, where `relu`, its rectifier. */
  convolution(
    input: string,
    [filters, bias]: readonly [string, string],
    {
      stride = 1,
      relu = false,
      name = filters,
    }: { stride?: number; relu?: boolean; name?: string },
  ): string {
    return this.#node(
      `${name}/result`,
      '_FusedConv2D',
      [input, this.#weight(filters), this.#weight(bias)],
      {
        fused_ops: { list: { s: (relu ? ['BiasAdd', 'Relu'] : ['BiasAdd']).map(base64) } },
        num_args: { i: '1' },
        epsilon: { f: 0 },
        ...window(stride),
      },
    );
  }

  /** A filter for each channel, then a convolution of one pixel with bias. */
  separable(input: string, name: string, stride = 1): string {
    const each = this.#node(
      `${name}/each`,
      'DepthwiseConv2dNative',
      [input, this.#weight(`${name}/depthwise_filter`)],
      window(stride),
    );
    return this.convolution(each, [`${name}/pointwise_filter`, `${name}/bias`], {});
  }

  /**
   * A fully connected layer at every place of the map. As it is linear, its mean over the places is what the
   * layer gives for the mean of the map.
   */
  everywhere(input: string, name: string): string {
    const weight = this.#weights.get(`${name}/weights`);
    if (weight?.shape.length === 2) weight.shape = [1, 1, ...weight.shape];
    return this.convolution(input, [`${name}/weights`, `${name}/bias`], { name });
  }

  add(a: string, b: string): string {
    return this.#node(`${a}+${this.#nodes.length}`, 'AddV2', [a, b], float);
  }

  relu(input: string): string {
    return this.#node(`${input}/relu${this.#nodes.length}`, 'Relu', [input], float);
  }

  maxPool(input: string, size: number, stride: number): string {
    return this.#node(`${input}/pool`, 'MaxPool', [input], {
      ksize: whole([1, size, size, 1]),
      ...window(stride),
    });
  }

  /** The model.json of what was built. */
  file(origin: string): object {
    return {
      format: 'graph-model',
      generatedBy: origin,
      convertedBy: 'likeness',
      modelTopology: { node: this.#nodes, versions: {} },
      weightsManifest: [{ paths: [], weights: [...this.#weights.values()] }],
    };
  }

  #weight(name: string): string {
    const weight = this.#weights.get(name);
    if (!weight) throw new Error(`the weights lack ${name}`);
    const dim = weight.shape.map((size) => ({ size: String(size) }));
    return this.#node(name, 'Const', [], {
      dtype: { type: 'DT_FLOAT' },
      value: { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim } } },
    });
  }

  #node(name: string, op: string, input: readonly string[], attr: Attributes): string {
    this.#nodes.push({ name, op, input, attr });
    return name;
  }
}

import type { CalibrationCurve } from '../domain/similarity.js';
import type { Cohort } from './cohort.js';
import type { Point } from './geometry.js';

/** One file of a model, inside its npm package or beside its card. */
export interface CardFile {
  /** Relative to the package's directory, or to the card's where no package carries the model. */
  path: string;
  /**
   * `topology`: a TF.js graph model.json; `manifest`: a face-api weights manifest; `weights`: the numbers, which may
   * lie in several files, in the order of the manifest; `onnx`: a whole ONNX model.
   */
  role: 'topology' | 'manifest' | 'weights' | 'onnx';
  /** Lower-case hex. */
  sha256: string;
}

/** How pixels 0–255 become what the net wants: (value − mean) / divisor, channel by channel. */
export interface CardInput {
  /** Side of the square input in pixels. */
  size: number;
  order: 'RGB' | 'BGR';
  mean: readonly [number, number, number];
  divisor: number;
  /** The most images one run may take. */
  maxBatch: number;
  /** How the net wants the numbers: by pixel (default) or by channel. */
  layout?: 'NHWC' | 'NCHW';
  /** Name of an ONNX model's input. */
  node?: string;
}

/** One output of a net, in the order in which `Net.run` gives them. */
export interface CardOutput {
  /** Name of the graph's node, or a plain name where the net is built in code. */
  name: string;
  meaning: string;
  /** Numbers for one image. */
  length: number;
}

/** Where the face has to lie in the embedder's input. */
export interface CardAlignment {
  /** Name of the landmark model whose point numbers `points` uses. */
  landmarks: string;
  /** Five points, each the mean of some landmarks: both eyes, nose tip, both mouth corners; image-left first. */
  points: readonly (readonly number[])[];
  /** Where those five belong, in pixels of the input. */
  template: readonly Point[];
}

/** What the card says about where its calibration curve comes from; for people, not read by the service. */
export interface CardCalibration extends CalibrationCurve {
  dataset?: string;
  date?: string;
  [note: string]: unknown;
}

interface CardBase {
  name: string;
  title: string;
  /** Pattern [0-9.]+; the embedder's is the API's FaceModelVersion. */
  version: string;
  /** Where the net is from; without a package its files lie beside the card. */
  source: { origin: string; package?: string; packageVersion?: string };
  licence: { weights: string; text: string };
  /**
   * `tfjs-graph`: topology and weights, or weights and an `architecture` in `graphs/`; `face-api`: weights only,
   * the net stands in code under `architecture`; `onnx`: a file that only ONNX Runtime runs.
   */
  format: 'tfjs-graph' | 'face-api' | 'onnx';
  architecture?: string;
  files: readonly CardFile[];
  input: CardInput;
  outputs: readonly CardOutput[];
}

/** A net that finds faces. */
export interface DetectorCard extends CardBase {
  task: 'detector';
}

/** A net that finds the points of one face. */
export interface LandmarksCard extends CardBase {
  task: 'landmarks';
}

/** A net that turns an aligned face into an embedding; its first output is the embedding. */
export interface EmbedderCard extends CardBase {
  task: 'embedder';
  alignment: CardAlignment;
  /** True: the embedding is the mean over the face and its mirror image. */
  mirrorAverage: boolean;
  /**
   * How large the face lies in the input, over the template: it is seen once at each of these, and the embedding is the
   * mean. Absent: once, as the template says.
   */
  scales?: readonly number[];
  /**
   * Taken from the embedding of unit length, which is brought to unit length again: the mean over many people, where a
   * net puts all of them into one corner. Absent: nothing is.
   */
  centre?: readonly number[];
  /** Spreads embeddings where the net crowds people together. Absent: they stay where they are. */
  cohort?: Cohort;
  /** Absent: it was not measured yet, and its cosines mean nothing on the 0–100 scale. */
  calibration?: CardCalibration;
}

/** A net among those that a fusion is made of. */
export interface FusionPart {
  /** An embedder that comes with the program, or the folder of one inside the fusion's own. */
  model: string;
  /** Its share in the cosine, over the sum of all weights. */
  weight: number;
}

/** Several embedders taken together: their embeddings lie one behind the other, each with its weight. */
export interface FusionCard
  extends Pick<CardBase, 'name' | 'title' | 'version' | 'licence'>,
    Pick<EmbedderCard, 'calibration'> {
  task: 'embedder';
  format: 'fusion';
  source: { origin: string };
  parts: readonly FusionPart[];
}

/** A net that tells attributes of one face. */
export interface AttributesCard extends CardBase {
  task: 'attributes';
  /** How its numbers are read; measured on labelled photos, see the card. */
  reading: {
    /** Side of the square that is cut out around the mesh, over the mesh's own. */
    crop: number;
    /** Logits are divided by this before the softmax, so that its shares are as often right as they say. */
    temperature: number;
    /** An age is given as a range this far to either side. */
    rangeYears?: number;
  };
}

/** models/<name>/card.json: everything about a net but its weights. */
export type ModelCard = DetectorCard | LandmarksCard | EmbedderCard | AttributesCard;

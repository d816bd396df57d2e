import type { AttributeName, FaceDetail, FaceReason, QualityFilter } from '../domain/face.js';
import type { CalibrationCurve } from '../domain/similarity.js';

/** Everything that decides whether two embeddings may be compared, and what their cosine means. */
export interface EmbeddingModel {
  /**
   * Name plus a digest over weights, alignment, preprocessing and post-processing: two embeddings are
   * comparable only when this is equal. Collections pin it.
   */
  id: string;
  /** By which it was chosen: see `likeness models list`. */
  name: string;
  /** What the API shows as FaceModelVersion, pattern [0-9.]+. */
  version: string;
  /** Length of an embedding. Embeddings are float32 and of unit length. */
  dimension: number;
  /**
   * Where embeddings are those of another model, spread by a cohort: the digest that ends the id of that model. What was
   * stored with it is carried over to this one without any photo: see `carriesOver`.
   */
  plainDigest?: string;
  /**
   * What its nets are run for, by digest: that of the model that one of them is by itself, without a cohort. Models that
   * share one share that run: see `comesAlongWith`.
   */
  runs: readonly string[];
  /** The curve on the model's card; absent: it has to be measured before cosines mean anything. */
  calibration?: CalibrationCurve;
}

/** What to do with the faces found in one image. */
export interface AnalyseRequest {
  /** Faces that fail this filter are reported with reasons and are not embedded. */
  filter: QualityFilter;
  /** How many faces to keep: the lowest quality go first, then the smallest (reason EXCEEDS_MAX_FACES). */
  maxFaces: number;
  /**
   * Which of the kept faces get an embedding. `largest`: only the kept face with the largest box;
   * `kept`: all of them; `none`: detection only.
   */
  embed: 'none' | 'largest' | 'kept';
  /**
   * Ids of the models that embed, at least one: of those that the service runs, or those whose nets run for them. What they
   * have in common is computed once. Default: the first that the service runs.
   */
  models?: readonly string[];
  /** Whether each face that gets an embedding comes with its crop, too. Default: no. */
  crops?: boolean;
  /**
   * Whether the image is a crop that came from here (AnalysedFace.crop): its face is where it was found in the photo.
   * One of an earlier release, which does not say where, is searched like a photo. Default: no.
   */
  isCrop?: boolean;
  /** What else to tell of every face, kept or not. Default: nothing. */
  attributes?: readonly AttributeName[];
}

export interface AnalysedFace extends FaceDetail {
  /** Empty for a kept face. */
  reasons: FaceReason[];
  /** Unit length, EmbeddingModel.dimension floats; only where the request asked for it. */
  embedding?: Float32Array;
  /** JPEG of the face alone with its mesh, to be embedded again: see AnalyseRequest.isCrop. Only where asked for. */
  crop?: Uint8Array;
  /** Those of the further models that the request named, in their order. */
  further?: Float32Array[];
}

export interface ImageAnalysis {
  /** Size in pixels after EXIF orientation. */
  width: number;
  height: number;
  /** Kept and refused faces, largest box first, at most 100. */
  faces: AnalysedFace[];
}

/**
 * Turns photos into faces. Inference runs in worker threads behind one bounded queue.
 *
 * Errors of `analyse`: ApiError InvalidImageFormatException (not a JPEG or PNG, truncated, undecodable),
 * ImageTooLargeException (more pixels than allowed), InvalidParameterException (a side below 80 px),
 * ThrottlingException (queue full), InvalidImageFormatException when one image exceeds the time limit.
 */
export interface Vision {
  /** The first of `models`: that of new collections and of photos compared outside of any. */
  readonly model: EmbeddingModel;
  /** All that this service can embed with. */
  readonly models: readonly EmbeddingModel[];
  /** Name of the runtime in use, such as `tfjs-wasm`. */
  readonly runtime: string;
  analyse(image: Uint8Array, request: AnalyseRequest, signal?: AbortSignal): Promise<ImageAnalysis>;
  status(): { workers: number; running: number; queued: number };
  /** Finishes what was accepted, then ends the workers. */
  close(): Promise<void>;
}

import type { Tensor, Tensor4D } from './tensorflow.js';

/** From a preprocessed batch to the outputs of the card, in its order. Called inside `tf.tidy`. */
export type Forward = (input: Tensor4D) => Tensor[];

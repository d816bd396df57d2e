import { createRequire } from 'node:module';
import type * as Core from '@tensorflow/tfjs-core';

/**
 * TensorFlow.js. Required, because an import of a CommonJS bundle reads its megabytes twice: once to find the names
 * it exports, once to run it.
 */
export const tf = createRequire(import.meta.url)('@tensorflow/tfjs-core') as typeof Core;

export type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

import { OperatorError } from '../../errors.js';
import type { EmbedderCard } from '../cards.js';
import { INSTALL_ONNXRUNTIME, missingPackages } from '../runtimes/installed.js';
import { candidatesFor } from '../runtimes/runtime.js';

/**
 * ONNX files are the only models that need a package which may be absent.
 *
 * @throws OperatorError with the remedy where it is.
 */
export function requireOnnxruntime(...cards: readonly EmbedderCard[]): void {
  const onnx = cards.find(({ format }) => format === 'onnx');
  const missing = missingPackages(candidatesFor(cards).fallback);
  if (onnx && missing.length > 0)
    throw new OperatorError(
      `the model ${onnx.name} is an ONNX file, which needs the package ${missing.join(', ')}: ${INSTALL_ONNXRUNTIME}`,
    );
}

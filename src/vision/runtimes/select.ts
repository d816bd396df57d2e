import { OperatorError } from '../../errors.js';
import { RUNTIME_NAMES, type Runtime, type RuntimeName } from './runtime.js';
import { startTfjsNode } from './tfjs-node.js';
import { startTfjsNodeGpu } from './tfjs-node-gpu.js';
import { startTfjsWasm } from './tfjs-wasm.js';

/** Why a runtime is not in use. */
export interface RefusedRuntime {
  name: RuntimeName;
  reason: string;
}

const STARTERS: Readonly<Record<RuntimeName, () => Promise<Runtime>>> = {
  'tfjs-node-gpu': startTfjsNodeGpu,
  'tfjs-node': startTfjsNode,
  'tfjs-wasm': startTfjsWasm,
};

/**
 * Starts the runtime of this name on the calling thread, or with `auto` the first that starts.
 *
 * @returns the runtime and the better ones that could not be used.
 * @throws OperatorError for an unknown name, or when none of the candidates starts, with the reasons.
 */
export async function selectRuntime(
  wanted: string,
): Promise<{ runtime: Runtime; refused: RefusedRuntime[] }> {
  const candidates = wanted === 'auto' ? RUNTIME_NAMES : RUNTIME_NAMES.filter((n) => n === wanted);
  if (candidates.length === 0)
    throw new OperatorError(
      `unknown inference runtime ${wanted}, expected auto, ${RUNTIME_NAMES.join(', ')}`,
    );
  const refused: RefusedRuntime[] = [];
  for (const name of candidates)
    try {
      return { runtime: await STARTERS[name](), refused };
    } catch (error) {
      refused.push({ name, reason: reasonOf(error) });
    }
  const reasons = refused.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  throw new OperatorError(`no inference runtime can be used. ${reasons}`);
}

/** One line: native loaders like to print a page. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return 'not installed';
  return error.message.split('\n', 1)[0] ?? error.name;
}

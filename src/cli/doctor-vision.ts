import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from './doctor-checks.js';

/** What the vision part says of itself, as far as it is shown. */
export interface ModelFound {
  readonly name: string;
  readonly task: string;
  readonly source: string;
  readonly licence: string;
  readonly files: number;
  readonly fault?: string;
}

export type RuntimeFound = {
  readonly name: string;
  readonly uses: 'core' | 'machine' | 'gpu';
  readonly packages: readonly string[];
} & (
  | {
      readonly usable: true;
      readonly device: string;
      readonly parity: { readonly cosine: number };
      readonly msPerFace: number;
      readonly facesPerSecond: number;
    }
  | { readonly usable: false; readonly reason: string }
);

/** One finding a model: whether its files are those its card names. */
export const checkModels = (models: readonly ModelFound[]): Finding[] =>
  models.map(({ name, task, source, licence, files, fault }) => ({
    what: `model ${name}`,
    ...(fault === undefined
      ? {
          state: 'ok',
          found: `${task}; sha256 of ${files === 1 ? 'its file' : `${files} files`} agrees; ${source}, ${licence}`,
        }
      : { state: 'fault', found: fault, remedy: 'put back what the release had: npm ci' }),
  }));

/**
 * One finding a runtime: whether the service would use it, and if not, why.
 *
 * @param wanted the setting: a name, or `auto`.
 * @param gpus graphics devices of this machine.
 */
export function checkRuntimes(
  runtimes: readonly RuntimeFound[],
  wanted: string,
  gpus: readonly string[],
): Finding[] {
  const fastest = runtimes.find(({ usable }) => usable);
  const chosen = wanted === 'auto' ? fastest?.name : wanted;
  const unknown = runtimes.length > 0 && !runtimes.some(({ name }) => name === chosen);
  return [
    ...runtimes.map((runtime) => checkRuntime(runtime, { chosen, wanted, gpus })),
    ...(unknown ? [noSuchRuntime(wanted, runtimes)] : []),
  ];
}

const noSuchRuntime = (wanted: string, runtimes: readonly RuntimeFound[]): Finding => ({
  what: 'runtime',
  state: 'fault',
  found: `LIKENESS_RUNTIME is ${wanted}, which is none`,
  remedy: `set it to auto, ${runtimes.map(({ name }) => name).join(', ')}`,
});

interface Choice {
  readonly chosen: string | undefined;
  readonly wanted: string;
  readonly gpus: readonly string[];
}

function checkRuntime(runtime: RuntimeFound, { chosen, wanted, gpus }: Choice): Finding {
  const { name, uses, packages } = runtime;
  const what = `runtime ${name}`;
  const isChosen = name === chosen;
  if (runtime.usable) {
    const { device, parity, msPerFace, facesPerSecond } = runtime;
    const figures = `${msPerFace.toFixed(0)} ms a face, ${facesPerSecond.toFixed(0)} faces/s on this machine; cosine to the record ${parity.cosine.toFixed(6)}; ${device}`;
    if (isChosen) return { what, state: 'ok', found: `in use: ${figures}` };
    const why = wanted === 'auto' ? `slower than ${chosen}` : `LIKENESS_RUNTIME is ${wanted}`;
    return { what, state: 'unused', found: `works, not used (${why}): ${figures}` };
  }
  const { reason } = runtime;
  const needsGpu = uses === 'gpu' && gpus.length === 0;
  const found = `not used: ${reason}${needsGpu ? '; no GPU was found either' : ''}`;
  if (isChosen)
    return { what, state: 'fault', found, remedy: 'repair it, or set LIKENESS_RUNTIME=auto' };
  if (needsGpu) return { what, state: 'unused', found };
  const isMissing = reason.startsWith('not installed');
  const install = `npm install ${packages.join(' ')}`;
  if (!isMissing)
    return { what, state: 'note', found, remedy: REMEDIES[name] ?? `again: ${install}` };
  const worthwhile = uses === 'gpu' || name === 'onnxruntime';
  return worthwhile
    ? { what, state: 'note', found, remedy: `to try it: ${install}` }
    : { what, state: 'unused', found };
}

/** What to look at where a runtime is installed and does not start. */
const REMEDIES: Readonly<Record<string, string>> = {
  'onnxruntime-cuda':
    'it needs CUDA 12, cuDNN 9 and the provider that the install script of onnxruntime-node fetches',
  'onnxruntime-webgpu': 'it needs a Vulkan, Metal or D3D12 driver (Debian: mesa-vulkan-drivers)',
  'tfjs-webgpu': 'it needs a Vulkan, Metal or D3D12 driver (Debian: mesa-vulkan-drivers)',
  'tfjs-node-gpu': 'it needs CUDA 11.8 and cuDNN 8.6',
  'tfjs-node': 'its install script fetches libtensorflow: npm rebuild @tensorflow/tfjs-node',
};

const VENDORS: Readonly<Record<string, string>> = {
  '0x10de': 'NVIDIA',
  '0x1002': 'AMD',
  '0x8086': 'Intel',
};

/** Graphics devices Linux knows of, by name; empty elsewhere. */
export function graphicsDevices(): string[] {
  const folder = '/sys/class/drm';
  const cards = existsSync(folder) ? readdirSync(folder) : [];
  const found = cards.flatMap((card) => {
    const file = join(folder, card, 'device/vendor');
    if (!/^card\d+$/.test(card) || !existsSync(file)) return [];
    const vendor = VENDORS[readFileSync(file, 'utf8').trim()];
    return vendor === undefined ? [] : [vendor];
  });
  const nvidia = ['/dev/nvidiactl', '/dev/nvidia0'].some((path) => existsSync(path));
  return nvidia && !found.includes('NVIDIA') ? [...found, 'NVIDIA'] : found;
}

/** Whether a GPU is there and in use. */
export function checkGpu(
  gpus: readonly string[],
  runtimes: readonly RuntimeFound[],
  wanted: string,
): Finding {
  const what = 'GPU';
  const names = gpus.join(', ');
  const usable = runtimes.filter((runtime) => runtime.usable);
  const [used] = wanted === 'auto' ? usable : usable.filter(({ name }) => name === wanted);
  if (used?.uses === 'gpu')
    return { what, state: 'ok', found: `${names || 'a device'}, in use by ${used.name}` };
  if (gpus.length === 0) return { what, state: 'unused', found: 'none found, none needed' };
  if (usable.some(({ uses }) => uses === 'gpu'))
    return { what, state: 'unused', found: `${names}; the processor is faster or was asked for` };
  return {
    what,
    state: 'note',
    found: `${names}, not in use`,
    remedy: 'npm install webgpu or onnxruntime-node; the runtimes above say what each lacks',
  };
}

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { ModelPlace } from './models.js';
import { pipelineCards } from './nets.js';
import { installedVersion, missingPackages } from './runtimes/installed.js';
import type { Parity } from './runtimes/parity.js';
import { reasonOf } from './runtimes/reason.js';
import { type Candidates, RUNTIME_NAMES, RUNTIMES, type RuntimeName } from './runtimes/runtime.js';
import { VisionProcess } from './vision-process.js';

/** What is known of a runtime on this machine. */
export type RuntimeReport = { name: RuntimeName } & (
  | { usable: true; device: string; parity: Parity; msPerFace: number; facesPerSecond: number }
  | { usable: false; reason: string }
);

/** How runtimes are examined. */
export interface ExamineOptions {
  /** Workers a runtime of one thread would get. */
  workers: number;
  maxPixels: number;
  /** What is embedded with. */
  embedders: readonly ModelPlace[];
  /** The runtimes that can run these. */
  candidates: Candidates;
  /** Where the choice and converted models are kept; undefined: nowhere. */
  cacheDirectory: string | undefined;
}

/** A runtime that has not started and passed by then is not one to wait for at each start. */
const EXAMINE_TIMEOUT_MS = 30_000;

/**
 * Starts every runtime in a process of its own, holds it to the recorded numbers and times its nets, one after
 * the other so that they do not slow each other down.
 *
 * @returns all runtimes: usable ones first, the fastest at the top.
 */
export async function examineRuntimes(
  options: ExamineOptions,
  signal?: AbortSignal,
): Promise<RuntimeReport[]> {
  const reports: RuntimeReport[] = [];
  for (const name of options.candidates.names) {
    signal?.throwIfAborted();
    reports.push(await examine(name, options, signal));
  }
  const speed = (report: RuntimeReport): number => (report.usable ? report.facesPerSecond : -1);
  return reports.toSorted((a, b) => speed(b) - speed(a));
}

async function examine(
  name: RuntimeName,
  { workers, maxPixels, embedders, cacheDirectory }: ExamineOptions,
  signal: AbortSignal | undefined,
): Promise<RuntimeReport> {
  const missing = missingPackages(name);
  if (missing.length > 0)
    return { name, usable: false, reason: `not installed: ${missing.join(', ')}` };
  const settings = { runtime: name, embedders, maxPixels, cacheDirectory, lanes: 0 };
  const process = new VisionProcess(settings, () => {});
  const late = AbortSignal.timeout(EXAMINE_TIMEOUT_MS);
  const stop = signal ? AbortSignal.any([late, signal]) : late;
  const end = (): void => void process.terminate();
  stop.addEventListener('abort', end);
  try {
    const { device } = await process.start();
    const { parity, msPerFace } = await process.examine();
    const atOnce = RUNTIMES[name].uses === 'core' ? workers : 1;
    const facesPerSecond = (1000 / msPerFace) * atOnce;
    return { name, usable: true, device, parity, msPerFace, facesPerSecond };
  } catch (error) {
    const reason = late.aborted
      ? `not ready within ${EXAMINE_TIMEOUT_MS / 1000} s`
      : reasonOf(error).replace(`runtime ${name} cannot be used: `, '');
    return { name, usable: false, reason };
  } finally {
    stop.removeEventListener('abort', end);
    await process.terminate();
  }
}

/** The names of the usable ones, best first; what starts anywhere is always among them. */
export function ranking(reports: readonly RuntimeReport[], fallback: RuntimeName): RuntimeName[] {
  const usable = reports.filter((report) => report.usable).map(({ name }) => name);
  return usable.includes(fallback) ? usable : [...usable, fallback];
}

/** Name of the file that keeps what was found. */
const KEPT = 'runtimes.json';

/** What was found by an earlier start on this very machine with these very versions; undefined otherwise. */
export async function keptReports(options: ExamineOptions): Promise<RuntimeReport[] | undefined> {
  if (options.cacheDirectory === undefined) return undefined;
  try {
    const kept = JSON.parse(await readFile(join(options.cacheDirectory, KEPT), 'utf8')) as {
      machine: string;
      reports: RuntimeReport[];
    };
    if (kept.machine !== (await machineDigest(options))) return undefined;
    return kept.reports.filter(({ name }) => Object.hasOwn(RUNTIMES, name));
  } catch {
    // Absent, or not ours to understand: it is found out again.
    return undefined;
  }
}

/** Keeps what was found for the next start. */
export async function keepReports(
  options: ExamineOptions,
  reports: readonly RuntimeReport[],
): Promise<void> {
  const { cacheDirectory } = options;
  if (cacheDirectory === undefined) return;
  await mkdir(cacheDirectory, { recursive: true, mode: 0o700 });
  const file = join(cacheDirectory, KEPT);
  const machine = await machineDigest(options);
  await writeFile(`${file}.part`, `${JSON.stringify({ machine, reports }, undefined, 2)}\n`);
  await rename(`${file}.part`, file);
}

/** Whether anything but the runtime that is always there is installed. */
export const isThereAChoice = ({ names, fallback }: Candidates): boolean =>
  names.some((name) => name !== fallback && missingPackages(name).length === 0);

/** Over everything that could make another runtime the best: versions, processor, graphics devices and driver, models. */
async function machineDigest({ workers, embedders }: ExamineOptions): Promise<string> {
  const packages = [
    '@tensorflow/tfjs-core',
    ...new Set(RUNTIME_NAMES.flatMap((name) => RUNTIMES[name].packages)),
  ];
  const parts = {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus().map(({ model }) => model),
    workers,
    packages: packages.map((name) => [name, installedVersion(name)]),
    graphics: graphicsDevices(),
    models: (await pipelineCards(embedders)).flatMap(({ card }) =>
      card.files.map(({ sha256 }) => sha256),
    ),
  };
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** What Linux shows of graphics devices and their drivers; elsewhere the processor has to do. */
function graphicsDevices(): string[] {
  const driver = '/proc/driver/nvidia/version';
  return [
    ...['/dev/dri', '/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'].flatMap((folder) =>
      existsSync(folder) ? readdirSync(folder) : [],
    ),
    existsSync(driver) ? readFileSync(driver, 'utf8') : '',
  ];
}

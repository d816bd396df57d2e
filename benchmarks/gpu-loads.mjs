// Loads on a vision part, and what its processes hold meanwhile.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { rounded } from './vision-subjects.mjs';

export const REQUEST = { filter: 'NONE', maxFaces: 100, embed: 'kept' };
/** So long the clients are at work before it counts. */
const SETTLE_MS = 300;

/** So many clients, each with the next photo as soon as it has its answer: what is answered within the time. */
export async function closedLoad(vision, photos, clients, ms) {
  const from = performance.now() + SETTLE_MS;
  const until = from + ms;
  const found = [];
  let next = 0;
  const client = async () => {
    for (let begun = performance.now(); begun < until; begun = performance.now()) {
      const { faces } = await vision.analyse(photos[next++ % photos.length], REQUEST);
      const ended = performance.now();
      if (ended >= from && ended < until)
        found.push({ latency: ended - begun, faces: faces.length });
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { clients, ...figures(found, ms) };
}

/** So many photos a second, whether those before are answered or not. */
export async function openLoad(vision, photos, photosPerSecond, ms) {
  const count = Math.round((photosPerSecond * ms) / 1000);
  const startedAt = performance.now();
  const found = [];
  const pending = [];
  for (let index = 0; index < count; index++) {
    const begun = startedAt + (1000 * index) / photosPerSecond;
    if (begun > performance.now()) await sleep(begun - performance.now());
    const answer = vision.analyse(photos[index % photos.length], REQUEST).then(({ faces }) => {
      found.push({ latency: performance.now() - begun, faces: faces.length });
    });
    pending.push(answer);
  }
  await Promise.all(pending);
  return { offered: rounded(photosPerSecond), ...figures(found, performance.now() - startedAt) };
}

function figures(found, ms) {
  const latencies = found.map(({ latency }) => latency).toSorted((a, b) => a - b);
  const at = (share) => rounded(latencies[Math.floor((latencies.length - 1) * share)] ?? NaN);
  const faces = found.reduce((sum, each) => sum + each.faces, 0);
  return {
    photosPerSecond: rounded((1000 * found.length) / ms),
    facesPerSecond: rounded((1000 * faces) / ms),
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
  };
}

/** Process ids of the inference processes that this process has started (Linux). */
export const inferenceProcesses = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const [, parent] = /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return parent === String(process.pid) && command.includes('vision/worker.js');
      } catch {
        // It ended while it was looked at.
        return false;
      }
    })
    .map(Number);

/** Megabytes that the inference processes hold, what they share counted once, and those in use on the GPU. */
export function memory() {
  const pids = inferenceProcesses();
  const megabytes = (pid) => {
    const file = `/proc/${pid}/smaps_rollup`;
    if (!existsSync(file)) return NaN;
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(file, 'utf8'))[1]) / 1024;
  };
  const total = pids.reduce((sum, pid) => sum + megabytes(pid), 0);
  const gpuMb = smi('memory.used');
  return {
    processes: pids.length,
    megabytes: Math.round(total),
    ...(gpuMb !== undefined && { gpuMb: Number(gpuMb) }),
  };
}

/** What nvidia-smi says of the first card; undefined where there is none. */
export function smi(query) {
  const args = [`--query-gpu=${query}`, '--format=csv,noheader,nounits'];
  const { status, stdout } = spawnSync('nvidia-smi', args, { encoding: 'utf8', timeout: 10_000 });
  return status === 0 ? stdout.split('\n')[0].trim() : undefined;
}

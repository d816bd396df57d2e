// What the benchmarks of the native core share: seeded face-like vectors, interleaved timing, results as JSON.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { resolve } from 'node:path';

/** Numbers 0 ≤ x < 1 (mulberry32). */
export function seeded(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A unit vector whose components shrink by a power law, as those of face embeddings do. */
export function direction(random, dimension) {
  const vector = Float32Array.from({ length: dimension }, (_, i) => {
    const gauss = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return gauss / Math.sqrt(1 + (8 * i) / dimension);
  });
  return normalised(vector);
}

/** A unit vector at about this cosine from another. */
export function near(random, centre, cosine) {
  const other = direction(random, centre.length);
  const away = Math.sqrt(1 - cosine * cosine);
  return normalised(centre.map((value, i) => cosine * value + away * other[i]));
}

function normalised(vector) {
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

/**
 * Times variants side by side: in each round every variant runs in turn (A B A B), so that load from
 * elsewhere meets all of them. Returns microseconds a call: median, minimum and spread over the rounds; with
 * `clock: 'cpu'` of this process's CPU time, which leaves out while others have the core.
 */
export async function interleaved(variants, { rounds, roundMs, clock = 'wall' }) {
  const calls = {};
  const times = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
  for (const [name, run] of Object.entries(variants))
    calls[name] = await callsIn(run, { roundMs, clock });
  for (let round = 0; round < rounds; round++)
    for (const [name, run] of Object.entries(variants))
      times[name].push((await timed(run, calls[name], clock)) / calls[name]);
  return Object.fromEntries(
    Object.entries(times).map(([name, all]) => {
      const sorted = all.toSorted((a, b) => a - b);
      const at = (share) => sorted[Math.floor((sorted.length - 1) * share)];
      return [name, { medianUs: at(0.5), minUs: at(0), p90Us: at(0.9), calls: calls[name] }];
    }),
  );
}

/** Microseconds that a peer takes for this recall, between two of its numbers of candidates; undefined beyond them. */
export function atRecall(results, recall) {
  const after = results.findIndex((result) => result.recall >= recall);
  if (after === -1) return undefined;
  const [a, b] = [results[Math.max(0, after - 1)], results[after]];
  if (a === b || a.recall === b.recall) return b.medianUs;
  const share = (recall - a.recall) / (b.recall - a.recall);
  return a.medianUs * (b.medianUs / a.medianUs) ** share;
}

const TUNABLES = 'glibc.malloc.hugetlb=1';

/**
 * Starts the calling script again with huge pages for whatever malloc gives, so that no variant is slowed down by its
 * way of asking for memory; in some virtual machines that is a factor of ten. Returns where that is so already.
 */
export function withHugePages() {
  if (process.platform !== 'linux' || process.env.GLIBC_TUNABLES === TUNABLES) return;
  const env = { ...process.env, GLIBC_TUNABLES: TUNABLES };
  const { status } = spawnSync(process.execPath, process.argv.slice(1), { stdio: 'inherit', env });
  process.exit(status ?? 1);
}

const CLOCKS = {
  wall: () => Number(process.hrtime.bigint()) / 1e3,
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
};

/** Microseconds that `calls` calls take. */
async function timed(run, calls, clock) {
  const start = CLOCKS[clock]();
  for (let i = 0; i < calls; i++) {
    const result = run(i);
    if (result instanceof Promise) await result;
  }
  return CLOCKS[clock]() - start;
}

/** How many calls fill a round; the calls made to find out also warm up the compiler. */
async function callsIn(run, { roundMs, clock }) {
  for (let calls = 1; ; calls *= 2) {
    const tookMs = (await timed(run, calls, clock)) / 1e3;
    if (tookMs >= roundMs) return Math.max(1, Math.round((calls * roundMs) / tookMs));
  }
}

/**
 * Writes benchmarks/results/<name>.json, or in the folder that LIKENESS_BENCH_RESULTS names, with what is needed to
 * read the figures later.
 */
export function save(name, results) {
  const folder = process.env.LIKENESS_BENCH_RESULTS ?? resolve(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const file = resolve(folder, `${name}.json`);
  writeFileSync(file, `${JSON.stringify({ ...machine(), ...results }, undefined, 2)}\n`);
  console.log(`\nwritten to ${file}`);
}

function machine() {
  return {
    date: new Date().toISOString(),
    commit: commit(),
    node: process.version,
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    loadAverage1Min: loadavg()[0],
  };
}

function commit() {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

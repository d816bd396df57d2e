// Which logical processors share a core: what Linux says, and what a loop shows where a virtual machine hides it. And
// how a process is held to one of them.
import { fork, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const canHold =
  process.platform === 'linux' && spawnSync('taskset', ['--version']).error === undefined;

/**
 * The processors that this process may use, those of one core together. Where processes cannot be held to one, as
 * many cores as there are processors, each with one that is undefined.
 */
export function processorsByCore() {
  if (!canHold) return Array.from({ length: availableParallelism() }, () => [undefined]);
  const status = readFileSync('/proc/self/status', 'utf8');
  const byCore = new Map();
  for (const processor of numbersOf(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)[1])) {
    const core = siblingsOf(processor);
    byCore.set(core, [...(byCore.get(core) ?? []), processor]);
  }
  return [...byCore.values()];
}

/** The processors of a core as Linux lists them. */
function siblingsOf(processor) {
  const file = `/sys/devices/system/cpu/cpu${processor}/topology/thread_siblings_list`;
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : String(processor);
}

/** Numbers of a list as Linux writes it: `0-3,8`. */
const numbersOf = (list) =>
  list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });

/** Options of `fork` that hold a process, with all its threads, to a processor; none for undefined. */
export const heldTo = (processor) =>
  processor === undefined
    ? {}
    : { execPath: 'taskset', execArgv: ['-c', String(processor), process.execPath] };

const SPIN_UP_MS = 300;
const SPIN_MS = 250;

/** Turns of a loop that keeps one core busy, on these processors at the same time. */
function spin(processors) {
  const begin = Date.now() + SPIN_UP_MS;
  return Promise.all(
    processors.map(
      (processor) =>
        new Promise((done, fail) => {
          const file = join(import.meta.dirname, 'spin.mjs');
          const child = fork(file, [String(begin), String(SPIN_MS)], heldTo(processor));
          child.once('message', ({ turns }) => done(turns));
          child.once('error', fail);
        }),
    ),
  );
}

/**
 * How much more the first processor and another do of a loop than the first alone: about 2 on two cores, little
 * above 1 on two threads of one.
 *
 * @returns { processor, times } of each other processor.
 */
export async function besideTheFirst([first, ...others]) {
  const [alone] = await spin([first]);
  const beside = [];
  for (const processor of others) {
    const [a, b] = await spin([first, processor]);
    beside.push({ processor, times: (a + b) / alone });
  }
  return beside;
}

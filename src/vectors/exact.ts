import type { Arena } from './arena.js';
import type { Engine, Wanted } from './engine.js';
import type { Pacer } from './pacer.js';
import { type Hits, merge, rank, score } from './ranking.js';
import type { Match } from './vectors.js';

/** Bytes looked at between two looks at the clock: about 0.4 ms natively. */
const STEP_BYTES = 2 ** 23;

/** After this many scans disturbed by changes, one runs without letting others run. */
const INTERRUPTIBLE_SCANS = 3;

const NONE: Hits = { ordinals: new Uint32Array(0), scores: new Float32Array(0) };

/** Scans every row of the arena with the kernel: always right, and fast up to some tens of thousands of rows. */
export function exactEngine(arena: Arena, pacer: Pacer): Engine {
  return {
    name: 'exact',
    async search(wanted) {
      for (let attempt = 1; ; attempt++) {
        const interruptible = attempt <= INTERRUPTIBLE_SCANS;
        const matches = await attemptScan(arena, wanted, interruptible ? pacer : undefined);
        if (matches) return matches.slice(0, wanted.limit);
      }
    },
    written() {},
    freed() {},
    close() {},
  };
}

/**
 * Undefined when rows changed meanwhile, so that others may have been passed over wrongly.
 * Without a pacer it never waits, and so is never disturbed.
 */
async function attemptScan(
  arena: Arena,
  wanted: Wanted,
  pacer: Pacer | undefined,
): Promise<Match[] | undefined> {
  // One more than asked shows whether the last place is shared: then a lower key may stand beyond the cut.
  for (let size = wanted.limit + 1; ; size *= 4) {
    const before = arena.version;
    const hits = await scan(arena, wanted, { size, pacer });
    const full = hits.scores.length === size;
    if (full && hits.scores[wanted.limit - 1] === hits.scores[size - 1]) continue;
    if (arena.version === before) return rank(arena, hits);
    const now = score(arena, wanted, hits.ordinals);
    return full && fell(hits, now) ? undefined : now;
  }
}

/** Whether rows that were left out could now have a better claim than the last of those found. */
const fell = ({ scores }: Hits, now: Match[]): boolean =>
  now.length < scores.length || now.at(-1)!.cosine < scores.at(-1)!;

/** The best `size` rows, best first, lower ordinals first among equals. */
async function scan(
  arena: Arena,
  { query, minCosine }: Wanted,
  { size, pacer }: { size: number; pacer: Pacer | undefined },
): Promise<Hits> {
  const capacity = Math.min(size, arena.count);
  const found: Hits = { ordinals: new Uint32Array(capacity), scores: new Float32Array(capacity) };
  const bytesPerFloat = arena.kernel.coded ? 1 : Float32Array.BYTES_PER_ELEMENT;
  const rowsPerStep = Math.ceil(STEP_BYTES / bytesPerFloat / arena.dimension);
  let best = NONE;
  for (let at = 0; at < arena.end; ) {
    if (pacer && !pacer.hasTime()) await pacer.step();
    const part = arena.slice(at, rowsPerStep);
    const floor = best.scores.length === size ? best.scores.at(-1)! : minCosine;
    const count = arena.topK(query, part, floor, found);
    const ordinals = found.ordinals.subarray(0, count).map((row) => part.base + row);
    best = merge(best, { ordinals, scores: found.scores.subarray(0, count) }, size);
    at += part.live.length;
  }
  return best;
}

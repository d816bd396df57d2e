import { ApiError } from '../errors.js';
import { SKEW_MS, type Verified } from './sigv4/verify.js';

/** Why a signature does not count, and how long to wait before saying so. */
export interface ReplayRefusal {
  readonly error: ApiError;
  readonly afterMs: number;
}

/** Sees to it that no signature counts twice. */
export interface ReplayGuard {
  /** Remembers a signature; gives a refusal where it was used before or that cannot be told. */
  use(signed: Pick<Verified, 'signature' | 'signedAtMs'>, nowMs: number): ReplayRefusal | undefined;
  /** How many signatures are remembered. */
  size(): number;
}

export interface ReplayGuardOptions {
  /** Signatures remembered at a time; where there is no room for another, calls have to wait. */
  readonly capacity: number;
  /** Epoch milliseconds. What was signed before is refused: an earlier process may have served it. */
  readonly startedMs: number;
}

const SECOND_MS = 1000;
const SLICE_MS = 30_000;
/** Digits that a number holds exactly. Of a million random signatures no two begin with the same 52 bits. */
const DIGITS = 13;

/**
 * A bounded memory of signatures, each for as long as its date is accepted. A date has whole seconds only, so
 * that boto3 signs two equal calls of one second, or a quick retry, with the same bytes. The refusal is
 * therefore one that clients retry by themselves, and comes when that second is over: signed anew, the
 * call is taken.
 */
export function createReplayGuard({ capacity, startedMs }: ReplayGuardOptions): ReplayGuard {
  /** Signatures by the time slice in which the last of them ends. */
  const slices = new Map<number, Set<number>>();
  let size = 0;
  const startedSecondMs = startedMs - (startedMs % SECOND_MS);

  function forget(nowMs: number): void {
    for (const [slice, signatures] of slices)
      if ((slice + 1) * SLICE_MS <= nowMs) {
        slices.delete(slice);
        size -= signatures.size;
      }
  }

  return {
    use({ signature, signedAtMs }, nowMs) {
      const afterMs = Math.min(Math.max(0, signedAtMs + SECOND_MS - nowMs), SECOND_MS);
      if (signedAtMs < startedSecondMs)
        return refusal('was signed before this service started and may have been served', afterMs);
      forget(nowMs);
      const slice = Math.floor((signedAtMs + SKEW_MS) / SLICE_MS);
      const number = Number.parseInt(signature.slice(0, DIGITS), 16);
      const used = slices.get(slice) ?? new Set();
      if (used.has(number))
        return refusal('repeats one that was served already, byte for byte', afterMs);
      if (size >= capacity) return refusal('comes after too many others in five minutes', 0);
      slices.set(slice, used.add(number));
      size++;
      return undefined;
    },
    size: () => size,
  };
}

const refusal = (fault: string, afterMs: number): ReplayRefusal => ({
  error: new ApiError('ThrottlingException', `The request ${fault}: sign it again`),
  afterMs,
});

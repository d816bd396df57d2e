import { codePoints } from './value.js';

/**
 * Python's `difflib.get_close_matches`: the words most like `word`, best first. The measure is twice the
 * characters in matching blocks by the characters in both words (Ratcliff and Obershelp, 1988).
 */
export function closeMatches(
  word: string,
  words: readonly string[],
  { cutoff = 0.8, most = 3 } = {},
): string[] {
  return words
    .map((candidate) => ({ candidate, ratio: ratio(candidate, word) }))
    .filter((match) => match.ratio >= cutoff)
    .toSorted((a, b) => b.ratio - a.ratio || (a.candidate < b.candidate ? 1 : -1))
    .slice(0, most)
    .map((match) => match.candidate);
}

function ratio(a: string, b: string): number {
  const [left, right] = [codePoints(a), codePoints(b)];
  const total = left.length + right.length;
  return total === 0 ? 1 : (2 * matching(left, right)) / total;
}

/** Characters in the longest common block, and then to its left and right. */
function matching(a: readonly string[], b: readonly string[]): number {
  let [start, other, size] = [0, 0, 0];
  let lengths = b.map(() => 0);
  for (let i = 0; i < a.length; i++) {
    const next = b.map(() => 0);
    for (let j = 0; j < b.length; j++) {
      if (a[i] !== b[j]) continue;
      const length = (lengths[j] ?? 0) + 1;
      next[j + 1] = length;
      if (length > size) [start, other, size] = [i - length + 1, j - length + 1, length];
    }
    lengths = next;
  }
  if (size === 0) return 0;
  return (
    size +
    matching(a.slice(0, start), b.slice(0, other)) +
    matching(a.slice(start + size), b.slice(other + size))
  );
}

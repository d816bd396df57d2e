/** ln(n!) by Stirling's series; exact sums below 32. Relative error under 1e-12. */
export function logFactorial(n: number): number {
  if (n < 32) {
    let sum = 0;
    for (let i = 2; i <= n; i++) sum += Math.log(i);
    return sum;
  }
  return (
    (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * n) - 1 / (360 * n ** 3)
  );
}

const logChoose = (n: number, k: number): number =>
  k < 0 || k > n ? -Infinity : logFactorial(n) - logFactorial(k) - logFactorial(n - k);

/**
 * The chance that fewer than `rank` of `marked` among `total` are in a random choice of `chosen`. With more to choose
 * than there are, each is taken for independent (binomial).
 */
export function chanceOfFewer(
  rank: number,
  { total, marked, chosen }: { total: number; marked: number; chosen: number },
): number {
  if (marked === 0 || chosen === 0) return 1;
  let sum = 0;
  for (let i = 0; i < rank && i <= chosen; i++)
    sum +=
      chosen <= total
        ? Math.exp(
            logChoose(marked, i) + logChoose(total - marked, chosen - i) - logChoose(total, chosen),
          )
        : binomial(i, chosen, marked / total);
  return Math.min(1, sum);
}

function binomial(i: number, n: number, p: number): number {
  if (p >= 1) return i === n ? 1 : 0;
  return Math.exp(logChoose(n, i) + i * Math.log(p) + (n - i) * Math.log1p(-p));
}

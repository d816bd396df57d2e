// A loop that keeps one core's multipliers busy: `node spin.mjs <begin> <milliseconds>` waits until the clock shows
// `begin` (milliseconds of the epoch) and sends how many turns it made in the time given. Its products do not wait for
// each other, so that two threads of one core make hardly more turns than one alone, and two cores twice as many.
const [begin, milliseconds] = process.argv.slice(2).map(Number);
const STEPS = 100_000;
const FACTOR = 0.9999999;

function turn(seed) {
  let [a, b, c, d, e] = [seed, seed + 1, seed + 2, seed + 3, seed + 4];
  let [f, g, h, i, j] = [seed + 5, seed + 6, seed + 7, seed + 8, seed + 9];
  for (let step = 0; step < STEPS; step++) {
    a *= FACTOR;
    b *= FACTOR;
    c *= FACTOR;
    d *= FACTOR;
    e *= FACTOR;
    f *= FACTOR;
    g *= FACTOR;
    h *= FACTOR;
    i *= FACTOR;
    j *= FACTOR;
  }
  return a + b + c + d + e + f + g + h + i + j;
}

let turns = 0;
let sum = 0;
// Until then the compiler is warmed up.
while (Date.now() < begin) sum += turn(1.5);
while (Date.now() < begin + milliseconds) {
  sum += turn(1.5);
  turns++;
}
process.send({ turns, sum });

// How many of a user's further photos are found by the centroid of three of them, where so many strangers are.
import { seeded } from './measuring.mjs';
import { cosine, groupBy } from './metrics.mjs';

/** So many photos of each user enrol, the others probe. */
export const ENROL = 3;

const FMRS = [1e-2, 1e-3, 1e-4];

/** Each user is enrolled anew so often, by photos drawn from all of theirs. */
const DRAWS = 20;
const REPLICATES = 1000;

/** People with more photos than ENROL are users; of the others one photo each, of a stranger. */
export function usersAndStrangers(items) {
  const people = groupBy(items, ({ person }) => person).map(([, own]) => own);
  return {
    users: people.filter((own) => own.length > ENROL),
    strangers: people.filter((own) => own.length <= ENROL).map(([one]) => one),
  };
}

/**
 * Of users enrolled by their first photos.
 *
 * @param centroidOf the unit vector of some items, each with its unit embedding.
 */
export function userRates(items, centroidOf) {
  const { users, strangers } = usersAndStrangers(items);
  const scores = scored(users, strangers, centroidOf);
  const probes = scores.genuine.flat().length;
  return {
    users: users.length,
    probes,
    impostor: scores.impostor.length,
    ...shares(scores, (matched) => sum(matched) / probes),
  };
}

/**
 * Of users enrolled by photos drawn at random, again and again: which photos come first is chance. The intervals (95 %)
 * are over users drawn anew (percentile bootstrap), at thresholds held.
 */
export function drawnUserRates(items, centroidOf) {
  const { users, strangers } = usersAndStrangers(items);
  const random = seeded(1);
  const draws = Array.from({ length: DRAWS }, () => {
    const drawn = users.map((own) => shuffled(own, random));
    return shares(scored(drawn, strangers, centroidOf), (matched) => matched);
  });
  const probes = users.map((own) => (own.length - ENROL) * DRAWS);
  const everybody = users.map((_, index) => index);
  const replicates = Array.from({ length: REPLICATES }, () =>
    everybody.map(() => Math.floor(random() * users.length)),
  );
  const rates = Object.keys(draws[0]).map((name) => {
    const matched = users.map((_, index) => sum(draws.map((draw) => draw[name][index])));
    const rateOf = (some) => sum(some.map((at) => matched[at])) / sum(some.map((at) => probes[at]));
    const spread = replicates.map(rateOf).toSorted((a, b) => a - b);
    const at = (share) => spread[Math.floor(share * (REPLICATES - 1))];
    return [name, { value: rateOf(everybody), low: at(0.025), high: at(0.975) }];
  });
  return { users: users.length, draws: DRAWS, ...Object.fromEntries(rates) };
}

/** Genuine scores by user, and those of all users with all strangers, falling. */
function scored(users, strangers, centroidOf) {
  const genuine = [];
  const impostor = [];
  for (const own of users) {
    const user = centroidOf(own.slice(0, ENROL));
    genuine.push(own.slice(ENROL).map(({ embedding }) => cosine(user, embedding)));
    for (const { embedding } of strangers) impostor.push(cosine(user, embedding));
  }
  return { genuine, impostor: Float64Array.from(impostor).toSorted().toReversed() };
}

/** At 1e-4 it is nine impostor scores that decide. */
function shares({ genuine, impostor }, of) {
  return Object.fromEntries(
    FMRS.map((fmr) => {
      const threshold = impostor[Math.floor(impostor.length * fmr)];
      const matched = genuine.map((scores) => scores.filter((score) => score > threshold).length);
      return [`TAR@FMR${fmr}`, of(matched)];
    }),
  );
}

function shuffled(list, random) {
  const rest = [...list];
  return Array.from(list, () => rest.splice(Math.floor(random() * rest.length), 1)[0]);
}

function sum(numbers) {
  return numbers.reduce((a, b) => a + b, 0);
}

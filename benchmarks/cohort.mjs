// Learns where an embedding model crowds people together (`cohort` on its card, src/vision/cohort.ts), and says what it is worth
// to others: it is learnt from the people of LFW with one photo, and measured on those with several.
// Prints tables and writes results/cohort.json; with --write the cohort goes to the card.
//
//   npm run build && node benchmarks/cohort.mjs [folder of labelled photos] [model, default dlib-cohort] [--write]
//
// Embeddings are kept in the temporary folder.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cohortNormalisation } from '../dist/vision/cohort.js';
import { builtIn } from '../dist/vision/models.js';
import { analyse, labelledFace, photos } from './faces.mjs';
import { save, seeded } from './measuring.mjs';
import { allPairs, centroid, cosine, groupBy, shareAbove, thresholdAt } from './metrics.mjs';
import { COLUMNS, recognition } from './recognition.mjs';

/** Each model with a cohort, and the same one without. */
const PLAIN = { 'dlib-cohort': 'dlib-resnet', 'dlib-cohort-two-scales': 'dlib-resnet-two-scales' };
/** Chosen among 16 to 128 centroids and strengths of 2 to 8, which differ little: see README.md beside this. */
const CENTROIDS = 64;
const STRENGTH = 4;
/** A centroid of fewer people would say something of each. */
const LEAST_PEOPLE = 5;
const RESTARTS = 10;
const ROUNDS = 60;
/** Groups of people who look alike to the net, among whom false matches are counted. */
const GROUPS = 12;

const [, , , name = 'dlib-cohort'] = process.argv.filter((word) => !word.startsWith('--'));
const plain = PLAIN[name];
if (!plain) throw new Error(`${name}: expected one of ${Object.keys(PLAIN).join(', ')}`);

const rows = photos().filter((row) => row.kind === 'identity' && row.source !== 'aws-synth');
const items = await embedded(rows);
const lfw = items.filter(({ source }) => source === 'lfw');
const photosOf = new Map(groupBy(lfw, ({ person }) => person));
const known = lfw.filter(({ person }) => photosOf.get(person).length === 1);
const others = lfw.filter(({ person }) => photosOf.get(person).length > 1);
const cohort = cohortOf(known);
const normalise = cohortNormalisation(cohort);

const table = {
  [`${plain}: people with several photos`]: recognition(others),
  [`${name}: people with several photos`]: recognition(normalised(others)),
  [`${plain}: all`]: recognition(lfw),
  [`${name}: all`]: recognition(normalised(lfw)),
};
const groups = clusters(onePhotoEach(known), GROUPS);
const report = {
  command: `node benchmarks/cohort.mjs ../shared/faces ${name}`,
  model: name,
  learntFrom: known.length,
  people: photosOf.size - known.length,
  photos: others.length,
  centroids: cohort.centroids.length,
  strength: STRENGTH,
  columns: COLUMNS,
  recognition: table,
  groups: {
    about: `People with several photos, put to the nearest of ${GROUPS} centroids of the cohort's people: the share of false matches, %, among those of one group where it is 0.1 among all`,
    [plain]: amongGroups(others),
    [name]: amongGroups(normalised(others)),
  },
  sources: {
    about:
      'Genuine pairs matched, %, at FMR 1e-3 of each source itself; and its FMR, %, at the threshold of FMR 1e-3 on LFW',
    [plain]: bySource(items),
    [name]: bySource(normalised(items)),
  },
};
save(name === 'dlib-cohort' ? 'cohort' : `cohort-${name}`, report);
console.table(table);
for (const part of [report.groups, report.sources]) {
  console.log(part.about);
  for (const model of [plain, name]) console.log(`  ${model}:`, part[model]);
}
if (process.argv.includes('--write')) write();
process.exit(0);

function normalised(some) {
  return some.map((item) => ({
    ...item,
    plain: item.embedding,
    embedding: normalise(item.embedding),
  }));
}

/** @returns the cohort of these people, as it stands on a card. */
function cohortOf(some) {
  const people = onePhotoEach(some);
  const centroids = clusters(people, CENTROIDS);
  const level = people.reduce((sum, each) => sum + nearest(each, centroids), 0) / people.length;
  return {
    strength: STRENGTH,
    level: Number(level.toFixed(4)),
    mean: rounded(centroid(people)),
    centroids: centroids.map(rounded),
  };
}

function rounded(vector) {
  return Array.from(vector, (value) => Number(value.toFixed(4)));
}

function onePhotoEach(some) {
  return groupBy(some, ({ person }) => person).map(([, [{ embedding }]]) => embedding);
}

function nearest(vector, centroids) {
  return Math.max(...centroids.map((each) => cosine(vector, each)));
}

/** Spherical k-means; the best of some restarts. Centroids of too few people are dissolved. */
function clusters(vectors, count) {
  let best;
  for (let restart = 0; restart < RESTARTS; restart++) {
    const found = settled(vectors, count, seeded(restart + 1));
    const score = vectors.reduce((sum, vector) => sum + nearest(vector, found), 0);
    if (!best || score > best.score) best = { score, found };
  }
  return best.found;
}

function settled(vectors, count, random) {
  const pool = [...vectors];
  let centroids = Array.from(
    { length: Math.min(count, pool.length) },
    () => pool.splice(Math.floor(random() * pool.length), 1)[0],
  );
  for (let round = 0; round < ROUNDS; round++) centroids = moved(vectors, centroids).centroids;
  for (;;) {
    const { centroids: next, sizes } = moved(vectors, centroids);
    const smallest = Math.min(...sizes);
    if (smallest >= LEAST_PEOPLE) return next;
    centroids = next.filter((_, index) => index !== sizes.indexOf(smallest));
  }
}

/** One round: the mean of those nearest to each centroid. Of one without any nothing is left. */
function moved(vectors, centroids) {
  const members = centroids.map(() => []);
  for (const vector of vectors) members[indexOfNearest(vector, centroids)].push(vector);
  const kept = members.filter((list) => list.length > 0);
  return { centroids: kept.map((list) => centroid(list)), sizes: kept.map((list) => list.length) };
}

function indexOfNearest(vector, centroids) {
  let best = 0;
  let most = -Infinity;
  for (const [index, each] of centroids.entries()) {
    const score = cosine(vector, each);
    if (score > most) [best, most] = [index, score];
  }
  return best;
}

/** False matches within each group, sorted. */
function amongGroups(some) {
  const threshold = thresholdAt(allPairs(some).impostor, 1e-3);
  const members = groups.map(() => []);
  for (const item of some) members[indexOfNearest(item.plain ?? item.embedding, groups)].push(item);
  return members
    .map((list) => allPairs(list).impostor)
    .filter((impostor) => impostor.length >= 1000)
    .map((impostor) => Number((100 * shareAbove([...impostor], threshold)).toFixed(2)))
    .toSorted((a, b) => a - b);
}

function bySource(some) {
  const { impostor: strangers } = allPairs(
    some.filter(({ source, person }) => source === 'lfw' && photosOf.get(person).length > 1),
  );
  const threshold = thresholdAt(strangers, 1e-3);
  const rates = {};
  for (const source of ['london', 'orl', 'bbt', 'deepface']) {
    const { genuine, impostor } = allPairs(some.filter((item) => item.source === source));
    const own = impostor[impostor.length - 1 - Math.floor(impostor.length * 1e-3)];
    rates[source] = {
      matched: Number((100 * shareAbove(genuine, own)).toFixed(1)),
      fmr: Number((100 * shareAbove([...impostor], threshold)).toFixed(2)),
    };
  }
  return rates;
}

/** The photos whose labelled face was found, each with its embedding by the model without a cohort. */
async function embedded(wanted) {
  const { results } = await analyse(wanted, { embedders: [builtIn(plain)] });
  return wanted.flatMap((row) => {
    const face = labelledFace(row, results.get(row.path));
    return face ? [{ ...row, embedding: face.embedding }] : [];
  });
}

/** To the card, which the project's formatter lays out. */
function write() {
  const file = join(import.meta.dirname, '../models', name, 'card.json');
  const card = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...card, cohort }, undefined, 2));
  execFileSync('npx', ['biome', 'format', '--write', file], { stdio: 'inherit' });
  console.log(`written to ${file}`);
}

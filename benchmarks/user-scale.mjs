// Does a similarity keep its word for users of several faces, of people nobody learnt from? The people of LFW in ../shared/faces are
// cut in two; what strangers gain on users of several faces is learnt on each half and tried on the other, beside the same curve without it.
// Prints how many times the stated share of strangers AssociateFaces takes, by the number of faces.
//
//   npm run build && node benchmarks/user-scale.mjs [model, default dlib-cohort] [directory for embeddings, default ~/.cache/likeness/embeddings]
import { homedir } from 'node:os';
import { join } from 'node:path';
import { outlierDistanceOf } from '../dist/domain/centroid.js';
import { associationErrors } from '../dist/thresholds/association.js';
import { gainsFor } from '../dist/thresholds/fit-calibration.js';
import { embedPhotos } from '../dist/thresholds/inputs/embed.js';
import { installedModel, openVision, photosAt } from '../dist/thresholds/inputs/input.js';
import { samplesOf } from '../dist/thresholds/samples.js';
import { placeOf, similarityGrid } from '../dist/thresholds/scale.js';
import { userGains } from '../dist/thresholds/user-gains.js';
import { kernels } from '../dist/vectors/kernels.js';
import { builtIn, loadCard } from '../dist/vision/models.js';
import { save } from './measuring.mjs';

const FACES = join(import.meta.dirname, '../../shared/faces');
const [name = 'dlib-cohort', cacheDirectory = join(homedir(), '.cache/likeness/embeddings')] =
  process.argv.slice(2);
const WHERE = [
  { column: 'kind', value: 'identity', not: false },
  { column: 'source', value: 'lfw', not: false },
  { column: 'tags', value: 'suspect-label-or-twin', not: true },
];
const THRESHOLDS = [60, 75, 80];
/** Each draws other photos into the users and other photos of strangers. */
const DRAWINGS = 8;

const [kernel] = kernels();
const place = builtIn(name);
const model = await installedModel(place);
const { gains: _shipped, ...photos } = model.calibration;
const outlierDistance = outlierDistanceOf(photos);
const grid = similarityGrid(photos);
const places = THRESHOLDS.map((threshold) => placeOf(grid, threshold));

// A cohort was learnt from those with one photo.
const minPhotos = (await loadCard(name, 'embedder')).cohort ? 2 : 1;
const list = await photosAt(join(FACES, 'manifest.csv'), 'csv', { where: WHERE, minPhotos });
const { faces } = await embedPhotos(list, {
  model,
  openVision: () =>
    openVision({ runtime: 'auto', workers: 2, timeoutMs: 60_000, embedders: [place] }),
  cacheDirectory,
  face: 'central',
  filter: 'NONE',
  parallel: 2,
});
// The order of a seeded shuffle, so that halves do not go by the alphabet.
const { subjects } = samplesOf(faces, model.dimension, 1);
const halves = [0, 1].map((half) => {
  const names = new Set(subjects.filter((_, i) => i % 2 === half));
  return samplesOf(
    faces.filter(({ subject }) => names.has(subject)),
    model.dimension,
    1,
  );
});

const rows = new Map();
const learnt = [];
for (const half of [0, 1]) {
  const measured = await userGains(halves[half], { kernel, seed: 1, outlierDistance });
  learnt.push(measured);
  const curves = { before: photos, after: { ...photos, gains: gainsFor(photos, measured) } };
  for (const [side, curve] of Object.entries(curves))
    for (let seed = 1; seed <= DRAWINGS; seed++) {
      const settings = { curve, kernel, seed, outlierDistance };
      for (const { faces: size, users, byThreshold } of await associationErrors(
        halves[1 - half],
        places,
        settings,
      ))
        for (const { threshold, falseAcceptance, falseRejection } of byThreshold) {
          const key = `${size} ${threshold}`;
          const row = rows.get(key) ?? {
            faces: size,
            threshold,
            users: 0,
            before: { errors: 0, trials: 0, refused: 0, own: 0 },
            after: { errors: 0, trials: 0, refused: 0, own: 0 },
          };
          rows.set(key, row);
          if (side === 'after' && seed === 1) row.users += users;
          row[side].errors += falseAcceptance.errors;
          row[side].trials += falseAcceptance.comparisons;
          row[side].refused += falseRejection.errors;
          row[side].own += falseRejection.comparisons;
        }
    }
}

const table = [...rows.values()].map((row) => {
  const stated = (1 - row.threshold / 100) ** 5;
  const times = ({ errors, trials }) => errors / trials / stated;
  const share = ({ refused, own }) => refused / own;
  return {
    ...row,
    stated,
    timesBefore: times(row.before),
    timesAfter: times(row.after),
    refusedBefore: share(row.before),
    refusedAfter: share(row.after),
  };
});
console.table(
  table.map(({ faces: size, threshold, users, before, ...row }) => ({
    faces: size,
    threshold,
    users,
    errors: before.errors,
    'times the stated FMR': row.timesBefore.toFixed(2),
    'with gains learnt on others': row.timesAfter.toFixed(2),
    'refuses own': `${(100 * row.refusedBefore).toFixed(1)} %`,
    'refuses own, with gains': `${(100 * row.refusedAfter).toFixed(1)} %`,
  })),
);
save(`user-scale-${name}`, {
  model: name,
  question: 'similarity to users of several faces, of people nobody learnt from',
  drawings: DRAWINGS,
  learnt,
  rows: table,
});

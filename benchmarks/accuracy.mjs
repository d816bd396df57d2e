// How accurate is the vision part on labelled photos? Prints tables and writes results/accuracy.json.
// What a threshold means on them is `likeness thresholds`' to say.
//
//   npx tsc -p . && node benchmarks/accuracy.mjs [folder of labelled photos, default ../shared/faces]
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { centroidOf, outlierDistanceOf } from '../dist/domain/centroid.js';
import { refusals } from '../dist/domain/quality.js';
import { cosineFloor, similarityOf } from '../dist/domain/similarity.js';
import { analyse, facesFolder, labelledFace, photos, readCsv } from './faces.mjs';
import { save } from './measuring.mjs';
import { allPairs, cosine, foldAccuracy, groupBy, shareAbove, thresholdAt } from './metrics.mjs';
import { drawnUserRates, ENROL, userRates, usersAndStrangers } from './user-rates.mjs';

/** What shared/studies/ml.md measured with the prototype, on all of LFW unless said otherwise. */
const PROMISE = {
  lfwPairs: '≥ 0.992 (all ten official folds in the study: 0.9927)',
  errorRates: 'TAR ≥ 0.95 at 1e-3, ≥ 0.84 at 1e-4; of users ≥ 0.995, ≥ 0.95',
  misses: '< 0.001',
  noFace: '≥ 0.98 of photos',
};

const FMRS = [0.01, 0.001, 0.0001];

/** Every so many photos of one person are turned. */
const TURNED_EVERY = 16;

/** Sources whose people are not real or whose faces are copies: no error rates from them. */
const NOT_FOR_ERROR_RATES = new Set(['aws-synth']);

const rows = photos();
const { results, model, runtime, fresh, meanMs } = await analyse(rows);
const curve = model.calibration;

const identity = rows.filter((row) => row.kind === 'identity');
const items = identity.flatMap((row) => {
  const face = labelledFace(row, results.get(row.path));
  return face
    ? [{ path: row.path, source: row.source, person: row.person, face, embedding: face.embedding }]
    : [];
});
const lfw = items.filter(({ source }) => source === 'lfw');
const byPath = new Map(items.map((item) => [item.path, item]));

const report = {
  command: 'node benchmarks/accuracy.mjs',
  model: model.id,
  calibration: curve.version,
  runtime,
  photos: rows.length,
  msPerPhoto: fresh === rows.length ? meanMs : undefined,
  detection: detection(),
  lfwPairs: lfwPairs(),
  errorRates: errorRates(),
  users: userRates(lfw, centroid),
  drawnUsers: drawnUserRates(lfw, centroid),
  strangerAmongThem: strangerAmongThem(),
  noFace: noFace(),
  groups: groups(),
  exif: exif(),
  turned: await turned(),
  quality: quality(),
  qualityFilter: qualityFilter(),
};

save('accuracy', report);
print(report);

/** Per source: photos without a face, photos refused, and extra faces where the label says one. */
function detection() {
  return groupBy(identity, (row) => row.source).map(([source, list]) => {
    const errors = list.filter((row) => results.get(row.path).error);
    const missed = list.filter((row) => results.get(row.path).faces?.length === 0);
    const single = list.filter((row) => row.n_faces === '1');
    const extra = single.filter((row) => (results.get(row.path).faces?.length ?? 0) > 1);
    return {
      source,
      photos: list.length,
      missed: missed.length,
      refused: errors.length,
      extraFaces: `${extra.length}/${single.length}`,
      missedPaths: missed.slice(0, 20).map((row) => row.path),
    };
  });
}

/** The two official folds at hand, each cut into five, so that there are ten. */
function lfwPairs() {
  const counts = {};
  const pairs = readCsv('lfw-pairs.csv').flatMap(({ a, b, same, fold: official }) => {
    const [left, right] = [byPath.get(a), byPath.get(b)];
    const kind = `${official}-${same}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
    const fold = `${official}-${counts[kind] % 5}`;
    return left && right
      ? [{ fold, same: same === '1', score: cosine(left.embedding, right.embedding) }]
      : [];
  });
  const { mean: right, folds } = foldAccuracy(pairs);
  const deviation = Math.sqrt(mean(folds.map((fold) => (fold - right) ** 2)));
  return { pairs: pairs.length, mean: right, deviation, folds, promise: PROMISE.lfwPairs };
}

/** Photo against photo within each source; a rate that fewer than 30 impostor pairs would decide is left out. */
function errorRates() {
  const real = items.filter((item) => !NOT_FOR_ERROR_RATES.has(item.source));
  return groupBy(real, (item) => item.source).flatMap(([source, list]) => {
    const { genuine, impostor } = allPairs(list);
    if (genuine.length < 30 || impostor.length < 3000) return [];
    const at = FMRS.map((fmr) => {
      const threshold = thresholdAt(impostor, fmr);
      return [
        `TAR@FMR${fmr}`,
        threshold === undefined ? undefined : shareAbove(genuine, threshold),
      ];
    });
    const atLfw = cosineFloor(curve, 75);
    return {
      source,
      people: new Set(list.map(({ person }) => person)).size,
      genuine: genuine.length,
      impostor: impostor.length,
      ...Object.fromEntries(at),
      'TAR at 75': shareAbove(genuine, atLfw),
      'FMR at 75': shareAbove([...impostor], atLfw),
    };
  });
}

/** Photos whose orientation was lost: the same face as upright, lying or standing on its head? */
async function turned() {
  const single = identity.filter(
    (row) => row.n_faces === '1' && results.get(row.path).faces?.length === 1,
  );
  const some = single.filter((_, index) => index % TURNED_EVERY === 0);
  const all = some.flatMap((row) =>
    [90, 180, 270].map((degrees) => ({
      path: `${row.path}#${degrees}`,
      sha256: `${row.sha256}-${degrees}`,
      of: row.path,
      degrees,
      make: async () => {
        const upright = await sharp(readFileSync(join(facesFolder, row.path)))
          .autoOrient()
          .png()
          .toBuffer();
        return sharp(upright).rotate(degrees).png().toBuffer();
      },
    })),
  );
  const { results: found } = await analyse(all);
  return [90, 180, 270].map((degrees) => {
    const photosSo = all.filter((row) => row.degrees === degrees);
    const cosines = photosSo.flatMap(({ path, of }) => {
      const [face] = found.get(path).faces ?? [];
      return face ? [cosine(face.embedding, results.get(of).faces[0].embedding)] : [];
    });
    return {
      degrees,
      photos: photosSo.length,
      found: cosines.length,
      sameFace: cosines.filter((score) => score > 0.97).length,
    };
  });
}

/** As AssociateFaces makes it; a plain mean with an outlier distance that nothing reaches. */
function centroid(list, outlierDistance = outlierDistanceOf(curve)) {
  return centroidOf(
    list.map(({ path, face }) => ({ faceId: path, embedding: face.embedding })),
    outlierDistance,
  );
}

/** A photo of somebody else among a user's first ones: how many of the user's other photos are still found? */
function strangerAmongThem() {
  const { users, strangers } = usersAndStrangers(lfw);
  const ways = {
    'clean, plain mean': { stranger: false, outlierDistance: 1e9 },
    clean: { stranger: false },
    'one of somebody else, plain mean': { stranger: true, outlierDistance: 1e9 },
    'one of somebody else': { stranger: true },
  };
  return Object.entries(ways).map(([enrolled, { stranger, outlierDistance }]) => {
    const [genuine, impostor] = [[], []];
    for (const [index, list] of users.entries()) {
      const other = strangers[index % strangers.length];
      const own = list.slice(0, stranger ? ENROL - 1 : ENROL);
      const user = centroid(stranger ? [...own, other] : own, outlierDistance);
      for (const item of list.slice(ENROL)) genuine.push(cosine(user, item.embedding));
      for (const item of strangers) if (item !== other) impostor.push(cosine(user, item.embedding));
    }
    const sorted = Float32Array.from(impostor).toSorted();
    const at = [0.01, 0.001].map((fmr) => [
      `TAR@FMR${fmr}`,
      shareAbove(genuine, thresholdAt(sorted, fmr) ?? Number.NaN),
    ]);
    return { enrolled, users: users.length, probes: genuine.length, ...Object.fromEntries(at) };
  });
}

/** Photos without a human face: any face found is a false one. Animals and drawings counted apart. */
function noFace() {
  const list = rows.filter((row) => row.kind === 'no-face');
  return {
    promise: PROMISE.noFace,
    kinds: groupBy(list, (row) => (row.tags.includes('animal') ? 'animal' : 'other')).map(
      ([name, some]) => {
        const found = some.filter((row) => (results.get(row.path).faces?.length ?? 0) > 0);
        return {
          name,
          photos: some.length,
          clean: 1 - found.length / some.length,
          found: found.map((row) => ({
            path: row.path,
            confidence: results.get(row.path).faces.map((face) => Math.round(face.confidence)),
          })),
        };
      },
    ),
  };
}

function groups() {
  return rows
    .filter((row) => row.kind === 'group')
    .map((row) => ({
      path: row.path,
      labelled: row.n_faces || 'unknown',
      found: results.get(row.path).faces?.length,
    }));
}

/** All eight orientations of a photo must give the box of the first. */
function exif() {
  const list = rows.filter((row) => row.kind === 'exif');
  return groupBy(list, (row) => row.person).map(([person, some]) => {
    const boxes = some.map((row) => results.get(row.path).faces?.[0]?.box);
    const reference = boxes[0];
    const shifts = boxes.map((box) =>
      box && reference
        ? Math.max(...Object.keys(box).map((side) => Math.abs(box[side] - reference[side])))
        : 1,
    );
    return { person, photos: some.length, largestBoxShift: Math.max(...shifts) };
  });
}

/** Damaged copies of studio photos: found, recognised against the undamaged photo, passed by AUTO? */
function quality() {
  const list = rows.filter((row) => row.kind === 'quality');
  return groupBy(list, (row) => row.tags[0] ?? 'none').map(([tag, some]) => {
    const found = some.flatMap((row) => {
      const face = results.get(row.path).faces?.[0];
      return face ? [{ row, face }] : [];
    });
    const similarities = found.flatMap(({ row, face }) => {
      const others = items.filter((item) => item.person === row.person);
      return others.map((item) => similarityOf(curve, cosine(item.embedding, face.embedding)));
    });
    const filters = ['LOW', 'AUTO', 'MEDIUM', 'HIGH'];
    return {
      tag,
      photos: some.length,
      found: found.length,
      meanSimilarity: similarities.length > 0 ? mean(similarities) : undefined,
      passed: Object.fromEntries(
        filters.map((filter) => [
          filter,
          found.filter(({ face }) => refusals(face, filter).length === 0).length,
        ]),
      ),
      reasons: [...new Set(found.flatMap(({ face }) => refusals(face, 'AUTO')))],
    };
  });
}

/** Which share of normal photos each filter lets pass, and what the refused ones cost in recognition. */
function qualityFilter() {
  const threshold = cosineFloor(curve, 75) + 1e-4;
  const usable = items.filter((item) => !NOT_FOR_ERROR_RATES.has(item.source));
  return ['LOW', 'AUTO', 'MEDIUM', 'HIGH'].map((filter) => {
    const passes = new Set(usable.filter(({ face }) => refusals(face, filter).length === 0));
    const missRate = (list) => {
      const scores = groupBy(list, (item) => item.person).flatMap(
        ([, some]) => allPairs(some).genuine,
      );
      return 1 - shareAbove(scores, threshold);
    };
    return {
      filter,
      passed: Object.fromEntries(
        groupBy(usable, (item) => item.source).map(([source, list]) => [
          source,
          `${list.filter((item) => passes.has(item)).length}/${list.length}`,
        ]),
      ),
      missRateOfAll: missRate(usable),
      missRateOfPassed: missRate([...passes]),
    };
  });
}

function mean(list) {
  return list.reduce((a, b) => a + b, 0) / list.length;
}

function print(result) {
  console.log(`${result.model} on ${result.runtime}, ${result.photos} photos of ${facesFolder}`);
  if (result.msPerPhoto) console.log(`${result.msPerPhoto.toFixed(0)} ms a photo and worker`);
  console.log('\nDetection (promise: misses', `${PROMISE.misses})`);
  console.table(result.detection, ['source', 'photos', 'missed', 'refused', 'extraFaces']);
  console.log(
    `LFW official pairs: ${result.lfwPairs.mean.toFixed(4)} ± ${result.lfwPairs.deviation.toFixed(4)} (10 parts) on ${result.lfwPairs.pairs} pairs, promise ${result.lfwPairs.promise}`,
  );
  console.log(`\nPhoto against photo within a source (promise on LFW ${PROMISE.errorRates})`);
  console.table(result.errorRates.map(rounded));
  console.log(`Users of ${ENROL} photos of LFW`);
  console.table([rounded(result.users)]);
  console.log(
    `The same, the ${ENROL} drawn anew ${result.drawnUsers.draws} times, 95 % intervals over users`,
  );
  console.table(
    Object.fromEntries(
      Object.entries(result.drawnUsers)
        .filter(([name]) => name.startsWith('TAR'))
        .map(([name, rate]) => [name, rounded(rate)]),
    ),
  );
  console.log(`\nUsers of ${ENROL} photos, one of which may be of somebody else`);
  console.table(result.strangerAmongThem.map(rounded));
  console.log(`\nPhotos without a face (promise ${result.noFace.promise})`);
  for (const kind of result.noFace.kinds)
    console.log(
      `${kind.name}: ${round(kind.clean)} of ${kind.photos} clean;`,
      kind.found.map((entry) => `${entry.path} ${entry.confidence}`).join(', '),
    );
  console.log('\nGroup photos');
  console.table(result.groups);
  console.log('EXIF orientations, largest shift of a box side');
  console.table(result.exif);
  console.log('Photos that lost their orientation');
  console.table(result.turned);
  console.log('Damaged photos');
  console.table(
    result.quality.map(({ passed, reasons, ...row }) => ({
      ...rounded(row),
      ...passed,
      AUTO_reasons: reasons.join(' '),
    })),
  );
  console.log('Quality filters on normal photos; miss rate of genuine pairs at 75');
  console.table(result.qualityFilter.map(({ passed, ...row }) => ({ ...rounded(row), ...passed })));
}

function round(value) {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}

function rounded(row) {
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, round(value)]));
}

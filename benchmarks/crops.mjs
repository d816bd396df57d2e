// How much of a face is lost in its crop? Faces of the labelled photos are embedded from the photo and from the crop that the
// service keeps of it, once where the crop says that they are and once as crops of earlier releases are: found again in it. Prints the
// cosine between both, how similarities between photos change when one side comes from a crop, and the size; writes results/crops.json.
//
//   npx tsc -p . && node benchmarks/crops.mjs [folder of labelled photos, default ../shared/faces] [every n-th person, default 4]
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { similarityOf } from '../dist/domain/similarity.js';
import { createVision } from '../dist/vision/pool.js';
import { facesFolder, labelledFace, photos } from './faces.mjs';
import { save } from './measuring.mjs';
import { cosine, shareAbove, thresholdAt } from './metrics.mjs';

const every = Number(process.argv[3] ?? 4);
/** A lower one is not seen in 30 errors among the photos of every source. */
const FMR = 1e-2;
const EVERYTHING = { filter: 'NONE', maxFaces: 100, embed: 'kept' };

const vision = await createVision({ workers: availableParallelism() });
const { calibration } = vision.model;
const rows = photos().filter(({ kind }) => kind === 'identity');
const chosen = {
  LFW: everyNth(rows.filter(({ source }) => source === 'lfw')),
  'other sources': everyNth(rows.filter(({ source }) => source !== 'lfw')),
};

const report = {};
for (const [name, list] of Object.entries(chosen)) {
  const items = [];
  const waiting = [...list];
  await Promise.all(
    Array.from({ length: availableParallelism() + 1 }, async () => {
      for (let row = waiting.shift(); row; row = waiting.shift()) {
        const item = await measured(row);
        if (item) items.push(item);
        if (items.length % 50 === 0)
          process.stderr.write(`\r${name}: ${items.length} of ${list.length}`);
      }
    }),
  );
  report[name] = {
    photos: list.length,
    faces: items.length,
    'crop, face where it says': agreement(items, 'told'),
    'crop, face found again': agreement(items, 'found'),
    bytes: spread(items.map(({ bytes }) => bytes)),
    sidePx: spread(items.map(({ sidePx }) => sidePx)),
  };
}
process.stderr.write('\n');
await vision.close();
save('crops', {
  question: 'what is lost when a face is embedded from its crop in place of its photo',
  command: 'node benchmarks/crops.mjs',
  every,
  model: vision.model.id,
  runtime: vision.runtime,
  ...report,
});
for (const [name, { faces, bytes, sidePx, ...ways }] of Object.entries(report)) {
  console.log(
    `${name}: ${faces} faces, ${bytes.median} bytes (95 %: ${bytes.p95}), ${sidePx.median} px`,
  );
  console.table(ways);
}
process.exit(0);

/** The photos of every n-th person. */
function everyNth(list) {
  const people = [...new Set(list.map(({ person }) => person))];
  const some = new Set(people.filter((_, i) => i % every === 0));
  return list.filter(({ person }) => some.has(person));
}

async function measured(row) {
  const photo = await vision.analyse(readFileSync(join(facesFolder, row.path)), {
    ...EVERYTHING,
    crops: true,
  });
  const face = labelledFace(row, photo);
  if (!face) return undefined;
  const again = async (crop, isCrop) => {
    const { faces, width, height } = await vision.analyse(crop, { ...EVERYTHING, isCrop });
    return { faces, sidePx: Math.max(width, height) };
  };
  const told = await again(face.crop, true);
  const found = await again(face.crop, false);
  // As a move chooses among several.
  const best = found.faces.toSorted(
    (a, b) => cosine(b.embedding, face.embedding) - cosine(a.embedding, face.embedding),
  )[0];
  return {
    person: row.person,
    photo: face.embedding,
    told: told.faces[0].embedding,
    found: best?.embedding,
    bytes: face.crop.length,
    sidePx: told.sidePx,
  };
}

/** Between photo and crop, and what a switch to embeddings from crops does to comparisons of different photos. */
function agreement(items, way) {
  const whole = items.filter((item) => item[way]);
  const cosines = whole.map((item) => cosine(item.photo, item[way])).toSorted((a, b) => a - b);
  const at = (share) => cosines[Math.floor(share * (cosines.length - 1))];
  const similarity = (value) => round(similarityOf(calibration, value), 2);
  return {
    notFound: items.length - whole.length,
    cosineMin: round(at(0), 4),
    cosineP5: round(at(0.05), 4),
    cosineMedian: round(at(0.5), 5),
    similarityMin: similarity(at(0)),
    similarityP5: similarity(at(0.05)),
    ...comparisons(whole, way),
  };
}

/** Pairs of photos, compared by their embeddings and by those of their crops. */
function comparisons(items, way) {
  const pairs = { photo: { genuine: [], impostor: [] }, [way]: { genuine: [], impostor: [] } };
  const moved = [];
  for (const [i, a] of items.entries())
    for (const b of items.slice(0, i)) {
      const kind = a.person === b.person ? 'genuine' : 'impostor';
      const scores = ['photo', way].map((side) => cosine(a[side], b[side]));
      pairs.photo[kind].push(scores[0]);
      pairs[way][kind].push(scores[1]);
      if (kind === 'genuine')
        moved.push(
          Math.abs(scores.map((s) => similarityOf(calibration, s)).reduce((x, y) => x - y)),
        );
    }
  const tar = ({ genuine, impostor }) => {
    const threshold = thresholdAt(Float32Array.from(impostor).toSorted(), FMR);
    return threshold === undefined ? null : round(100 * shareAbove(genuine, threshold), 1);
  };
  return {
    genuinePairs: moved.length,
    similarityMovedP95:
      moved.length > 0
        ? round(moved.toSorted((a, b) => a - b)[Math.floor(0.95 * (moved.length - 1))], 2)
        : null,
    [`TAR at FMR ${FMR}, photos`]: tar(pairs.photo),
    [`TAR at FMR ${FMR}, crops`]: tar(pairs[way]),
  };
}

function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    median: sorted[sorted.length >> 1],
    p95: sorted[Math.floor(0.95 * (sorted.length - 1))],
  };
}

function round(value, digits) {
  return Number(value.toFixed(digits));
}

// Which cosine means which false match rate? Fits the calibration curve of the embedder's card on all impostor
// pairs of one source and prints it as JSON for models/<name>/card.json.
//
//   npx tsc -p . && node benchmarks/calibrate.mjs [folder of labelled photos] [source, default lfw]
import { cosineFloor } from '../dist/domain/similarity.js';
import { analyse, labelledFace, photos } from './faces.mjs';
import { allPairs, thresholdAt } from './metrics.mjs';

const RATES = [0.5, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];
const ANCHORS = [50, 75, 80, 90, 99];

const source = process.argv[3] ?? 'lfw';
const rows = photos().filter((row) => row.kind === 'identity' && row.source === source);
const { results, model } = await analyse(rows);
const items = rows.flatMap((row) => {
  const face = labelledFace(row, results.get(row.path));
  return face ? [{ person: row.person, embedding: face.embedding }] : [];
});
const { genuine, impostor } = allPairs(items);

const fitted = RATES.flatMap((fmr) => {
  // A rate seen in fewer than 30 errors says too little (thresholdAt gives none then).
  const cosine = thresholdAt(impostor, fmr);
  return cosine === undefined
    ? []
    : [{ fmr, cosine, errors: Math.floor(impostor.length * fmr), published: publishedAt(fmr) }];
});
const curve = {
  version: `${source}-${new Date().toISOString().slice(0, 10)}`,
  exponent: model.calibration.exponent,
  points: fitted.map(({ fmr, cosine }) => [round(cosine), round(Math.log10(fmr))]),
};

console.table(fitted);
console.log(
  JSON.stringify(
    {
      model: model.id,
      photos: items.length,
      people: new Set(items.map((item) => item.person)).size,
      genuinePairs: genuine.length,
      impostorPairs: impostor.length,
      calibration: {
        ...curve,
        anchors: ANCHORS.map((similarity) => ({
          similarity,
          fmr: (1 - similarity / 100) ** (1 / curve.exponent),
          // cosineFloor lies 1e-4 below the curve.
          cosine: round(cosineFloor(curve, similarity) + 1e-4),
        })),
      },
    },
    null,
    2,
  ),
);

/** The cosine that the curve in use gives this rate. */
function publishedAt(fmr) {
  const { exponent } = model.calibration;
  return round(cosineFloor(model.calibration, 100 * (1 - fmr ** exponent)) + 1e-4);
}

function round(value) {
  return Math.round(value * 1e5) / 1e5;
}

// How often are gender, age range and smile right, and is a confidence as often right as it says? Prints tables and
// writes results/attributes.json. Labels stand in labels/: sex and year of birth of known people, whose LFW photos are
// of about 2002, and smiles judged by eye (doubtful faces left out).
//
//   npx tsc -p . && node benchmarks/attributes.mjs [folder of labelled photos, default ../shared/faces]
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { facesFolder, labelledFace, photos } from './faces.mjs';
import { save } from './measuring.mjs';

const { createVision } = await import('../dist/vision/pool.js');

/** Of one person only so many photos count, so that nobody counts ten times. */
const PER_PERSON = 3;

/** When LFW's photos were taken, on average. */
const TAKEN = 2002.7;

const table = (name) =>
  readFileSync(new URL(`labels/${name}.csv`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));

const people = new Map(
  table('people').map(([person, sex, born]) => [`lfw/${person}`, { sex, born: Number(born) }]),
);
const smiles = new Map(table('smiles').map(([path, smiling]) => [path, smiling === '1']));

const seen = new Map();
const ofKnownPeople = photos().filter((row) => {
  if (!people.has(row.person)) return false;
  seen.set(row.person, (seen.get(row.person) ?? 0) + 1);
  return seen.get(row.person) <= PER_PERSON;
});
const counted = new Set(ofKnownPeople.map((row) => row.path));
const rows = [
  ...ofKnownPeople,
  ...photos().filter((row) => smiles.has(row.path) && !counted.has(row.path)),
];

const vision = await createVision({ workers: availableParallelism() });
const faces = new Map();
const waiting = [...rows];
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let row = waiting.shift(); row; row = waiting.shift()) {
      const result = await vision.analyse(readFileSync(join(facesFolder, row.path)), {
        filter: 'NONE',
        maxFaces: 100,
        embed: 'none',
        attributes: ['expression', 'ageGender'],
      });
      const face = smiles.has(row.path) ? result.faces[0] : labelledFace(row, result);
      if (face) faces.set(row.path, face);
    }
  }),
);
await vision.close();

const known = ofKnownPeople.flatMap((row) => {
  const face = faces.get(row.path);
  return face ? [{ ...people.get(row.person), face }] : [];
});

const share = (list, test) => ({
  photos: list.length,
  right: list.filter(test).length / list.length,
});

function gender() {
  const right = ({ sex, face }) => (face.ageGender.gender.value === 'Male') === (sex === 'M');
  return {
    all: share(known, right),
    men: share(
      known.filter(({ sex }) => sex === 'M'),
      right,
    ),
    women: share(
      known.filter(({ sex }) => sex === 'F'),
      right,
    ),
    byConfidence: reliability(
      known.map((item) => [item.face.ageGender.gender.confidence, right(item)]),
    ),
  };
}

function age() {
  const ages = known.map(({ born, face }) => ({ years: TAKEN - born, ...face.ageGender.ageRange }));
  const errors = ages.map(({ years, low, high }) => (low + high) / 2 - years);
  const inside = ({ years, low, high }) => years >= low - 0.5 && years <= high + 0.5;
  return {
    photos: ages.length,
    meanAbsoluteError: mean(errors.map(Math.abs)),
    bias: mean(errors),
    insideRange: share(ages, inside).right,
    byAge: [0, 30, 40, 50, 60].map((from, index, all) => {
      const to = all[index + 1] ?? 120;
      const some = ages.filter(({ years }) => years >= from && years < to);
      return { from, to, ...share(some, inside) };
    }),
  };
}

function smile() {
  const judged = [...smiles].flatMap(([path, smiling]) => {
    const face = faces.get(path);
    return face ? [{ smiling, face }] : [];
  });
  const right = ({ smiling, face }) => face.expression.smile.value === smiling;
  return {
    all: share(judged, right),
    smiling: share(
      judged.filter(({ smiling }) => smiling),
      right,
    ),
    notSmiling: share(
      judged.filter(({ smiling }) => !smiling),
      right,
    ),
    byConfidence: reliability(
      judged.map((item) => [item.face.expression.smile.confidence, right(item)]),
    ),
  };
}

/** What was said against what was so, by stretches of confidence. */
function reliability(pairs) {
  return [50, 70, 80, 90, 95, 99].map((from, index, all) => {
    const to = all[index + 1] ?? 100.1;
    const some = pairs.filter(([confidence]) => confidence >= from && confidence < to);
    return {
      from,
      photos: some.length,
      said: mean(some.map(([confidence]) => confidence)) / 100,
      right: some.filter(([, right]) => right).length / some.length,
    };
  });
}

function mean(list) {
  return list.reduce((sum, value) => sum + value, 0) / list.length;
}

const report = {
  command: 'node benchmarks/attributes.mjs',
  runtime: vision.runtime,
  photos: rows.length,
  gender: gender(),
  age: age(),
  smile: smile(),
};
save('attributes', report);
console.log(
  JSON.stringify(
    report,
    (_, value) => (typeof value === 'number' ? Number(value.toFixed(3)) : value),
    2,
  ),
);

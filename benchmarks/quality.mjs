// Does quality say how likely a face is to be missed, and are the limits of QualityFilter where errors begin? Prints
// tables and writes results/quality.json:
//
// - error-versus-discard (ISO/IEC 29794-1): the false non-match rate at FMR 1e-3 when the worst photos by each component are
//   left out;
// - damage: photos made smaller, darker, brighter and blurred step by step, each against another photo of the person;
// - limits: at which value of a component comparisons miss as often as each QualityFilter tolerates.
//
//   npx tsc -p . && node benchmarks/quality.mjs [folder of labelled photos, default ../shared/faces]
import { QUALITY_LIMITS } from '../dist/domain/quality.js';
import { DAMAGE, damagedRows } from './damage.mjs';
import {
  COMPONENTS,
  DISCARDED,
  errorVersusDiscard,
  missRateByQuality,
  qualityFor,
} from './discard.mjs';
import { analyse, labelledFace, photos } from './faces.mjs';
import { save } from './measuring.mjs';
import { allPairs, cosine, groupBy, thresholdAt } from './metrics.mjs';

const FMR = 1e-3;
/** Photos of real people as they are taken; the others are drawn, made or copies. */
const NATURAL = new Set([
  'lfw',
  'london',
  'orl',
  'deepface',
  'bbt',
  'compreface',
  'stock-emotions',
]);
/** So many people give a photo to be damaged. */
const PEOPLE = 80;

/** What share of comparisons each filter lets a face miss that would have matched. */
const TOLERATED = { LOW: 0.5, AUTO: 0.3, MEDIUM: 0.15, HIGH: 0.05 };

/** The limits of a filter by the component they are on, in its direction. */
const LIMIT_OF = {
  'detection confidence': (limit) => limit.minConfidence,
  InterEyeDistance: (limit) => limit.minSizePx,
  Sharpness: (limit) => limit.minSharpness,
  UnderExposurePrevention: (limit) => limit.minBrightness,
  OverExposurePrevention: (limit) => -limit.maxBrightness,
  HeadPoseYaw: (limit) => -limit.maxYaw,
  HeadPosePitch: (limit) => -limit.maxPitch,
  UnifiedQualityScore: (limit) => limit.minQuality,
};

const rows = photos().filter((row) => row.kind === 'identity' && NATURAL.has(row.source));
const { results, model, runtime } = await analyse(rows);
const items = rows.flatMap((row) => {
  const face = labelledFace(row, results.get(row.path));
  return face
    ? [{ row, person: row.person, source: row.source, face, embedding: face.embedding }]
    : [];
});

const threshold = thresholdAt(
  allPairs(items.filter(({ source }) => source === 'lfw')).impostor,
  FMR,
);
const people = groupBy(items, ({ person }) => person).map(([, own]) => own);
const genuine = people.flatMap((list) =>
  list.flatMap((a, index) => list.slice(index + 1).map((b) => compared(a, b))),
);

function compared(a, b) {
  const score = cosine(a.embedding, b.embedding);
  return { source: a.source, score, missed: score <= threshold, a: a.face, b: b.face };
}

const damaged = await damage();
const report = {
  command: 'node benchmarks/quality.mjs',
  model: model.id,
  runtime,
  fmr: FMR,
  threshold,
  errorVersusDiscard: {
    lfw: curves(genuine.filter(({ source }) => source === 'lfw')),
    all: curves(genuine),
  },
  damage: damaged.table,
  limits: limits(),
};
save('quality', report);
print(report);
process.exit(0);

function curves(pairs) {
  return { pairs: pairs.length, components: errorVersusDiscard(pairs, threshold) };
}

/** Pairs that match undamaged; then one photo of each is made worse. */
async function damage() {
  const pairs = spread(
    people.flatMap(([a, b]) =>
      b && ['lfw', 'london'].includes(a.source) && !compared(a, b).missed ? [{ a, b }] : [],
    ),
    PEOPLE,
  );
  const all = damagedRows(pairs.map(({ b }) => b));
  const { results: found } = await analyse(all);
  const against = new Map(pairs.map(({ a, b }) => [b.row.path, a]));
  const probes = all.map((row) => {
    const face = labelledFace(row, found.get(row.path));
    const reference = against.get(row.probe);
    return {
      ...row,
      face,
      missed: !face || cosine(face.embedding, reference.embedding) <= threshold,
    };
  });
  const table = Object.entries(DAMAGE).flatMap(([component, { unit, steps }]) =>
    steps.map((step) => {
      const some = probes.filter((probe) => probe.component === component && probe.step === step);
      const faces = some.flatMap(({ face }) => (face ? [face] : []));
      return {
        component,
        damage: `${step} ${unit}`,
        found: faces.length / some.length,
        missed: some.filter(({ missed }) => missed).length / some.length,
        median: median(faces.map(componentNamed(component).of)),
      };
    }),
  );
  return { table, probes };
}

/** Where each filter's tolerance is used up, beside where its limit is. */
function limits() {
  return COMPONENTS.filter(({ name }) => LIMIT_OF[name]).map(({ name, of }) => {
    const pairs = DAMAGE[name]
      ? damaged.probes
          .filter(({ component, face }) => component === name && face)
          .map(({ face, missed }) => ({ quality: of(face), missed }))
      : genuine.map(({ a, b, missed }) => ({ quality: Math.min(of(a), of(b)), missed }));
    const blocks = missRateByQuality(pairs);
    return {
      component: name,
      from: DAMAGE[name] ? 'damaged photos' : 'photos as they are',
      curve: blocks,
      filters: Object.fromEntries(
        Object.entries(TOLERATED).map(([filter, most]) => [
          filter,
          { measured: qualityFor(blocks, most), limit: LIMIT_OF[name](QUALITY_LIMITS[filter]) },
        ]),
      ),
    };
  });
}

function componentNamed(name) {
  return COMPONENTS.find((component) => component.name === name);
}

function spread(list, count) {
  const step = Math.max(1, list.length / count);
  return Array.from({ length: Math.min(count, list.length) }, (_, i) => list[Math.floor(i * step)]);
}

function median(list) {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
}

function print({ errorVersusDiscard: edc, damage: table, limits: rules }) {
  for (const [name, { pairs, components }] of Object.entries(edc)) {
    console.log(`\nFNMR, %, of ${pairs} genuine pairs (${name}) at FMR ${FMR}, the worst left out`);
    console.table(
      components.map(({ component, fnmr, worstTenth, tenthBelow }) => ({
        component,
        ...Object.fromEntries(DISCARDED.map((share) => [`${100 * share} %`, percent(fnmr[share])])),
        'the worst 10 %': percent(worstTenth),
        below: Number(tenthBelow.toPrecision(3)),
      })),
    );
  }
  console.log('\nDamaged photos of pairs that match undamaged');
  console.table(
    table.map((row) => ({
      ...row,
      found: percent(row.found),
      missed: percent(row.missed),
      median: row.median && Number(row.median.toPrecision(3)),
    })),
  );
  console.log(`\nLimits: measured for at most ${JSON.stringify(TOLERATED)} missed / set`);
  console.table(
    rules.map(({ component, from, filters }) => ({
      component,
      from,
      ...Object.fromEntries(
        Object.entries(filters).map(([filter, { measured, limit }]) => [
          filter,
          `${measured === undefined ? '–' : Number(measured.toPrecision(3))} / ${limit}`,
        ]),
      ),
    })),
  );
}

function percent(share) {
  return Number((100 * share).toFixed(1));
}

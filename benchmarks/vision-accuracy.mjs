// How often is each subject right on the official LFW pairs? Photos are embedded once and kept in the temporary
// folder under the subject and a digest of what computes it.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { allPairs, cosine, foldAccuracy, shareAbove, thresholdAt } from './metrics.mjs';
import { pickedPairs, rounded, startSubject } from './vision-subjects.mjs';

const PHOTOS_AT_ONCE = 16;

/** Goes on where it was, for at most so many seconds; subjects that are not through are not in the answer. */
export async function accuracy(names, seconds = Infinity) {
  const pairs = pickedPairs(Number(process.env.LIKENESS_PAIRS ?? Infinity));
  const paths = [...new Set(pairs.flatMap(({ a, b }) => [a, b]))];
  const endAt = Date.now() + seconds * 1000;
  const rows = [];
  for (const name of names.filter(isNeeded)) {
    const embeddings = await embeddingsOf(name, paths, endAt);
    const missing = paths.filter((path) => !embeddings.has(path)).length;
    if (missing > 0) console.log(`${name}: ${missing} photos to go; call it again`);
    else rows.push(rowOf(name, pairs, embeddings));
  }
  return { pairs: pairs.length, photos: paths.length, rows };
}

/** All runtimes of ours give the same embeddings, and are held to it at each start: the quicker one speaks for both. */
const isNeeded = (name, _, names) =>
  !name.startsWith('likeness tfjs-wasm') || !names.includes('likeness onnxruntime');

async function embeddingsOf(name, paths, endAt) {
  const folder = join(
    tmpdir(),
    'likeness-vision',
    `${name.replaceAll(/\W+/g, '-')}-${digestOf(name)}`,
  );
  mkdirSync(folder, { recursive: true });
  const fileOf = (path) => join(folder, `${path.replaceAll('/', '!')}.json`);
  const waiting = paths.filter((path) => !existsSync(fileOf(path)));
  if (waiting.length > 0 && Date.now() < endAt) {
    const subject = await startSubject(name);
    while (waiting.length > 0 && Date.now() < endAt) {
      const turn = waiting.splice(0, PHOTOS_AT_ONCE);
      const { embeddings } = await subject.ask(turn, 'all');
      for (const [index, path] of turn.entries())
        writeFileSync(fileOf(path), JSON.stringify(embeddings[index] ?? null));
    }
    await subject.end();
    console.log(`${name}: ${paths.length - waiting.length} of ${paths.length} photos`);
  }
  return new Map(
    paths
      .filter((path) => existsSync(fileOf(path)))
      .map((path) => [path, JSON.parse(readFileSync(fileOf(path), 'utf8'))]),
  );
}

/** Scores of two embeddings; the peers compare by distance, which is better for some nets and worse for others. */
const MEASURES = {
  cosine: (a, b) => cosine(a, b) / (Math.hypot(...a) * Math.hypot(...b)),
  distance: (a, b) => -Math.hypot(...a.map((value, index) => value - b[index])),
};

/** Each subject by the measure that is best for it. */
function rowOf(name, pairs, embeddings) {
  const [best] = Object.keys(MEASURES)
    .map((measure) => rowBy(measure, name, { pairs, embeddings }))
    .toSorted((a, b) => b.accuracyPercent - a.accuracyPercent);
  return best;
}

function rowBy(measure, name, { pairs, embeddings }) {
  const score = MEASURES[measure];
  const scored = pairs.map(({ a, b, same, fold }) => {
    const [left, right] = [embeddings.get(a), embeddings.get(b)];
    // A face that was not found cannot be told from any other.
    return { same, fold, score: left && right ? score(left, right) : -Infinity };
  });
  const items = [...embeddings].flatMap(([path, embedding]) =>
    embedding ? [{ person: path.split('/')[1], embedding: unit(embedding) }] : [],
  );
  const { genuine, impostor } = allPairs(items);
  const { mean } = foldAccuracy(scored);
  const tarAt = (fmr) => {
    const threshold = thresholdAt(impostor, fmr);
    return threshold === undefined ? undefined : rounded(100 * shareAbove(genuine, threshold));
  };
  return {
    subject: name,
    measure,
    accuracyPercent: rounded(100 * mean, 2),
    wrongOf1000: rounded(1000 * (1 - mean)),
    tarPercentAtFmr1e3: tarAt(1e-3),
    tarPercentAtFmr1e4: tarAt(1e-4),
    notFound: [...embeddings.values()].filter((embedding) => !embedding).length,
  };
}

function unit(vector) {
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

/** Over what computes a subject's embeddings: our compiled vision code and cards, or the peer's package. */
function digestOf(subject) {
  const project = resolve(import.meta.dirname, '..');
  const hash = createHash('sha256');
  hash.update(readFileSync(join(import.meta.dirname, 'vision-subject.mjs')));
  const sources = subject.startsWith('likeness')
    ? ['dist/vision', 'models'].flatMap((folder) =>
        readdirSync(join(project, folder), { recursive: true })
          .filter((name) => /\.js$|card\.json$/.test(name))
          .toSorted()
          .map((name) => join(folder, name)),
      )
    : [`node_modules/@vladmandic/${subject}/package.json`];
  for (const source of sources) hash.update(readFileSync(join(project, source)));
  return hash.digest('hex').slice(0, 12);
}

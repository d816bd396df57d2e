// What are several views of a face worth: its mirror image, other sizes, turned, moved, other light? Prints a table over LFW
// and writes results/views.json. People are split in two halves, so that what was chosen on one can be read off the other.
//
//   npx tsc -p . && node benchmarks/views.mjs [folder of labelled photos, default ../shared/faces]
//
// Embeddings are kept in the temporary folder, view by view.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, prepareDecoding } from '../dist/vision/decode.js';
import { Detector } from '../dist/vision/detect.js';
import { findFaces } from '../dist/vision/find-faces.js';
import { similarityTransform } from '../dist/vision/geometry.js';
import { mirror, Pyramid } from '../dist/vision/image.js';
import { Landmarker, meshMean } from '../dist/vision/landmarks.js';
import { loadCard } from '../dist/vision/models.js';
import { loadNets } from '../dist/vision/nets.js';
import { missingPackages } from '../dist/vision/runtimes/installed.js';
import { startRuntime } from '../dist/vision/runtimes/start.js';
import { facesFolder, photos } from './faces.mjs';
import { save } from './measuring.mjs';
import { COLUMNS, recognition } from './recognition.mjs';

const LIMITS = { maxPixels: 50_000_000, maxSide: 1920 };

/** How a face lies in the input: size over the template, degrees, and pixels right and down; or what light is on it. */
const VIEWS = {
  plain: {},
  ...Object.fromEntries(
    [0.94, 1.03, 1.06, 1.09, 1.12, 1.18].map((scale) => [`×${scale}`, { scale }]),
  ),
  'turned 6°': { degrees: 6 },
  '4 px right': { right: 4 },
  '4 px down': { down: 4 },
  '×1.06, turned 6°': { scale: 1.06, degrees: 6 },
  '×1.06, 3 px right': { scale: 1.06, right: 3 },
  '×1.06, 3 px down': { scale: 1.06, down: 3 },
  '×1.06, 3 px up': { scale: 1.06, down: -3 },
  'evened light': { light: evened },
  blurred: { light: blurred },
};

/** A face's views with the mirror image of each. */
const mirrored = (...names) =>
  names.flatMap((name) => [
    [name, 0],
    [name, 1],
  ]);

const VARIANTS = {
  'as it is': [['plain', 0]],
  'with mirror image': mirrored('plain'),
  ...Object.fromEntries(
    [
      '×0.94',
      '×1.03',
      '×1.06',
      '×1.09',
      '×1.12',
      '×1.18',
      '4 px down',
      '×1.06, 3 px up',
      'evened light',
      'blurred',
    ].map((name) => [`${name} alone, with mirror image`, mirrored(name)]),
  ),
  'as it is, and the mirror image ×1.06': [
    ['plain', 0],
    ['×1.06', 1],
  ],
  'as it is, and ×1.06': mirrored('plain', '×1.06'),
  'as it is, and turned 6°': mirrored('plain', 'turned 6°'),
  'as it is, and 4 px right': mirrored('plain', '4 px right'),
  'as it is, and evened light': mirrored('plain', 'evened light'),
  'as it is, and blurred': mirrored('plain', 'blurred'),
  '×0.94 and ×1.12': mirrored('×0.94', '×1.12'),
  '×0.94, ×1.06 and ×1.18': mirrored('×0.94', '×1.06', '×1.18'),
  all: mirrored(...Object.keys(VIEWS)),
};

const rows = photos().filter((row) => row.kind === 'identity' && row.source === 'lfw');
const folder = join(tmpdir(), 'likeness-views');
const card = await loadCard('dlib-resnet', 'embedder');
const { size } = card.input;
const dimension = card.outputs[0].length;
const embeddings = await allEmbeddings();
const report = {
  command: 'node benchmarks/views.mjs',
  photos: rows.length,
  columns: COLUMNS,
  variants: Object.fromEntries(
    Object.entries(VARIANTS).map(([name, views]) => [
      name,
      { runs: views.length, ...measured(views) },
    ]),
  ),
};
save('views', report);
console.table(report.variants);
process.exit(0);

function measured(views) {
  return recognition(
    rows.flatMap((row, index) => {
      const embedding = meanOf(index, views);
      return embedding ? [{ ...row, embedding }] : [];
    }),
  );
}

/** The direction of the sum; undefined where no face was found. */
function meanOf(photo, views) {
  const sum = new Float64Array(dimension);
  for (const [name, flipped] of views) {
    const start = (photo * 2 + flipped) * dimension;
    for (let k = 0; k < dimension; k++) sum[k] += embeddings[name][start + k];
  }
  const norm = Math.hypot(...sum);
  return norm === 0 ? undefined : Float32Array.from(sum, (value) => value / norm);
}

/** For each view the embeddings of every photo and its mirror image, zeros where there is no face. */
async function allEmbeddings() {
  mkdirSync(folder, { recursive: true });
  const fileOf = (name) => join(folder, `${name.replaceAll(/[^\w.]+/g, '-')}-${rows.length}.bin`);
  const known = Object.fromEntries(
    Object.keys(VIEWS)
      .filter((name) => existsSync(fileOf(name)))
      .map((name) => [name, new Float32Array(new Uint8Array(readFileSync(fileOf(name))).buffer)]),
  );
  const missing = Object.keys(VIEWS).filter((name) => !known[name]);
  if (missing.length === 0) return known;
  const numbers = rows.length * 2 * dimension;
  const fresh = Object.fromEntries(missing.map((name) => [name, new Float32Array(numbers)]));
  const meshOf = await meshFinder();
  for (const [index, row] of rows.entries()) {
    const { image, points, net } = await meshOf(row);
    if (!points) continue;
    for (const name of missing) {
      const chip = view(image, points, VIEWS[name]);
      const pixels = new Float32Array(2 * chip.length);
      pixels.set(chip);
      pixels.set(mirror(chip, size), chip.length);
      const [out] = await net.run(pixels, 2);
      fresh[name].set(out, index * 2 * dimension);
    }
    if (index % 100 === 0) process.stderr.write(`\r${index} of ${rows.length} photos`);
  }
  for (const name of missing) writeFileSync(fileOf(name), new Uint8Array(fresh[name].buffer));
  return { ...known, ...fresh };
}

/** Opens a photo and finds where the five points of the central face lie. */
async function meshFinder() {
  prepareDecoding();
  const name = missingPackages('onnxruntime').length === 0 ? 'onnxruntime' : 'tfjs-wasm';
  const { nets } = await loadNets(await startRuntime(name));
  const detector = new Detector(
    nets.get('blazeface-back'),
    await loadCard('blazeface-back', 'detector'),
  );
  const landmarker = new Landmarker(nets.get('facemesh'), await loadCard('facemesh', 'landmarks'));
  return async (row) => {
    const { image: pixels } = await decode(readFileSync(join(facesFolder, row.path)), LIMITS);
    const image = new Pyramid(pixels);
    const [face] = (await findFaces({ detector, landmarker }, image)).toSorted(
      (a, b) => offCentre(a, image) - offCentre(b, image),
    );
    const points = face && card.alignment.points.map((indices) => meshMean(face.mesh, indices));
    return { image, points, net: nets.get('dlib-resnet') };
  };
}

function offCentre({ box }, { width, height }) {
  return Math.hypot(
    (box.left + box.right) / 2 / width - 0.5,
    (box.top + box.bottom) / 2 / height - 0.5,
  );
}

function view(image, points, { scale = 1, degrees = 0, right = 0, down = 0, light }) {
  const middle = size / 2;
  const cos = scale * Math.cos((degrees * Math.PI) / 180);
  const sin = scale * Math.sin((degrees * Math.PI) / 180);
  const template = card.alignment.template.map(([x, y]) => [
    middle + cos * (x - middle) - sin * (y - middle) + right,
    middle + sin * (x - middle) + cos * (y - middle) + down,
  ]);
  const chip = image.warp(similarityTransform(template, points), size, size);
  return light ? light(chip) : chip;
}

/** Brought to one mean by a gamma curve. */
function evened(chip) {
  const mean = chip.reduce((sum, value) => sum + value, 0) / chip.length / 255;
  const gamma = Math.log(0.45) / Math.log(Math.min(0.95, Math.max(0.05, mean)));
  return chip.map((value) => 255 * (value / 255) ** gamma);
}

/** By a kernel of 1 2 1 both ways. */
function blurred(chip) {
  const at = (x, y, k) =>
    chip[(Math.min(size - 1, Math.max(0, y)) * size + Math.min(size - 1, Math.max(0, x))) * 3 + k];
  return chip.map((_, index) => {
    const k = index % 3;
    const x = Math.floor(index / 3) % size;
    const y = Math.floor(index / 3 / size);
    let sum = 0;
    for (const dy of [-1, 0, 1])
      for (const dx of [-1, 0, 1])
        sum += (2 - Math.abs(dx)) * (2 - Math.abs(dy)) * at(x + dx, y + dy, k);
    return sum / 16;
  });
}

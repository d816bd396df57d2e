// The labelled photos of ../shared/faces, analysed by this service's own vision part. Used by accuracy and attributes.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const compiled = join(project, 'dist/vision/pool.js');

/** Where the photos lie; the first argument of a benchmark may name another folder of the same layout. */
export const facesFolder = resolve(process.argv[2] ?? join(project, '../shared/faces'));

if (!existsSync(compiled)) stop('dist/ is missing; run `npx tsc -p .` first');
if (!existsSync(join(facesFolder, 'manifest.csv')))
  stop(`${facesFolder} has no manifest.csv; give the folder of labelled photos as first argument`);

function stop(message) {
  console.error(message);
  process.exit(1);
}

/** Rows of a CSV file without quoted commas, as objects. */
export function readCsv(name) {
  const [head, ...lines] = readFileSync(join(facesFolder, name), 'utf8').trim().split(/\r?\n/);
  const columns = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']));
  });
}

/** The manifest's photos with their tags as a list; photos with a doubtful label are left out. */
export function photos() {
  return readCsv('manifest.csv')
    .map((row) => ({ ...row, tags: row.tags.split(';').filter(Boolean) }))
    .filter((row) => !row.tags.some((tag) => tag.startsWith('suspect-label')));
}

/**
 * Analyses photos, every face embedded, nothing filtered. Results are kept in the temporary folder under the
 * photo's digest, the model and the compiled code, so that a second run costs nothing.
 *
 * @param rows { path, sha256 }; `make` gives the bytes instead of the file at `path`, where it is made rather than read.
 * @param settings of the vision part, such as which model embeds.
 * @returns a map from path to { faces, width, height } or { error }, and the model.
 */
export async function analyse(rows, settings = {}) {
  const { createVision } = await import(compiled);
  const vision = await createVision({ workers: availableParallelism(), ...settings });
  const folder = join(tmpdir(), 'likeness-accuracy', `${vision.model.id}-${codeDigest()}`);
  mkdirSync(folder, { recursive: true });
  const results = new Map();
  const waiting = [...rows];
  let fresh = 0;
  let milliseconds = 0;
  const startedAt = performance.now();
  const work = async () => {
    for (let row = waiting.shift(); row; row = waiting.shift()) {
      const file = join(folder, `${row.sha256}.json`);
      if (!existsSync(file)) {
        const bytes = row.make ? await row.make() : readFileSync(join(facesFolder, row.path));
        const began = performance.now();
        const result = await vision
          .analyse(bytes, { filter: 'NONE', maxFaces: 100, embed: 'kept' })
          .catch((error) => ({ error: `${error.code ?? error.name}: ${error.message}` }));
        milliseconds += performance.now() - began;
        fresh++;
        writeFileSync(`${file}.part`, JSON.stringify(result, pack));
        renameSync(`${file}.part`, file);
        progress(rows.length - waiting.length, rows.length, startedAt);
      }
      results.set(row.path, JSON.parse(readFileSync(file, 'utf8'), unpack));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  const { model, runtime } = vision;
  await vision.close();
  if (fresh > 0) process.stderr.write('\n');
  return { results, model, runtime, fresh, meanMs: fresh > 0 ? milliseconds / fresh : undefined };
}

const pack = (_, value) =>
  value instanceof Float32Array
    ? { float32: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
    : value;

const unpack = (_, value) => {
  if (typeof value?.float32 !== 'string') return value;
  const bytes = new Uint8Array(Buffer.from(value.float32, 'base64'));
  return new Float32Array(bytes.buffer);
};

/** Over the compiled vision code: other code, other faces. */
function codeDigest() {
  const hash = createHash('sha256');
  for (const name of readdirSync(dirname(compiled), { recursive: true }).toSorted())
    if (name.endsWith('.js')) hash.update(readFileSync(join(dirname(compiled), name)));
  return hash.digest('hex').slice(0, 12);
}

let lastShown = 0;
function progress(done, all, startedAt) {
  const now = performance.now();
  if (now - lastShown < 1000 && done < all) return;
  lastShown = now;
  const seconds = (now - startedAt) / 1000;
  process.stderr.write(`\r${done}/${all} photos, ${(done / seconds).toFixed(1)} per second   `);
}

/** The face a label means: in LFW the one nearest the middle of the photo, elsewhere the largest. */
export function labelledFace(row, result) {
  if (!result?.faces?.length) return undefined;
  if (row.source !== 'lfw') return result.faces[0];
  return result.faces.toSorted((a, b) => offCentre(a) - offCentre(b))[0];
}

function offCentre({ box }) {
  return Math.hypot(box.left + box.width / 2 - 0.5, box.top + box.height / 2 - 0.5);
}

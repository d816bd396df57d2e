// One subject of the vision benchmark in a process of its own: `node vision-subject.mjs <subject>`. It is given
// paths of photos and answers with the embedding of the largest face of each and the CPU time it took. The word
// behind the paths may be `all`: then all faces are embedded, their number is told, and the embedding is that of the
// face nearest the middle, which is the one LFW means.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const require = createRequire(import.meta.url);
const modules = resolve(import.meta.dirname, '../node_modules');

/** Ours: the whole pipeline in this process, as a worker runs it. */
async function likeness(runtimeName, mirrorAverage) {
  const { prepareDecoding } = await import('../dist/vision/decode.js');
  const { DEFAULT_MODELS, loadCard } = await import('../dist/vision/models.js');
  const { loadNets } = await import('../dist/vision/nets.js');
  const { Pipeline } = await import('../dist/vision/pipeline.js');
  const { startRuntime } = await import('../dist/vision/runtimes/start.js');
  prepareDecoding();
  const { nets } = await loadNets(await startRuntime(runtimeName));
  const card = { ...(await loadCard(DEFAULT_MODELS.embedder, 'embedder')), mirrorAverage };
  const pipeline = await Pipeline.create(nets, 50_000_000, [card]);
  return async (bytes, all) => {
    const { faces } = await pipeline.analyse(bytes, {
      filter: 'NONE',
      maxFaces: 100,
      embed: all ? 'kept' : 'largest',
    });
    return faces.flatMap(({ embedding, box }) =>
      embedding ? [{ embedding, x: box.left + box.width / 2, y: box.top + box.height / 2 }] : [],
    );
  };
}

/** RGB pixels as a tensor; both peers leave decoding to their caller under Node without node-canvas. */
async function decoded(tf, bytes) {
  const sharp = (await import('sharp')).default;
  const { data, info } = await sharp(bytes)
    .rotate()
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return tf.tensor3d(new Uint8Array(data), [info.height, info.width, 3], 'int32');
}

async function wasmBackend(tf) {
  const wasm = require('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  await tf.setBackend('wasm');
  await tf.ready();
}

/** Human's models only load over HTTP under Node. */
function serveFolder(folder) {
  const server = createServer((request, response) => {
    try {
      response.end(readFileSync(join(folder, new URL(request.url, 'http://x').pathname)));
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => done(`http://127.0.0.1:${server.address().port}/`));
  });
}

/** Only what an embedding needs is switched on; everything else at its default. */
async function human() {
  const { Human } = require(join(modules, '@vladmandic/human/dist/human.node-wasm.js'));
  const off = { enabled: false };
  const subject = new Human({
    debug: false,
    backend: 'wasm',
    modelBasePath: await serveFolder(join(modules, '@vladmandic/human/models')),
    wasmPath: `${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`,
    cacheSensitivity: 0,
    filter: off,
    face: {
      enabled: true,
      detector: { rotation: true },
      mesh: { enabled: true },
      iris: off,
      emotion: off,
      description: { enabled: true },
      antispoof: off,
      liveness: off,
    },
    body: off,
    hand: off,
    object: off,
    gesture: off,
    segmentation: off,
  });
  await subject.load();
  await wasmBackend(subject.tf);
  await subject.load();
  return async (bytes, all) => {
    const tensor = await decoded(subject.tf, bytes);
    // Its default is one face a photo.
    subject.config.face.detector.maxDetected = all ? 100 : 1;
    const result = await subject.detect(tensor);
    subject.tf.dispose(tensor);
    const [height, width] = tensor.shape;
    return bySize(result.face, ({ box }) => box[2] * box[3]).map(({ embedding, box }) => ({
      embedding,
      x: (box[0] + box[2] / 2) / width,
      y: (box[1] + box[3] / 2) / height,
    }));
  };
}

/** Its best detector, 68 landmarks, its recognition net. */
async function faceApi() {
  const faceapi = require(join(modules, '@vladmandic/face-api/dist/face-api.node-wasm.js'));
  await wasmBackend(faceapi.tf);
  const folder = join(modules, '@vladmandic/face-api/model');
  for (const net of ['ssdMobilenetv1', 'faceLandmark68Net', 'faceRecognitionNet'])
    await faceapi.nets[net].loadFromDisk(folder);
  return async (bytes) => {
    const tensor = await decoded(faceapi.tf, bytes);
    const faces = await faceapi.detectAllFaces(tensor).withFaceLandmarks().withFaceDescriptors();
    faceapi.tf.dispose(tensor);
    return bySize(faces, ({ detection }) => detection.box.area).map(
      ({ descriptor, detection }) => ({
        embedding: descriptor,
        x: detection.relativeBox.x + detection.relativeBox.width / 2,
        y: detection.relativeBox.y + detection.relativeBox.height / 2,
      }),
    );
  };
}

const bySize = (faces, size) => faces.toSorted((a, b) => size(b) - size(a));

const offMiddle = ({ x, y }) => Math.hypot(x - 0.5, y - 0.5);

const SUBJECTS = {
  'likeness tfjs-wasm': () => likeness('tfjs-wasm', false),
  'likeness tfjs-wasm, mirror': () => likeness('tfjs-wasm', true),
  'likeness onnxruntime': () => likeness('onnxruntime', false),
  'likeness onnxruntime, mirror': () => likeness('onnxruntime', true),
  human: human,
  'face-api': faceApi,
};

const embed = await SUBJECTS[process.argv[2]]();
const run = async (words) => {
  const all = words.at(-1) === 'all';
  const paths = words.slice(0, -1);
  const before = process.cpuUsage();
  const startedAt = performance.now();
  const embeddings = [];
  let found = 0;
  for (const path of paths) {
    const faces = await embed(readFileSync(path), all);
    found += faces.length;
    const face = all ? faces.toSorted((a, b) => offMiddle(a) - offMiddle(b))[0] : faces[0];
    embeddings.push(face && Array.from(face.embedding));
  }
  const { user, system } = process.cpuUsage(before);
  return {
    embeddings,
    faces: found,
    cpuMs: (user + system) / 1000,
    wallMs: performance.now() - startedAt,
    rssMb: process.memoryUsage.rss() / 2 ** 20,
  };
};
process.on('message', (paths) =>
  run(paths).then(
    (answer) => process.send(answer),
    (error) => process.send({ error: error.stack }),
  ),
);
process.on('disconnect', () => process.exit());
process.send({ ready: true });

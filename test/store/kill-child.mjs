/* oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-member-access -- plain JavaScript, which node runs as it is */
// Writes to a store until it is killed: node kill-child.mjs <directory> <collection> <workers> <seed>.
// Prints a line before and after every write; what stands after "done" was acknowledged.
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { createSqliteStore } from '../../dist/store/sqlite/store.js';

const [directory, collectionId, workers, seed] = process.argv.slice(2);
const DIMENSION = 64;
let random = Number(seed) >>> 0;
const next = (below) => {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return Math.floor((random / 2 ** 32) * below);
};
const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);

function unit(vector) {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (component) => component / length);
}

function centroid(members) {
  if (members.length === 0) return undefined;
  const sum = new Float64Array(DIMENSION);
  for (const { embedding } of members) for (let i = 0; i < DIMENSION; i++) sum[i] += embedding[i];
  return unit(sum);
}

const newFace = (worker) => ({
  faceId: randomUUID(),
  imageId: randomUUID(),
  externalImageId: worker,
  box: { width: 0.5, height: 0.5, left: 0.25, top: 0.25 },
  confidence: 99,
  embedding: unit(Array.from({ length: DIMENSION }, () => next(1000) - 500)),
  createdAtMs: 0,
});

const some = (ids) => ids.filter(() => next(3) === 0).slice(0, 20);

async function work(store, worker) {
  const { items } = await store.listFaces(collectionId, { limit: 100_000 });
  const mine = items.filter(({ externalImageId }) => externalImageId === worker);
  const faces = new Map(mine.map(({ faceId, userId }) => [faceId, userId !== undefined]));
  for (;;) {
    const linked = [...faces.keys()].filter((id) => faces.get(id));
    const free = [...faces.keys()].filter((id) => !faces.get(id));
    const kind = ['insert', 'link', 'link', 'unlink', 'delete'][faces.size > 80 ? 4 : next(5)];
    const images =
      kind === 'insert' ? Array.from({ length: 1 + next(8) }, () => newFace(worker)) : [];
    const faceIds = {
      insert: images.map(({ faceId }) => faceId),
      link: some(free).slice(0, 100 - linked.length),
      unlink: some(linked),
      delete: some(free),
    }[kind];
    say({ worker, phase: 'try', kind, faceIds });
    if (kind === 'insert') {
      await store.insertFaces(collectionId, images, 1e9);
      for (const id of faceIds) faces.set(id, false);
    } else if (kind === 'delete') {
      await store.deleteFaces(collectionId, faceIds);
      for (const id of faceIds) faces.delete(id);
    } else {
      await store.changeUserFaces(collectionId, { userId: worker, faceIds }, (state) => {
        const asked = [...state.faces].map(([faceId, face]) => ({ faceId, ...face }));
        const link = kind === 'link' ? asked : [];
        const unlink = kind === 'unlink' ? faceIds : [];
        const members = state.members.filter(({ faceId }) => !unlink.includes(faceId));
        return {
          link: link.map(({ faceId }) => faceId),
          unlink,
          centroid: centroid([...members, ...link]),
          response: null,
        };
      });
      for (const id of faceIds) faces.set(id, kind === 'link');
    }
    say({ worker, phase: 'done' });
  }
}

const store = await createSqliteStore({ directory });
say({ phase: 'open' });
await Promise.all(
  Array.from({ length: Number(workers) }, (_, index) => work(store, `worker-${index}`)),
);

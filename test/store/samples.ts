import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect } from 'vitest';
import type {
  Face,
  Idempotency,
  NewCollection,
  NewFace,
  Store,
  UserFacesChange,
  UserFacesState,
} from '../../src/store/store.js';

export const DIMENSION = 16;

/** A store under test, with a way to restart it. */
export interface OpenedStore {
  store: Store;
  /** Closes the store and opens it again on the same data. */
  reopen(): Promise<Store>;
  destroy(): Promise<void>;
}

export interface Subject {
  readonly store: Store;
  reopen(): Promise<void>;
  /** A new empty collection; its id. */
  collection(options?: Partial<NewCollection>): Promise<string>;
}

/** One store for all tests of a block; each test makes collections of its own. */
export function useStore(open: () => Promise<OpenedStore>): Subject {
  let opened: OpenedStore;
  let store: Store;
  beforeAll(async () => {
    opened = await open();
    ({ store } = opened);
  });
  afterAll(async () => {
    await store.close();
    await opened.destroy();
  });
  return {
    get store() {
      return store;
    },
    async reopen() {
      store = await opened.reopen();
    },
    async collection(options = {}) {
      const made = await store.createCollection(newCollection(options));
      return made.collectionId;
    },
  };
}

let made = 0;

export const newCollection = (options: Partial<NewCollection> = {}): NewCollection => ({
  collectionId: `collection-${(made += 1)}`,
  modelId: 'model',
  calibrationVersion: 'curve-1',
  faceModelVersion: '7.0',
  dimension: DIMENSION,
  tags: {},
  createdAtMs: 1_700_000_000_123,
  maxCollections: 10_000,
  ...options,
});

/** A unit vector; the same for the same seed. */
export function unitVector(seed: number, dimension = DIMENSION): Float32Array {
  let state = (seed * 2654435761 + 12345) >>> 0;
  const vector = new Float64Array(dimension).map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
  return normalised(vector);
}

export function normalised(vector: Float64Array): Float32Array {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (component) => component / length);
}

export const newFace = (seed: number, options: Partial<NewFace> = {}): NewFace => ({
  faceId: randomUUID(),
  imageId: randomUUID(),
  box: { width: 0.25, height: 0.5, left: -0.125, top: 1 / 3 },
  confidence: 99.97,
  embedding: unitVector(seed),
  createdAtMs: 1_700_000_000_000 + seed,
  ...options,
});

/** `count` faces of one image, stored; as they come back. */
export async function storeFaces(
  store: Store,
  collectionId: string,
  count: number,
): Promise<{ faces: Face[]; ids: string[]; given: NewFace[]; sequence: number }> {
  const given = Array.from({ length: count }, (_, index) => newFace(index + 1));
  const { value, sequence } = await store.insertFaces(collectionId, given, 1e6);
  return { faces: value, ids: value.map(({ faceId }) => faceId), given, sequence };
}

/** The unit mean, summed in the order given; undefined for none. */
export function centroidOf(vectors: readonly Float32Array[]): Float32Array | undefined {
  if (vectors.length === 0) return undefined;
  const sum = new Float64Array(vectors[0]!.length);
  for (const vector of vectors) vector.forEach((component, index) => (sum[index]! += component));
  return normalised(sum);
}

export interface Moved {
  linked: string[];
  unlinked: string[];
}

export const changeNothing = (): UserFacesChange<null> => ({
  link: [],
  unlink: [],
  centroid: undefined,
  response: null,
});

/** Takes every asked face that has no user. */
export function takeFree(state: UserFacesState): UserFacesChange<Moved> {
  const free = [...state.faces].filter(([, face]) => face.userId === undefined);
  const link = free.map(([faceId]) => faceId);
  const vectors = [...state.members, ...free.map(([, face]) => face)];
  return {
    link,
    unlink: [],
    centroid: centroidOf(vectors.map(({ embedding }) => embedding)),
    response: { linked: link, unlinked: [] },
  };
}

/** Lets go of every asked face that is this user's. */
export function letGo(state: UserFacesState): UserFacesChange<Moved> {
  const unlink = [...state.faces]
    .filter(([, face]) => face.userId === state.userId)
    .map(([faceId]) => faceId);
  const left = state.members.filter(({ faceId }) => !unlink.includes(faceId));
  return {
    link: [],
    unlink,
    centroid: centroidOf(left.map(({ embedding }) => embedding)),
    response: { linked: [], unlinked: unlink },
  };
}

export const idempotency = (token: string, options: Partial<Idempotency> = {}): Idempotency => ({
  operation: 'Operation',
  token,
  digest: 'digest',
  nowMs: 1000,
  expiresAtMs: 2000,
  ...options,
});

/** That two vectors are the same within 1e-6 a component. */
export function expectSameVector(actual: Float32Array, expected: Float32Array): void {
  const worst = Math.max(
    ...actual.map((component, index) => Math.abs(component - expected[index]!)),
  );
  expect(actual.length).toBe(expected.length);
  expect(worst).toBeLessThan(1e-6);
}

/** All vectors of a collection by kind and key, as `vectors` gives them. */
export async function snapshot(
  store: Store,
  collectionId: string,
): Promise<{ sequence: number; vectors: Map<string, Float32Array>; batches: number }> {
  const vectors = new Map<string, Float32Array>();
  const sequences = new Set<number>();
  let batches = 0;
  for await (const batch of store.vectors(collectionId)) {
    batches += 1;
    sequences.add(batch.sequence);
    const dimension = batch.keys.length === 0 ? 0 : batch.rows.length / batch.keys.length;
    batch.keys.forEach((key, index) =>
      vectors.set(
        `${batch.kind} ${key}`,
        batch.rows.slice(index * dimension, (index + 1) * dimension),
      ),
    );
  }
  expect(sequences.size).toBe(1);
  return { sequence: [...sequences][0]!, vectors, batches };
}

/** Follows the change log from the beginning, a few changes at a time, as an index does. */
export async function follow(
  store: Store,
  collectionId: string,
): Promise<{ sequences: number[]; vectors: Map<string, Float32Array> }> {
  const vectors = new Map<string, Float32Array>();
  const sequences: number[] = [];
  for (;;) {
    const some = await store.changes(collectionId, sequences.at(-1) ?? 0, 7);
    if (some === 'truncated') throw new Error('the log no longer reaches back');
    for (const { sequence, kind, key, vector } of some.changes) {
      sequences.push(sequence);
      if (vector) vectors.set(`${kind} ${key}`, vector);
      else vectors.delete(`${kind} ${key}`);
    }
    if (some.complete) return { sequences, vectors };
  }
}

/** That everything a collection says about itself agrees: counts, lists, links, centroids, log, vectors. */
export async function expectConsistent(store: Store, collectionId: string): Promise<void> {
  const { faceCount, userCount } = await store.collection(collectionId);
  const { items: faces } = await store.listFaces(collectionId, { limit: 4096 });
  const { items: users } = await store.listUsers(collectionId, { limit: 4096 });
  expect({ faces: faces.length, users: users.length }).toEqual({
    faces: faceCount,
    users: userCount,
  });
  const userIds = new Set(users.map(({ userId }) => userId));
  expect(faces.filter(({ userId }) => userId !== undefined && !userIds.has(userId))).toEqual([]);
  for (const user of users) {
    const members = faces.filter(({ userId }) => userId === user.userId);
    expect(members.length).toBe(user.faceCount);
    const vectors = await Promise.all(
      members.map(({ faceId }) => store.faceEmbedding(collectionId, faceId)),
    );
    const centroid = await store.userCentroid(collectionId, user.userId);
    const expected = centroidOf(vectors.filter((vector) => vector !== undefined));
    expect(centroid === undefined).toBe(expected === undefined);
    if (centroid && expected) expectSameVector(centroid, expected);
  }
  const followed = await follow(store, collectionId);
  const sequence = await store.changeSequence(collectionId);
  expect(followed.sequences).toEqual(Array.from({ length: sequence }, (_, index) => index + 1));
  const whole = await snapshot(store, collectionId);
  expect(whole.sequence).toBe(sequence);
  expect(followed.vectors).toEqual(whole.vectors);
}

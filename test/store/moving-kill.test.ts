import { execFileSync, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../src/errors.js';
import type { EmbeddingSpace } from '../../src/store/moving.js';
import { openBeside } from '../../src/store/sqlite/beside.js';
import type { KeptCrops, NewFace, Store } from '../../src/store/store.js';
import { filesOf, query } from '../support/collection-files.js';
import { startMover } from './mover.js';
import { centroidOf, cropOf, embeddingOf, SPACES } from './moving-samples.mjs';
import { newCollection, newFace } from './samples.js';
import { collectionFiles, mountSmallDisk, newDirectory, openStore } from './sqlite-store.js';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');
const [ONE, TWO] = SPACES as [EmbeddingSpace, EmbeddingSpace];
const COLLECTION = 'moving';
const USERS = ['ada', 'bea', 'cleo'];

/** How often the moving process is killed; LIKENESS_KILLS asks for a longer campaign. */
const KILLS = Number(process.env['LIKENESS_KILLS'] ?? 12);

/** What the service has acknowledged: the users of faces, undefined for none. */
type Ledger = Map<string, string | undefined>;

const spaceOf = async (store: Store): Promise<EmbeddingSpace> => {
  const { modelId } = await store.collection(COLLECTION);
  return SPACES.find((space) => space.modelId === modelId)!;
};

const movingFace = (space: EmbeddingSpace, others: readonly EmbeddingSpace[]): NewFace => {
  const faceId = randomUUID();
  return newFace(0, {
    faceId,
    embedding: embeddingOf(faceId, space),
    further: others.map((other) => ({
      modelId: other.modelId,
      embedding: embeddingOf(faceId, other),
    })),
    crop: cropOf(faceId),
  });
};

/** As SDKs do: a call that meets the switch is made again. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'ThrottlingException') throw error;
    }
}

/** What a service embeds faces with besides the present model. */
interface Service {
  /** Whether the first model costs nothing beside the second one, so that its embeddings are kept for the way back. */
  keepsFormer: boolean;
}

/**
 * As IndexFaces does: with both models while the collection moves; where the move carries embeddings over, now and then as
 * a service does that runs the present one alone.
 */
const take = (
  store: Store,
  ledger: Ledger,
  count: number,
  { keepsFormer }: Service,
): Promise<string[]> =>
  patiently(async () => {
    const space = await spaceOf(store);
    const { goal, former } = await store.otherSpaces(COLLECTION);
    const toTwo = goal?.modelId === TWO.modelId;
    const others = new Map<string, EmbeddingSpace>();
    if (goal && !(toTwo && ledger.size % 2 === 0)) others.set(goal.modelId, goal);
    for (const each of former)
      if (keepsFormer && each.modelId === ONE.modelId) others.set(each.modelId, each);
    const faces = Array.from({ length: count }, () => movingFace(space, [...others.values()]));
    const { value } = await store.insertFaces(COLLECTION, faces, 1e6, space.modelId);
    const faceIds = value.map(({ faceId }) => faceId);
    for (const faceId of faceIds) ledger.set(faceId, undefined);
    return faceIds;
  });

/** Gives faces to a user, or takes them away. */
const change = (
  store: Store,
  ledger: Ledger,
  { userId, faceIds, link }: { userId: string; faceIds: string[]; link: boolean },
): Promise<void> =>
  patiently(async () => {
    const { modelId } = await spaceOf(store);
    await store.changeUserFaces(COLLECTION, { userId, faceIds, modelId }, (state) => {
      const asked = [...state.faces].map(([faceId, face]) => ({ faceId, ...face }));
      const members = state.members.filter(({ faceId }) => !faceIds.includes(faceId));
      return {
        link: link ? faceIds : [],
        unlink: link ? [] : faceIds,
        centroid: centroidOf(link ? [...members, ...asked] : members),
        response: null,
      };
    });
    for (const faceId of faceIds) ledger.set(faceId, link ? userId : undefined);
  });

async function remove(store: Store, ledger: Ledger, faceIds: string[]): Promise<void> {
  await patiently(() => store.deleteFaces(COLLECTION, faceIds));
  for (const faceId of faceIds) ledger.delete(faceId);
}

/** IndexFaces, AssociateFaces, DisassociateFaces and DeleteFaces for one user until told to stop. */
async function use(
  { store, ledger, service }: { store: Store; ledger: Ledger; service: Service },
  userId: string,
  stop: AbortSignal,
) {
  const mine = [...ledger].filter(([, user]) => user === userId).map(([faceId]) => faceId);
  const free: string[] = [];
  while (!stop.aborted) {
    const taken = await take(store, ledger, 3, service);
    const [one, other, third] = taken as [string, string, string];
    free.push(third);
    if (free.length > 5) await remove(store, ledger, free.splice(0, 5));
    await change(store, ledger, { userId, faceIds: [one, other], link: true });
    mine.push(one, other);
    if (mine.length > 20) {
      const leaving = mine.splice(0, 15);
      await change(store, ledger, { userId, faceIds: leaving, link: false });
      await remove(store, ledger, leaving);
    }
    await sleep(5);
  }
}

/** That the collection is what was acknowledged, in the space of one of both models, whole. */
async function expectIntact(
  store: Store,
  directory: string,
  ledger: Ledger,
  others: KeptCrops = { crops: 0, bytes: 0 },
): Promise<void> {
  const space = await spaceOf(store);
  const { items } = await store.listFaces(COLLECTION, { limit: 100_000 });
  const sorted = (entries: Iterable<[string, string | undefined]>) =>
    [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1));
  expect(sorted(items.map(({ faceId, userId }) => [faceId, userId]))).toEqual(sorted(ledger));
  expect(await store.collection(COLLECTION)).toMatchObject({
    ...space,
    faceCount: ledger.size,
    userCount: USERS.length,
  });
  const vectors = new Map<string, Float32Array>();
  for await (const { kind, keys, rows } of store.vectors(COLLECTION, space.modelId))
    for (const [i, key] of keys.entries())
      vectors.set(`${kind} ${key}`, rows.slice(i * space.dimension, (i + 1) * space.dimension));
  for (const faceId of ledger.keys())
    expect(vectors.get(`face ${faceId}`)).toEqual(embeddingOf(faceId, space));
  for (const userId of USERS) {
    const faces = [...ledger].filter(([, user]) => user === userId).map(([faceId]) => faceId);
    expect(vectors.get(`user ${userId}`)).toEqual(
      centroidOf(faces.map((faceId) => ({ faceId, embedding: embeddingOf(faceId, space) }))),
    );
  }
  const { crops, further, strays } = alongWithFaces(directory);
  for (const [faceId, modelId, vector] of further)
    expect(vector.equals(bytesOf(embeddingOf(faceId, modelOf(modelId))))).toBe(true);
  expect(new Set(crops.keys())).toEqual(new Set(ledger.keys()));
  for (const [faceId, crop] of crops) expect(crop.equals(cropOf(faceId))).toBe(true);
  expect(await store.crops()).toEqual({
    crops: ledger.size + others.crops,
    bytes: 8000 * ledger.size + others.bytes,
  });
  expect(strays).toBe(0);
}

const modelOf = (modelId: string): EmbeddingSpace =>
  SPACES.find((space) => space.modelId === modelId)!;

const CROPS = 'face_id, sealed FROM face_crops';
const FURTHER = 'face_id, model_id, vector FROM further_vectors';

const bytesOf = ({ buffer }: Float32Array): Buffer => Buffer.from(buffer as ArrayBuffer);

/**
 * The crops and the further embeddings of the collection's faces, and how many of either are in files that are no
 * collection's own.
 */
function alongWithFaces(directory: string): {
  crops: Map<string, Buffer>;
  further: [faceId: string, modelId: string, vector: Buffer][];
  strays: number;
} {
  const catalog = new Database(join(directory, 'catalog.db'), { readonly: true });
  const own = new Map(
    catalog.prepare('SELECT collection_id, file FROM collections').raw().all() as [
      string,
      string,
    ][],
  );
  catalog.close();
  const read = (path: string, what: string): unknown[] => {
    // Whoever made it may have been killed at any moment: opened for writing, it recovers.
    const database = new Database(path);
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    // A file that was still being made when its maker was killed may have no tables yet.
    const isMade =
      database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'further_vectors'").get() !==
      undefined;
    const rows = isMade
      ? database.prepare(`SELECT ${what} LEFT JOIN faces USING (id)`).raw().all()
      : [];
    database.close();
    return rows;
  };
  const files = collectionFiles(directory).filter((path) => path.endsWith('.db'));
  const names = new Set(own.values());
  const file = join(directory, 'collections', own.get(COLLECTION)!);
  const others = files.filter((path) => !names.has(basename(path)));
  return {
    crops: new Map(read(file, CROPS) as [string, Buffer][]),
    further: read(file, FURTHER) as [string, string, Buffer][],
    strays: others.flatMap((path) => [...read(path, CROPS), ...read(path, FURTHER)]).length,
  };
}

async function populated(
  directory: string,
  service: Service = { keepsFormer: false },
): Promise<{ store: Store; ledger: Ledger }> {
  const { store } = await openStore({ directory });
  await store.createCollection(newCollection({ collectionId: COLLECTION, ...ONE }));
  const ledger: Ledger = new Map();
  for (const userId of USERS) {
    await store.createUser(COLLECTION, userId, { maxUsers: 10 });
    const faceIds = (await take(store, ledger, 30, service)).slice(0, 10);
    await change(store, ledger, { userId, faceIds, link: true });
  }
  return { store, ledger };
}

describe('a collection on its way to another model', () => {
  it.each([
    [KILLS, 'one way by given embeddings', { keepsFormer: false }],
    [Math.ceil(KILLS / 2), 'neither way by given ones', { keepsFormer: true }],
  ])(
    'loses nobody over %i kills of the move, %s, while faces come, join users and go',
    async (kills, _, service) => {
      const directory = newDirectory();
      const given = service.keepsFormer ? 'nothing' : 'given';
      const opened = await populated(directory, service);
      const { ledger } = opened;
      let { store } = opened;
      let switches = 0;
      for (let kill = 0; kill < kills; kill++) {
        const stop = new AbortController();
        const mover = startMover(directory, COLLECTION, given);
        const served = { store, ledger, service };
        const workers = USERS.map((userId) => use(served, userId, stop.signal));
        // Before a switch, or after one, and then somewhere in what follows.
        const sign = kill % 2 === 0 ? 'staged' : 'switched';
        while (!mover.lines().some((line) => line.startsWith(sign)) && mover.isAlive())
          await sleep(2);
        await sleep((kill * 37) % 150);
        mover.kill();
        // Nothing else has ended it.
        expect(await mover.ended).toEqual({ code: -1, stderr: '' });
        stop.abort();
        await Promise.all(workers);
        switches += mover.lines().filter((line) => line.startsWith('switched')).length;
        // The next command, or the next start, clears away what the killed one left.
        if (kill % 3 === 2) {
          await store.close();
          ({ store } = await openStore({ directory }));
        } else await nextCommand(directory);
        await expectIntact(store, directory, ledger);
      }
      expect(switches).toBeGreaterThan(0);
      const [before] = [await spaceOf(store)];
      expect(await startMover(directory, COLLECTION, given, '1').ended).toEqual({
        code: 0,
        stderr: '',
      });
      expect((await spaceOf(store)).modelId).not.toBe(before.modelId);
      await expectIntact(store, directory, ledger);
    },
    60_000 + KILLS * 5000,
  );

  it(
    'has every face in it or left behind, with its user, whenever a move is killed that cannot embed all',
    async () => {
      const directory = newDirectory();
      const { store, ledger } = await populated(directory);
      const seen = new Set<boolean>();
      for (let kill = 0; kill < KILLS; kill++) {
        const mover = startMover(directory, COLLECTION, 'most');
        const sign = kill % 2 === 0 ? 'staged' : 'switched';
        while (!mover.lines().some((line) => line.startsWith(sign)) && mover.isAlive())
          await sleep(2);
        await sleep((kill * 7) % 40);
        mover.kill();
        expect(await mover.ended).toEqual({ code: -1, stderr: '' });
        const { items } = await store.listFaces(COLLECTION, { limit: 1000 });
        const [file] = filesOf(directory, COLLECTION, 'collections') as [string];
        const left = query(file, "SELECT face_id, nullif(user_id, '') FROM left_behind");
        const found = [...items.map(({ faceId, userId }) => [faceId, userId ?? null]), ...left];
        const expected = [...ledger].map(([faceId, userId]) => [faceId, userId ?? null]);
        expect(found.toSorted()).toEqual(expected.toSorted());
        const { modelId } = await spaceOf(store);
        expect(left.length > 0).toBe(modelId === TWO.modelId);
        seen.add(left.length > 0);
        for (const userId of USERS) {
          const own = items.filter((face) => face.userId === userId);
          expect(await store.user(COLLECTION, userId)).toMatchObject({ faceCount: own.length });
        }
      }
      expect(seen).toEqual(new Set([true, false]));
    },
    60_000 + KILLS * 5000,
  );

  it('stays as it was on a full disk, and goes on when there is space', async ({ skip }) => {
    const disk = mountSmallDisk(skip);
    const directory = join(disk, 'data');
    const { store, ledger } = await populated(directory);
    try {
      // Room for the file of the move, not for the crops of 90 faces once more.
      const ballast = join(disk, 'ballast');
      writeFileSync(ballast, Buffer.alloc(6 * 2 ** 20 - sizeOf(directory) - 700_000));
      const full = await startMover(directory, COLLECTION, 'given', '1').ended;
      expect(full.code).toBe(1);
      expect(full.stderr).toContain(`the disk that holds ${directory} is full`);
      expect((await spaceOf(store)).modelId).toBe(ONE.modelId);
      rmSync(ballast);
      await nextCommand(directory);
      await expectIntact(store, directory, ledger);
      expect(await startMover(directory, COLLECTION, 'given', '1').ended).toEqual({
        code: 0,
        stderr: '',
      });
      expect((await spaceOf(store)).modelId).toBe(TWO.modelId);
      await expectIntact(store, directory, ledger);
    } finally {
      await store.close();
      execFileSync('umount', [disk]);
      rmSync(disk, { recursive: true, force: true });
    }
  });

  it('is copied by a backup as it was at one moment, though it switches in the middle', async () => {
    const directory = newDirectory();
    const { store, ledger } = await populated(directory);
    // One that takes long enough to copy for the other to switch meanwhile.
    await store.createCollection(newCollection({ collectionId: 'large' }));
    const large = Array.from({ length: 300 }, () => newFace(1, { crop: randomBytes(100_000) }));
    await store.insertFaces('large', large, 1e6);
    const beside = openBeside(directory);
    const under = beside.moves.open(COLLECTION, TWO, 1);
    const embeddings = [...ledger.keys()].map((faceId) => ({
      faceId,
      embedding: embeddingOf(faceId, TWO),
    }));
    under.stage(embeddings);

    const copy = join(newDirectory(), 'copy');
    const backup = startBackup(directory, copy);
    while (!existsSync(join(backup.partial, 'catalog.db'))) await sleep(1);
    under.switch(centroidOf, 2);
    beside.close();
    expect(await backup.ended).toEqual({ code: 0, stderr: '' });

    const restored = await openStore({ directory: copy });
    // Whatever was under way goes on from there.
    expect(await startMover(copy, COLLECTION, 'given', '1').ended).toEqual({ code: 0, stderr: '' });
    await expectIntact(restored.store, copy, ledger, { crops: 300, bytes: 30_000_000 });
  }, 60_000);
});

/** Runs `likeness backup`; it gathers in a folder beside the one it is to become. */
function startBackup(
  directory: string,
  copy: string,
): { partial: string; ended: Promise<{ code: number; stderr: string }> } {
  const child = spawn(process.execPath, [CLI, 'backup', copy, '--data', directory]);
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  return {
    partial: `${copy}.partial-${child.pid}`,
    ended: new Promise((done) => {
      child.once('close', (code) => done({ code: code ?? -1, stderr }));
    }),
  };
}

/** Opens the move that is under way, or begins one, and leaves it at that. */
async function nextCommand(directory: string): Promise<void> {
  const beside = openBeside(directory);
  const { modelId } = await beside.collection(COLLECTION);
  beside.moves.open(COLLECTION, modelId === ONE.modelId ? TWO : ONE, 1).close();
  beside.close();
}

const sizeOf = (directory: string): number =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

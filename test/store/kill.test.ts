import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { createSqliteStore } from '../../src/store/sqlite/store.js';
import type { Store } from '../../src/store/store.js';
import { expectConsistent, newCollection } from './samples.js';

/** How often the writing process is killed; set LIKENESS_KILLS for the long form. */
const KILLS = Number(process.env['LIKENESS_KILLS'] ?? 15);
const WORKERS = 4;
const COLLECTION = 'killed';

interface Attempt {
  worker: string;
  kind: 'insert' | 'link' | 'unlink' | 'delete';
  faceIds: string[];
}
type Line = { phase: 'open' } | { phase: 'done'; worker: string } | (Attempt & { phase: 'try' });

/** The faces of one worker and whether each is linked to its user. */
type Faces = Map<string, boolean>;

it(
  `loses nothing acknowledged and keeps nothing half, over ${KILLS} kills`,
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'likeness-kill-'));
    const workers = Array.from({ length: WORKERS }, (_, index) => `worker-${index}`);
    let expected = new Map(workers.map((worker): [string, Faces] => [worker, new Map()]));
    let acknowledged = 0;
    const store = await createSqliteStore({ directory });
    await store.createCollection(newCollection({ collectionId: COLLECTION, dimension: 64 }));
    for (const worker of workers) await store.createUser(COLLECTION, worker, { maxUsers: 100 });
    await store.close();
    try {
      for (let kill = 0; kill < KILLS; kill++) {
        const open = await writeUntilKilled(directory, kill, (attempt) => {
          acknowledged += 1;
          apply(expected.get(attempt.worker)!, attempt);
        });
        // The lock of the killed process must be gone at once.
        const reopened = await createSqliteStore({ directory });
        const found = await facesByWorker(reopened, workers);
        for (const worker of workers) {
          const without = expected.get(worker)!;
          const attempt = open.get(worker);
          const accepted = [without, ...(attempt ? [applied(without, attempt)] : [])].map(sorted);
          expect(accepted).toContainEqual(sorted(found.get(worker)!));
        }
        await expectConsistent(reopened, COLLECTION);
        await reopened.close();
        expectIntact(directory);
        expected = found;
      }
      expect(acknowledged).toBeGreaterThan(KILLS);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
  60_000 + KILLS * 5000,
);

/** Lets a child write for a random moment; the writes it had begun and not yet acknowledged, by worker. */
async function writeUntilKilled(
  directory: string,
  seed: number,
  onAcknowledged: (attempt: Attempt) => void,
): Promise<Map<string, Attempt>> {
  const script = join(import.meta.dirname, 'kill-child.mjs');
  const args = [script, directory, COLLECTION, String(WORKERS), String(seed * 7919 + 1)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const open = new Map<string, Attempt>();
  const exited = new Promise((resolve) => child.once('close', resolve));
  let killing: Promise<void> | undefined;
  for await (const text of createInterface({ input: child.stdout })) {
    // The last line of a killed process may be cut short.
    if (!text.endsWith('}')) break;
    const line = JSON.parse(text) as Line;
    if (line.phase === 'open') killing = killSoon(child);
    else if (line.phase === 'try') open.set(line.worker, line);
    else {
      onAcknowledged(open.get(line.worker)!);
      open.delete(line.worker);
    }
  }
  await exited;
  expect(child.signalCode).toBe('SIGKILL');
  await killing;
  return open;
}

async function killSoon(child: ChildProcess): Promise<void> {
  await sleep(20 + Math.random() * 300);
  child.kill('SIGKILL');
}

function apply(faces: Faces, { kind, faceIds }: Attempt): void {
  for (const faceId of faceIds) {
    if (kind === 'delete') faces.delete(faceId);
    else faces.set(faceId, kind === 'link');
  }
}

function applied(faces: Faces, attempt: Attempt): Faces {
  const copy = new Map(faces);
  apply(copy, attempt);
  return copy;
}

const sorted = (faces: Faces): [string, boolean][] =>
  [...faces].toSorted(([a], [b]) => (a < b ? -1 : 1));

async function facesByWorker(store: Store, workers: string[]): Promise<Map<string, Faces>> {
  const { items } = await store.listFaces(COLLECTION, { limit: 100_000 });
  const found = new Map(workers.map((worker): [string, Faces] => [worker, new Map()]));
  for (const { faceId, externalImageId, userId } of items) {
    expect([undefined, externalImageId]).toContain(userId);
    found.get(externalImageId!)!.set(faceId, userId !== undefined);
  }
  return found;
}

function expectIntact(directory: string): void {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.db'),
  );
  expect(files.length).toBe(3);
  for (const file of files) {
    const database = new Database(join(directory, file));
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(database.pragma('foreign_key_check')).toEqual([]);
    database.close();
  }
}

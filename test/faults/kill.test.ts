import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CreateCollectionCommand,
  DeleteFacesCommand,
  DisassociateFacesCommand,
  type RekognitionClient,
} from '@aws-sdk/client-rekognition';
import { afterAll, describe, expect, it } from 'vitest';
import { associate, indexFace, newUser } from '../support/api.js';
import { portraits } from '../support/photos.js';
import { clientFor, startService, withKeys } from '../support/service.js';
import { readStored } from '../support/stored.js';

/** How often the service is killed; LIKENESS_KILLS asks for a longer campaign. */
const KILLS = Number(process.env['LIKENESS_KILLS'] ?? 4);
const CollectionId = 'kill';

/** What the service has acknowledged, and what it was asked to do when it died: either may be there. */
interface Ledger {
  faces: Set<string>;
  users: Map<string, Set<string>>;
  /** Faces whose last request was not answered. */
  unsure: Set<string>;
}

/** Runs a write; notes the faces as unsure until the service has answered. */
async function tracked(
  ledger: Ledger,
  faceIds: string[],
  write: () => Promise<void>,
): Promise<void> {
  for (const faceId of faceIds) ledger.unsure.add(faceId);
  await write();
  for (const faceId of faceIds) ledger.unsure.delete(faceId);
}

/** The main job in a loop until the service dies: index, create a user, associate, take away, delete. */
async function work(client: RekognitionClient, ledger: Ledger, photos: Buffer[]): Promise<void> {
  for (;;) {
    const faceIds: string[] = [];
    for (const photo of photos) {
      // Another ExternalImageId each time, or the photo would be recognised and not stored again.
      const faceId = await indexFace(client, CollectionId, photo, randomUUID());
      ledger.faces.add(faceId);
      faceIds.push(faceId);
    }
    const [first = '', second = '', third = ''] = faceIds;
    const userId = await newUser(client, CollectionId);
    const mine = new Set<string>();
    ledger.users.set(userId, mine);
    await tracked(ledger, faceIds, async () => {
      await associate(client, CollectionId, userId, [first, second, third]);
      for (const faceId of faceIds) mine.add(faceId);
    });
    await tracked(ledger, [third], async () => {
      await client.send(
        new DisassociateFacesCommand({ CollectionId, UserId: userId, FaceIds: [third] }),
      );
      mine.delete(third);
    });
    await tracked(ledger, [third], async () => {
      await client.send(new DeleteFacesCommand({ CollectionId, FaceIds: [third] }));
      ledger.faces.delete(third);
    });
  }
}

/** Looks again and again, for a minute at most. */
async function until(isSo: () => boolean): Promise<void> {
  const endsAt = performance.now() + 60_000;
  while (!isSo() && performance.now() < endsAt) await pause(20);
}

describe('SIGKILL in the middle of the main job', () => {
  let dataDirectory: string;
  afterAll(() => rm(dataDirectory, { recursive: true, force: true }));

  it(`loses nothing that was acknowledged and leaves nothing half-written, ${KILLS} times`, async () => {
    dataDirectory = await mkdtemp(join(tmpdir(), 'likeness-kill-'));
    const photos = await portraits('berta', 3);
    const ledger: Ledger = { faces: new Set(), users: new Map(), unsure: new Set() };
    for (let kill = 0; kill < KILLS; kill++) {
      const service = await startService(withKeys(dataDirectory));
      const client = clientFor(service.endpoint);
      if (kill === 0) await client.send(new CreateCollectionCommand({ CollectionId }));
      const users = ledger.users.size;
      const working = Promise.allSettled([0, 1, 2].map(() => work(client, ledger, photos)));
      // However long this machine takes until all parts of the job are under way.
      await Promise.race([working, until(() => ledger.users.size > users)]);
      setTimeout(() => service.child.kill('SIGKILL'), Math.random() * 1500);
      const ends = await working;
      expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
      expect(await service.exited).toBe('SIGKILL');
      client.destroy();

      const stored = await readStored(dataDirectory, CollectionId);
      const there = new Set(stored.faceIds);
      expect([...ledger.faces].filter((id) => !there.has(id) && !ledger.unsure.has(id))).toEqual(
        [],
      );
      for (const [userId, acknowledged] of ledger.users) {
        const faces = new Set(stored.users.get(userId));
        expect([...acknowledged].filter((id) => !faces.has(id) && !ledger.unsure.has(id))).toEqual(
          [],
        );
        expect([...faces].filter((id) => !acknowledged.has(id) && !ledger.unsure.has(id))).toEqual(
          [],
        );
      }
      expect(stored.counts).toEqual({
        faceCount: stored.faceIds.length,
        userCount: stored.users.size,
      });
      expect(stored.centroidError).toBeLessThan(1e-6);
    }
    expect(ledger.faces.size).toBeGreaterThan(0);
    expect(ledger.users.size).toBeGreaterThan(0);
  }, 600_000);
});

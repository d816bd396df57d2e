import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  DetectFacesCommand,
  IndexFacesCommand,
  SearchUsersByImageCommand,
} from '@aws-sdk/client-rekognition';
import { beforeAll, describe, expect, it } from 'vitest';
import { associate, newCollection, newUser, sharedClient } from '../support/api.js';

const folder = resolve(import.meta.dirname, '../../../shared/faces');
const here = existsSync(join(folder, 'manifest.csv'));

const PEOPLE = 24;
const ENROL = 3;
const STRANGERS = 40;

interface Photo {
  path: string;
  kind: string;
  source: string;
  person: string;
  faces: number;
  tags: string;
}

async function manifest(): Promise<Photo[]> {
  const [head = '', ...lines] = (await readFile(join(folder, 'manifest.csv'), 'utf8'))
    .trim()
    .split('\n');
  const columns = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    const cell = (name: string): string => cells[columns.indexOf(name)] ?? '';
    return {
      path: cell('path'),
      kind: cell('kind'),
      source: cell('source'),
      person: cell('person'),
      faces: Number(cell('n_faces')),
      tags: cell('tags'),
    };
  });
}

/** `count` items spread evenly over a list. */
const spread = <T>(items: readonly T[], count: number): T[] =>
  items.filter(
    (_, i) =>
      Math.floor((i * count) / items.length) !== Math.floor(((i - 1) * count) / items.length),
  );

/** The service's promise on people it was not tuned on photo by photo: see the README for the full figures. */
describe.skipIf(!here)(
  `on the labelled photos of ${folder}${here ? '' : ', which are not there'}`,
  () => {
    const client = sharedClient();
    const bytesOf = (photo: Photo) => readFile(join(folder, photo.path));
    let photos: Photo[];
    beforeAll(async () => {
      photos = await manifest();
    });

    it('finds people enrolled with three photos by a fourth, and few strangers', async () => {
      const usable = photos.filter(
        ({ source, kind, tags }) =>
          source === 'lfw' && kind === 'identity' && !/multiface|largest-face|suspect/.test(tags),
      );
      const groups = new Map<string, Photo[]>();
      for (const photo of usable)
        groups.set(photo.person, [...(groups.get(photo.person) ?? []), photo]);
      const byPerson = [...groups.values()];
      const people = spread(
        byPerson.filter((own) => own.length > ENROL),
        PEOPLE,
      );
      const strangers = spread(
        byPerson.filter((own) => own.length === 1),
        STRANGERS,
      ).flat();
      expect(people).toHaveLength(PEOPLE);
      expect(strangers).toHaveLength(STRANGERS);

      const CollectionId = await newCollection(client);
      let refused = 0;
      for (const [i, own] of people.entries()) {
        const faceIds = await Promise.all(
          own.slice(0, ENROL).map(async (photo) => {
            const { FaceRecords = [] } = await client.send(
              new IndexFacesCommand({
                CollectionId,
                Image: { Bytes: await bytesOf(photo) },
                MaxFaces: 1,
              }),
            );
            return FaceRecords[0]?.Face?.FaceId ?? '';
          }),
        );
        await newUser(client, CollectionId, `p${i}`);
        const [first = '', ...others] = faceIds;
        await associate(client, CollectionId, `p${i}`, [first]);
        const { UnsuccessfulFaceAssociations = [] } = await associate(
          client,
          CollectionId,
          `p${i}`,
          others,
        );
        refused += UnsuccessfulFaceAssociations.length;
      }
      const find = async (photo: Photo) => {
        const { UserMatches = [] } = await client.send(
          new SearchUsersByImageCommand({ CollectionId, Image: { Bytes: await bytesOf(photo) } }),
        );
        return UserMatches[0]?.User?.UserId;
      };
      const found = await Promise.all(people.map((own) => find(own[ENROL] as Photo)));
      const right = found.filter((userId, i) => userId === `p${i}`).length;
      const matched = (await Promise.all(strangers.map(find))).filter(
        (userId) => userId !== undefined,
      );
      // Measured over all: 98.5 % found at 80; a stranger meets one of 124 users in 12 % of searches.
      expect(right).toBeGreaterThanOrEqual(PEOPLE - 1);
      expect(matched.length).toBeLessThanOrEqual(3);
      // Genuine second and third photos against one face: 93.6 % reach 75.
      expect(refused).toBeLessThanOrEqual(8);
    });

    it('counts the people on group photos', async () => {
      const groups = photos.filter(
        ({ kind, faces }) => kind === 'group' && faces > 0 && faces <= 8,
      );
      const counts = await Promise.all(
        groups.map(async (photo) => {
          const { FaceDetails = [] } = await client.send(
            new DetectFacesCommand({ Image: { Bytes: await bytesOf(photo) } }),
          );
          return [photo.path, FaceDetails.length];
        }),
      );
      expect(counts.length).toBeGreaterThan(10);
      expect(counts).toEqual(groups.map(({ path, faces }) => [path, faces]));
    });

    it('sees no face where there is none', async () => {
      const empty = spread(
        photos.filter(({ kind }) => kind === 'no-face'),
        30,
      );
      const seen = await Promise.all(
        empty.map(async (photo) => {
          const { FaceDetails = [] } = await client.send(
            new DetectFacesCommand({ Image: { Bytes: await bytesOf(photo) } }),
          );
          return FaceDetails.length;
        }),
      );
      expect(seen).toHaveLength(30);
      expect(seen.filter((count) => count > 0).length).toBeLessThanOrEqual(1);
    });
  },
);

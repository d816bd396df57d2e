import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { DetectFacesCommand, type RekognitionClient } from '@aws-sdk/client-rekognition';
import sharp from 'sharp';
import { percent, progress, type Row, table } from './report.js';
import { centreOf, type DemoSession, type IndexedFace, type Place } from './session.js';

interface Face extends IndexedFace {
  photo: string;
}

/** The photo that is not stored but searched for at the end. Two of its three people are strangers. */
const HELD_OUT = 'sample3.jpg';

/**
 * Group photos without names: every face asks to join the user it resembles most; refused faces
 * become users of their own. One photo is kept out and each of its faces is searched for.
 */
export async function showGroupPhotos(
  client: RekognitionClient,
  session: DemoSession,
  photos: readonly string[],
): Promise<string> {
  const stored = photos.filter((photo) => basename(photo) !== HELD_OUT);
  const searched = photos.filter((photo) => basename(photo) === HELD_OUT);
  const { faces, unindexed } = await indexAll(session, stored);
  const associations = [...unindexed, ...(await associateAll(session, faces))].toSorted(byPhoto);
  const searches = (
    await Promise.all(searched.map((photo) => searchAll(client, session, photo)))
  ).flat();
  return [
    'AssociateFaces: each face asks to join the user it resembles most, and is taken at a similarity of 75',
    table(['photo', 'face', 'asked to join', 'similarity', 'answer', 'belongs to'], associations),
    '',
    `SearchUsersByImage, with each face of ${HELD_OUT}, which was never stored (threshold 80)`,
    table(['photo', 'face', 'found', 'similarity'], searches),
  ].join('\n');
}

async function indexAll(
  session: DemoSession,
  photos: readonly string[],
): Promise<{ faces: Face[]; unindexed: Row[] }> {
  const bar = progress('IndexFaces, photos', photos.length);
  const found = await Promise.all(
    photos.map(async (path) => {
      const photo = basename(path);
      const { faces, refused } = await session.index(path, { externalImageId: photo });
      bar.step();
      return {
        faces: faces.map((face) => ({ ...face, photo })),
        unindexed: refused.map((face) => [
          photo,
          placeOf(face),
          '–',
          '–',
          `not stored: ${face.reasons}`,
        ]),
      };
    }),
  );
  bar.done();
  return {
    faces: found.flatMap(({ faces }) => faces),
    unindexed: found.flatMap(({ unindexed }) => unindexed),
  };
}

async function associateAll(session: DemoSession, faces: readonly Face[]): Promise<Row[]> {
  const rows: Row[] = [];
  let users = 0;
  for (const face of faces) {
    const [nearest] = await session.nearestUsers(face.faceId, 1);
    const answer = nearest && (await session.associate(nearest.userId, face.faceId));
    const asked = [face.photo, placeOf(face), nearest?.userId ?? '–', percent(nearest?.similarity)];
    if (answer?.accepted) {
      rows.push([...asked, 'accepted', nearest?.userId ?? '']);
      continue;
    }
    const userId = `person-${++users}`;
    await session.createUser(userId);
    await session.associate(userId, face.faceId);
    rows.push([
      ...asked,
      answer ? `refused: ${answer.reasons.join(', ')}` : '–',
      `${userId} (new)`,
    ]);
  }
  return rows;
}

async function searchAll(
  client: RekognitionClient,
  session: DemoSession,
  path: string,
): Promise<Row[]> {
  const bytes = await readFile(path);
  const { FaceDetails = [] } = await client.send(
    new DetectFacesCommand({ Image: { Bytes: bytes } }),
  );
  const { width, height } = await sharp(bytes).metadata();
  const rows: Row[] = [];
  for (const { BoundingBox: box } of FaceDetails) {
    const { Left = 0, Top = 0, Width = 0, Height = 0 } = box ?? {};
    // The face with half its size around it, cut out as a user would send a portrait.
    const left = Math.max(0, Math.round((Left - Width / 2) * width));
    const top = Math.max(0, Math.round((Top - Height / 2) * height));
    const portrait = await sharp(bytes)
      .extract({
        left,
        top,
        width: Math.min(width - left, Math.round(2 * Width * width)),
        height: Math.min(height - top, Math.round(2 * Height * height)),
      })
      .jpeg({ quality: 95 })
      .toBuffer();
    const found = await session.userInPhoto(portrait);
    rows.push([
      basename(path),
      placeOf(centreOf(box)),
      found?.userId ?? 'nobody',
      percent(found?.similarity),
    ]);
  }
  return rows.toSorted(byPhoto);
}

/** By photo, then from left to right. */
const byPhoto = ([photo = '', place = '']: Row, [otherPhoto = '', otherPlace = '']: Row): number =>
  photo.localeCompare(otherPhoto) || place.localeCompare(otherPlace);

const placeOf = ({ x, y }: Place): string => `${ratio(x)} from left, ${ratio(y)} from top`;
const ratio = (value: number): string => `${Math.round(value * 100)} %`.padStart(5);

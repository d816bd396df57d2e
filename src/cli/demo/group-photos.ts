import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  type BoundingBox,
  DetectFacesCommand,
  type RekognitionClient,
} from '@aws-sdk/client-rekognition';
import sharp from 'sharp';
import { percent, progress, type Row, table } from './report.js';
import { centreOf, type DemoSession, type IndexedFace, type Place } from './session.js';

interface Face extends IndexedFace {
  photo: string;
}

/**
 * All people on these photos are women of similar age, among whom strangers resemble each other more than
 * the scale says for people at large (see the model's card). The default of 75 would take one for another.
 */
export const GROUP_PHOTOS_THRESHOLD = 85;

/** The photo whose people are strangers: it is never stored, only searched for. */
const STRANGERS = 'sample5.jpg';

/** The photo whose people are searched for on other pictures of them. */
const KNOWN = 'sample6.jpg';

/**
 * Group photos without names: every face asks to join the user it resembles most; refused faces
 * become users of their own. Then strangers are searched for, and known people on altered pictures.
 */
export async function showGroupPhotos(
  client: RekognitionClient,
  session: DemoSession,
  photos: readonly string[],
): Promise<string> {
  const named = (name: string): string[] => photos.filter((photo) => basename(photo) === name);
  const stored = photos.filter((photo) => basename(photo) !== STRANGERS);
  const { faces, unindexed } = await indexAll(session, stored);
  const associations = [...unindexed, ...(await associateAll(session, faces))].toSorted(byPhoto);
  const searches: Row[] = [];
  for (const photo of named(STRANGERS))
    searches.push(...(await searchAll(client, session, { photo, altered: false })));
  for (const photo of named(KNOWN))
    searches.push(...(await searchAll(client, session, { photo, altered: true })));
  return [
    `AssociateFaces: each face asks to join the user it resembles most (UserMatchThreshold ${GROUP_PHOTOS_THRESHOLD})`,
    table(['photo', 'face', 'asked to join', 'similarity', 'answer', 'belongs to'], associations),
    '',
    `SearchUsersByImage: faces cut out of a photo that was never stored, and altered ones of a stored photo (${GROUP_PHOTOS_THRESHOLD})`,
    table(['photo', 'face', 'picture', 'found', 'similarity'], searches),
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
  const bar = progress('AssociateFaces, faces', faces.length);
  let users = 0;
  for (const face of faces) {
    bar.step();
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
  bar.done();
  return rows;
}

/** Searches for every face of a photo, cut out as a person would send a portrait. */
async function searchAll(
  client: RekognitionClient,
  session: DemoSession,
  { photo, altered }: { photo: string; altered: boolean },
): Promise<Row[]> {
  const bytes = await readFile(photo);
  const { FaceDetails = [] } = await client.send(
    new DetectFacesCommand({ Image: { Bytes: bytes } }),
  );
  const rows: Row[] = [];
  const bar = progress(`SearchUsersByImage, faces of ${basename(photo)}`, FaceDetails.length);
  for (const { BoundingBox: box = {} } of FaceDetails) {
    bar.step();
    const found = await session.userInPhoto(await portrait(bytes, box, altered));
    rows.push([
      basename(photo),
      placeOf(centreOf(box)),
      altered ? 'mirrored, darker, 160 pixels' : 'as it is',
      found?.userId ?? 'nobody',
      percent(found?.similarity),
    ]);
  }
  bar.done();
  return rows.toSorted(byPhoto);
}

/** A face with half its size around it. */
async function portrait(bytes: Buffer, box: BoundingBox, altered: boolean): Promise<Buffer> {
  const { width, height } = await sharp(bytes).metadata();
  const { Left = 0, Top = 0, Width = 0, Height = 0 } = box;
  const left = Math.max(0, Math.round((Left - Width / 2) * width));
  const top = Math.max(0, Math.round((Top - Height / 2) * height));
  const cut = sharp(bytes).extract({
    left,
    top,
    width: Math.min(width - left, Math.round(2 * Width * width)),
    height: Math.min(height - top, Math.round(2 * Height * height)),
  });
  const picture = altered ? cut.resize(160).flop().modulate({ brightness: 0.7 }) : cut;
  return picture.jpeg({ quality: altered ? 75 : 95 }).toBuffer();
}

/** By photo, then from left to right. */
const byPhoto = ([photo = '', place = '']: Row, [otherPhoto = '', otherPlace = '']: Row): number =>
  photo.localeCompare(otherPhoto) || place.localeCompare(otherPlace);

const placeOf = ({ x, y }: Place): string => `${ratio(x)} from left, ${ratio(y)} from top`;
const ratio = (value: number): string => `${Math.round(value * 100)} %`.padStart(5);

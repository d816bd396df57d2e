import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Person } from './photos.js';
import { percent, progress, type Row, table } from './report.js';
import type { DemoSession } from './session.js';

const ROWS_SHOWN = 60;
/** Photos in flight at once; the service queues what its workers cannot take. */
const CONCURRENCY = 4;
/** Users looked through for a face's similarity to its own user. */
const NEAREST = 500;

interface Enrolment {
  person: Person;
  userId: string;
  faces: { photo: string; faceId: string }[];
  /** Kept out of the collection and searched for. */
  probe: string | undefined;
}

/**
 * Photos sorted by person: all but the last photo of each person are enrolled; each person's second
 * face first asks to join a stranger; the last photo is searched for.
 */
export async function showPeople(session: DemoSession, people: readonly Person[]): Promise<string> {
  const unusable: Row[] = [];
  const enrolments = await indexAll(session, people, unusable);
  const associations: Row[] = [];
  const bar = progress('AssociateFaces, people', enrolments.length);
  for (const [i, enrolment] of enrolments.entries()) {
    associations.push(...(await associate(session, enrolment, enrolments[i - 1])));
    bar.step();
  }
  bar.done();
  const { rows: searches, right, total } = await searchAll(session, enrolments);
  return [
    'AssociateFaces (a face joins a user when its similarity to the user’s centroid reaches 75)',
    shortened(['photo', 'asked to join', 'similarity', 'answer'], associations),
    '',
    'SearchUsersByImage, with one photo of each person that was never stored (threshold 80)',
    shortened(['photo', 'found', 'similarity', ''], searches),
    '',
    `${right} of ${total} searches found the right person.`,
    ...(unusable.length > 0
      ? ['', 'Photos without a usable face', shortened(['photo', 'reason'], unusable)]
      : []),
  ].join('\n');
}

async function indexAll(
  session: DemoSession,
  people: readonly Person[],
  unusable: Row[],
): Promise<Enrolment[]> {
  const enrolments = people.map((person): Enrolment => {
    const probe = person.photos.length > 1 ? person.photos.at(-1) : undefined;
    return { person, userId: asId(person.name), faces: [], probe };
  });
  const jobs = enrolments.flatMap((enrolment) =>
    enrolment.person.photos
      .filter((path) => path !== enrolment.probe)
      .map((path) => ({ enrolment, path })),
  );
  const bar = progress('IndexFaces, photos', jobs.length);
  const queue = jobs.values();
  const worker = async (): Promise<void> => {
    for (const { enrolment, path } of queue) {
      const photo = `${enrolment.person.name}/${basename(path)}`;
      const { faces, refused } = await session.index(path, {
        externalImageId: asId(photo),
        maxFaces: 1,
      });
      const [face] = faces;
      if (face) enrolment.faces.push({ photo, faceId: face.faceId });
      else
        unusable.push([photo, refused.map(({ reasons }) => reasons).join('; ') || 'no face found']);
      bar.step();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  bar.done();
  for (const { faces } of enrolments) faces.sort((a, b) => (a.photo < b.photo ? -1 : 1));
  return enrolments.filter(({ faces }) => faces.length > 0);
}

async function associate(
  session: DemoSession,
  { userId, faces }: Enrolment,
  stranger: Enrolment | undefined,
): Promise<Row[]> {
  const rows: Row[] = [];
  await session.createUser(userId);
  for (const [i, { photo, faceId }] of faces.entries()) {
    const nearest = await session.nearestUsers(faceId, NEAREST);
    const similarityTo = (user: string): string =>
      percent(nearest.find((found) => found.userId === user)?.similarity);
    if (i === 1 && stranger) {
      const { accepted, reasons } = await session.associate(stranger.userId, faceId);
      rows.push([
        photo,
        `${stranger.userId} (a stranger)`,
        similarityTo(stranger.userId),
        accepted ? 'ACCEPTED, a false match' : `refused: ${reasons.join(', ')}`,
      ]);
      if (accepted) continue;
    }
    const { accepted, reasons } = await session.associate(userId, faceId);
    const first = i === 0 ? ': the first face' : '';
    rows.push([
      photo,
      userId,
      similarityTo(userId),
      accepted ? `accepted${first}` : `refused: ${reasons.join(', ')}`,
    ]);
  }
  return rows;
}

async function searchAll(session: DemoSession, enrolments: readonly Enrolment[]) {
  const rows: Row[] = [];
  const searches = enrolments.flatMap(({ person, userId, probe }) =>
    probe === undefined ? [] : [{ person, userId, probe }],
  );
  const bar = progress('SearchUsersByImage, photos', searches.length);
  let right = 0;
  for (const { person, userId, probe } of searches) {
    const found = await session.userInPhoto(await readFile(probe));
    if (found?.userId === userId) right++;
    rows.push([
      `${person.name}/${basename(probe)}`,
      found?.userId ?? 'nobody',
      percent(found?.similarity),
      found?.userId === userId ? '' : found ? 'wrong person' : 'missed',
    ]);
    bar.step();
  }
  bar.done();
  return { rows, right, total: searches.length };
}

/** Folder and file names hold characters that ids must not: they become underscores. */
const asId = (name: string): string => name.replace(/[^a-zA-Z0-9_.\-:]/g, '_').slice(0, 128);

function shortened(header: Row, rows: readonly Row[]): string {
  const left = rows.length - ROWS_SHOWN;
  const shown = table(header, rows.slice(0, ROWS_SHOWN));
  return left > 0 ? `${shown}\n… and ${left} more` : shown;
}

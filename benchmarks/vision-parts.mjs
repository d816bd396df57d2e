// Speed alone, speed on all cores, and a group photo of 24 megapixels.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { facesFolder, median, readPairs, rounded, startSubject } from './vision-subjects.mjs';

const PHOTOS = 64;
const PHOTOS_A_TURN = 8;
/** Photos spread over all pairs, so that people and sizes are mixed. */
function somePhotos(count) {
  const paths = [...new Set(readPairs().flatMap(({ a, b }) => [a, b]))];
  const step = Math.max(1, Math.floor(paths.length / count));
  return paths.filter((_, index) => index % step === 0).slice(0, count);
}

/** One process a subject, in turns; one photo at a time. */
export async function speed(names) {
  const paths = somePhotos(PHOTOS);
  const subjects = [];
  for (const name of names) subjects.push({ ...(await startSubject(name)), turns: [], rss: 0 });
  // The first photos are not counted: they compile what loading left.
  for (const subject of subjects) await subject.ask(paths.slice(0, 2));
  for (let first = 0; first < paths.length; first += PHOTOS_A_TURN) {
    const turn = paths.slice(first, first + PHOTOS_A_TURN);
    for (const subject of subjects) {
      const { cpuMs, wallMs, rssMb } = await subject.ask(turn);
      subject.turns.push({ cpu: cpuMs / turn.length, wall: wallMs / turn.length });
      subject.rss = Math.max(subject.rss, rssMb);
    }
  }
  const rows = subjects.map(({ name, startMs, turns, rss }) => {
    const cpuMs = median(turns.map(({ cpu }) => cpu));
    return {
      subject: name,
      cpuMsPerFace: rounded(cpuMs),
      facesPerCpuSecond: rounded(1000 / cpuMs),
      wallMsPerFace: rounded(median(turns.map(({ wall }) => wall))),
      rssMb: Math.round(rss),
      startMs: Math.round(startMs),
    };
  });
  await Promise.all(subjects.map(({ end }) => end()));
  return { photos: paths.length, rows };
}

const ROUNDS = 3;
const PHOTOS_A_ROUND = 24;

/** The same photos by one process and by one on each core, in turns, by the clock. */
export async function cores(names) {
  const count = availableParallelism();
  const paths = somePhotos(PHOTOS_A_ROUND * count);
  const rows = [];
  for (const name of names) {
    const crew = [];
    for (let i = 0; i < count; i++) crew.push(await startSubject(name));
    await Promise.all(crew.map((subject) => subject.ask(paths.slice(0, 2))));
    const ratios = [];
    const together = [];
    for (let round = 0; round < ROUNDS; round++) {
      const alone = await clock(() => crew[0].ask(paths.slice(0, PHOTOS_A_ROUND)));
      const all = await clock(() =>
        Promise.all(
          crew.map((subject, index) =>
            subject.ask(paths.slice(index * PHOTOS_A_ROUND, (index + 1) * PHOTOS_A_ROUND)),
          ),
        ),
      );
      ratios.push((count * alone) / all);
      together.push((1000 * count * PHOTOS_A_ROUND) / all);
    }
    await Promise.all(crew.map(({ end }) => end()));
    rows.push({
      subject: name,
      facesPerSecond: rounded(median(together)),
      timesOneProcess: rounded(median(ratios), 2),
    });
  }
  return { cores: count, rows };
}

async function clock(run) {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

const WIDTH = 6000;
const HEIGHT = 4000;
const ACROSS = 6;
const DOWN = 4;

/** 24 people in one photo of 24 megapixels, each in a cell of its own. */
export async function groupPhoto() {
  const photos = somePhotos(ACROSS * DOWN);
  const [width, height] = [WIDTH / ACROSS, HEIGHT / DOWN];
  const cells = await Promise.all(
    photos.map(async (path, index) => ({
      // A face fills a third of its cell: some 150 pixels of the photo.
      input: await sharp(join(facesFolder, path)).resize(400, 400).toBuffer(),
      left: Math.round((index % ACROSS) * width + 300),
      top: Math.round(Math.floor(index / ACROSS) * height + 300),
    })),
  );
  const background = { width: WIDTH, height: HEIGHT, channels: 3, background: '#7a8078' };
  const bytes = await sharp({ create: background })
    .composite(cells)
    .jpeg({ quality: 90 })
    .toBuffer();
  const path = join(mkdtempSync(join(tmpdir(), 'likeness-group-')), 'group.jpg');
  writeFileSync(path, bytes);
  return { path, people: photos.length, megabytes: rounded(bytes.length / 1e6) };
}

/** All faces of one large photo, found and embedded. */
export async function group(names) {
  const { path, people, megabytes } = await groupPhoto();
  const rows = [];
  for (const name of names) {
    const subject = await startSubject(name);
    const answers = [];
    // Once to warm up; then the better of two.
    for (let round = 0; round < 3; round++) answers.push(await subject.ask([path], 'all'));
    await subject.end();
    const counted = answers.slice(1);
    rows.push({
      subject: name,
      wallMs: Math.round(median(counted.map(({ wallMs }) => wallMs))),
      cpuMs: Math.round(median(counted.map(({ cpuMs }) => cpuMs))),
      faces: counted[0].faces,
      rssMb: Math.round(Math.max(...answers.map(({ rssMb }) => rssMb))),
    });
  }
  return { megapixels: (WIDTH * HEIGHT) / 1e6, megabytes, people, rows };
}

// Speed alone, speed on all cores, and a group photo of 24 megapixels.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { processorsByCore } from './processors.mjs';
import { facesFolder, median, rounded, somePhotos, startSubject } from './vision-subjects.mjs';

const PHOTOS = 64;
const PHOTOS_A_TURN = 8;

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

/** Photos a round: as many as one process does in this time. */
/** Different photos of a round, and how many it has at least; a longer one has them again. */
const PHOTOS_A_ROUND = { different: 48, least: 4 };
const WARM_UP_MS = 4000;

/**
 * One core against all, by the clock: a process on each core, held to it, since one that is not has the other cores
 * for what V8 compiles and libvips decodes on other threads. Each does the same photos, alone and together, in turns.
 *
 * @param given the processors, one of each core unless told otherwise; how many rounds, how long each.
 */
export async function cores(names, _seconds, given = {}) {
  const { processors = processorsByCore().map(([first]) => first) } = given;
  const { rounds = 9, roundMs = 3000 } = given;
  const rows = [];
  for (const name of names) rows.push(await onCores(name, { processors, rounds, roundMs }));
  const held = processors[0] !== undefined;
  return { cores: processors.length, processors: held ? processors : 'not held to any', rows };
}

async function onCores(name, { processors, rounds, roundMs }) {
  const crew = await Promise.all(processors.map((processor) => startSubject(name, processor)));
  const paths = await photosForRound(crew, roundMs);
  const turns = [];
  for (let round = 0; round < rounds; round++) {
    const alone = await timed([crew[round % crew.length]], paths);
    turns.push({ alone, together: await timed(crew, paths) });
  }
  await Promise.all(crew.map(({ end }) => end()));
  const alone = turns.map((turn) => turn.alone.facesPerSecond);
  const together = turns.map((turn) => turn.together.facesPerSecond);
  const times = together.map((value) => value / median(alone));
  const cpuMs = (which) => rounded(median(turns.map((turn) => turn[which].cpuMsPerFace)));
  return {
    subject: name,
    facesPerSecond: rounded(median(together)),
    oneCore: rounded(median(alone)),
    timesOneCore: rounded(median(times), 2),
    range: [Math.min(...times), Math.max(...times)].map((value) => rounded(value, 2)),
    cpuMsAlone: cpuMs('alone'),
    cpuMsTogether: cpuMs('together'),
    photos: paths.length,
    rounds,
  };
}

/** Warms a crew up, so that nothing is left to compile, and sees how many photos fill a round. */
async function photosForRound(crew, roundMs) {
  const paths = somePhotos(PHOTOS_A_ROUND.different);
  let facesPerSecond = 0;
  for (const until = performance.now() + WARM_UP_MS; performance.now() < until; )
    ({ facesPerSecond } = await timed(crew, paths.slice(0, 12)));
  const count = Math.round((facesPerSecond / crew.length) * (roundMs / 1000));
  const length = Math.max(PHOTOS_A_ROUND.least, count);
  return Array.from({ length }, (_, index) => paths[index % paths.length]);
}

/** The same photos by each of a crew at the same time. */
async function timed(crew, paths) {
  const startedAt = performance.now();
  const answers = await Promise.all(crew.map((subject) => subject.ask(paths)));
  const faces = crew.length * paths.length;
  const cpuMs = answers.reduce((sum, answer) => sum + answer.cpuMs, 0);
  return {
    facesPerSecond: (1000 * faces) / (performance.now() - startedAt),
    cpuMsPerFace: cpuMs / faces,
  };
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

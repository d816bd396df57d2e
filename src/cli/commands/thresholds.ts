import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ApiError, OperatorError } from '../../errors.js';
import type { ThresholdsReport } from '../../thresholds/report.js';
import { processIo } from '../process-io.js';
import { readOptions, type ThresholdsOptions } from '../thresholds/options.js';
import { applyCalibration, requireData, writePictures } from '../thresholds/outputs.js';
import { MeasuringProgress } from '../thresholds/progress.js';

const EXIT = { missed: 2, stopped: 130 } as const;
/** How long a run that was stopped may take to end by itself. */
const PATIENCE_MS = 1000;
/** Digits kept of a number in the JSON: more than any of them is worth. */
const DIGITS = 7;

/**
 * Measures what a threshold means on given faces or scores. Exit code 2 where a requirement is missed or cannot be
 * judged, 130 where Ctrl-C stopped it.
 */
export async function thresholds(args: readonly string[]): Promise<number> {
  if (args[0] === 'compare') return compare(args.slice(1));
  const options = readOptions(args);
  const { parseRequirements, judgeRequirements } = await import('../../thresholds/require.js');
  const terms = options.require === undefined ? [] : parseRequirements(options.require);
  if (options.apply) await requireData(options.data);
  const overlaid = await Promise.all(options.overlay.map(readReport));
  const abort = new AbortController();
  const stop = (): void => {
    abort.abort(new Stopped());
    // What is under way ends soon; a start of the vision part would not.
    setTimeout(() => {
      sayStopped();
      process.exit(EXIT.stopped);
    }, PATIENCE_MS).unref();
  };
  process.once('SIGINT', stop);
  const progress = new MeasuringProgress(processIo().stderr);
  try {
    const report = await measure(options, { args, progress, signal: abort.signal });
    report.verdict.requirements = judgeRequirements(report, terms, {
      strict: options.strict,
      ...(options.at !== undefined && { threshold: options.at }),
    });
    progress.end();
    await write(report, options);
    await writePictures([report, ...overlaid], options);
    if (options.apply)
      process.stdout.write(
        `\n${await applyCalibration(report, { data: options.data, version: options.as })}`,
      );
    return report.verdict.requirements.every(({ outcome }) => outcome === 'met') ? 0 : EXIT.missed;
  } catch (error) {
    progress.end();
    if (!abort.signal.aborted) throw forOperator(error);
    sayStopped();
    return EXIT.stopped;
  } finally {
    process.off('SIGINT', stop);
  }
}

class Stopped extends Error {}

const sayStopped = (): void =>
  void process.stderr.write(
    'Stopped. What was computed is in the cache: the same command goes on from there.\n',
  );

/** What the store says of a collection is for the operator here. */
const forOperator = (error: unknown): unknown =>
  error instanceof ApiError ? new OperatorError(error.message, { cause: error }) : error;

interface Run {
  args: readonly string[];
  progress: MeasuringProgress;
  signal: AbortSignal;
}

async function measure(options: ThresholdsOptions, run: Run): Promise<ThresholdsReport> {
  const { kindOf } = await import('../../thresholds/inputs/input.js');
  const { input } = options;
  if (input.kind === 'scores')
    return measureScoreFiles(options, run, [
      { path: input.genuine, kind: 'genuine' },
      { path: input.impostor, kind: 'impostor' },
    ]);
  if (input.kind === 'collection') return measureCollection(options, run, input.collectionId);
  const kind = await kindOf(input.path);
  if (kind === 'scores')
    return measureScoreFiles(options, run, [{ path: input.path, kind: 'labelled' }]);
  return measurePhotos(options, run, { path: input.path, kind });
}

async function measureScoreFiles(
  options: ThresholdsOptions,
  run: Run,
  files: readonly { path: string; kind: 'labelled' | 'genuine' | 'impostor' }[],
): Promise<ThresholdsReport> {
  const { countScores } = await import('../../thresholds/inputs/score-tally.js');
  const { measureScores } = await import('../../thresholds/measure.js');
  const { seed, distance, groups } = options;
  if (groups.length > 0) throw new OperatorError('--groups: scores have no groups, photos have');
  const counted = await countScores(files, {
    seed,
    distance,
    signal: run.signal,
    onProgress: (rows, pass) => run.progress.rows(rows, pass),
  });
  const name = files.map(({ path }) => basename(path)).join(' + ');
  return measureScores({ counted, name }, measureOptions(options, run, name));
}

async function measureCollection(
  options: ThresholdsOptions,
  run: Run,
  collectionId: string,
): Promise<ThresholdsReport> {
  const { openBeside } = await import('../../store/sqlite/beside.js');
  const { collectionInput } = await import('../../thresholds/inputs/collection.js');
  const { requireCurve } = await import('../../thresholds/keep-calibration.js');
  const { measureFaces } = await import('../../thresholds/measure.js');
  const store = openBeside(options.data);
  try {
    const collection = await store.collection(collectionId);
    const { modelId, calibrationVersion } = collection;
    const known = await store.calibrations.list();
    const pinned = requireCurve(known, modelId, options.calibration ?? calibrationVersion);
    // As the service weighs centroids: by the model's first curve, whatever is pinned.
    const first = known.find((each) => each.modelId === modelId);
    const curves = { pinned, first: first?.curve ?? pinned };
    const input = await collectionInput(collection, store.people(collectionId), curves);
    return await measureFaces(input, {
      ...measureOptions(options, run, collectionId),
      kernel: await bestKernel(),
    });
  } finally {
    store.close();
  }
}

/** A calibration version of the data directory; undefined: the one shipped with the model. */
async function calibrationFor({ calibration, data }: ThresholdsOptions, modelId: string) {
  if (calibration === undefined) return undefined;
  const { openBeside } = await import('../../store/sqlite/beside.js');
  const { requireCurve } = await import('../../thresholds/keep-calibration.js');
  const store = openBeside(data);
  try {
    return requireCurve(await store.calibrations.list(), modelId, calibration);
  } finally {
    store.close();
  }
}

/** Where added models lie beside this data directory. */
async function modelsDirectory(dataDirectory: string): Promise<string> {
  const { modelsDirectoryOf, readConfig } = await import('../../config.js');
  return modelsDirectoryOf({ ...readConfig(process.env), dataDirectory });
}

async function measurePhotos(
  options: ThresholdsOptions,
  run: Run,
  { path, kind }: { path: string; kind: 'folder' | 'csv' | 'pairs' },
): Promise<ThresholdsReport> {
  const { photosAt, photoInput, installedModel, modelAt } = await import(
    '../../thresholds/inputs/input.js'
  );
  const { measureFaces } = await import('../../thresholds/measure.js');
  const { where, minPhotos, photoRoot, face, filter } = options;
  const list = await photosAt(path, kind, {
    where,
    minPhotos,
    ...(photoRoot !== undefined && { photoRoot }),
  });
  const place =
    options.model === undefined
      ? undefined
      : modelAt(options.model, await modelsDirectory(options.data));
  const model = await installedModel(place);
  const curve = await calibrationFor(options, model.id);
  const embed = {
    model,
    face,
    filter,
    cacheDirectory: options.cache,
    parallel: availableParallelism(),
    signal: run.signal,
    onProgress: (done: Parameters<MeasuringProgress['photos']>[0]) => run.progress.photos(done),
    openVision: async () => {
      const { openVision } = await import('../../thresholds/inputs/input.js');
      const { readConfig } = await import('../../config.js');
      const { runtime, visionWorkers, imageTimeoutMs: timeoutMs } = readConfig(process.env);
      return openVision({
        runtime,
        workers: visionWorkers || availableParallelism(),
        timeoutMs,
        ...(place && { embedders: [place] }),
      });
    },
  };
  const input = await photoInput(list, embed, curve);
  const paths = new Map(list.photos.map((photo) => [photo.name, photo.path]));
  return measureFaces(input, {
    ...measureOptions(options, run, basename(resolve(path))),
    kernel: await bestKernel(),
    ...(options.thumbnails && {
      thumbnail: async (photo: string) => {
        const { thumbnailOf } = await import('../../thresholds/inputs/thumbnail.js');
        const found = paths.get(photo);
        return found === undefined ? null : thumbnailOf(found);
      },
    }),
  });
}

async function bestKernel() {
  const { kernels } = await import('../../thresholds/inputs/input.js');
  return kernels()[0];
}

function measureOptions(options: ThresholdsOptions, run: Run, name: string) {
  const { seed, targetFmr, gallerySize, groups, replicates, label } = options;
  return {
    label: label ?? name,
    command: ['likeness', 'thresholds', ...run.args].map(quoted).join(' '),
    createdAt: new Date().toISOString(),
    seed,
    targetFmr,
    groups,
    replicates,
    threads: availableParallelism(),
    signal: run.signal,
    onProgress: (what: string, share: number) => run.progress.share(what, share),
    ...(gallerySize !== undefined && { gallerySize }),
  };
}

/** As a shell takes it. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

async function write(
  report: ThresholdsReport,
  { json, csv, output }: ThresholdsOptions,
): Promise<void> {
  const { reportText } = await import('../../thresholds/text.js');
  const text = `${JSON.stringify(report, shortNumbers)}\n`;
  if (json !== undefined) await writeFile(json, text);
  if (csv !== undefined) {
    const { csvTable } = await import('../../thresholds/csv-table.js');
    await writeFile(csv, csvTable(report));
  }
  process.stdout.write(output === 'json' ? text : reportText(report));
}

const shortNumbers = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(DIGITS)) : value;

/** `likeness thresholds compare A.json B.json`. */
async function compare(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCompare(args);
  const [first, second] = positionals;
  if (first === undefined || second === undefined || positionals.length > 2)
    throw new OperatorError(
      'name two reports written by --json, as in: likeness thresholds compare before.json after.json',
    );
  const { compareReports } = await import('../../thresholds/compare.js');
  const { comparisonText } = await import('../../thresholds/text.js');
  const [before, after] = [await readReport(first), await readReport(second)];
  const comparison = compareReports(before, after);
  await writePictures([before, after], values);
  process.stdout.write(
    values.json ? `${JSON.stringify(comparison, shortNumbers)}\n` : comparisonText(comparison),
  );
  return 0;
}

function parseCompare(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        html: { type: 'string' },
        svg: { type: 'string' },
      },
    });
  } catch (cause) {
    throw new OperatorError((cause as Error).message, { cause });
  }
}

/** A report that --json wrote. */
async function readReport(path: string): Promise<ThresholdsReport> {
  const { parseReport } = await import('../../thresholds/compare.js');
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new OperatorError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  });
  return parseReport(text, path);
}

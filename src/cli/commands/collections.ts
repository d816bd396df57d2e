import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { ApiError, OperatorError } from '../../errors.js';

const OPTIONS = {
  model: { type: 'string' },
  photos: { type: 'string', multiple: true },
  'from-crops': { type: 'boolean', default: false },
  switch: { type: 'boolean', default: false },
  'without-missing': { type: 'boolean', default: false },
  back: { type: 'boolean', default: false },
  cancel: { type: 'boolean', default: false },
  finish: { type: 'boolean', default: false },
  threshold: { type: 'string' },
  report: { type: 'string' },
  data: { type: 'string' },
} as const;

type Values = ReturnType<typeof parse>['values'];
const loadMigrate = () => import('../../moving/migrate.js');
const loadBeside = () => import('../../store/sqlite/beside.js');

type Result = Awaited<ReturnType<Awaited<ReturnType<typeof loadMigrate>>['migrate']>>;
type Store = ReturnType<Awaited<ReturnType<typeof loadBeside>>['openBeside']>;

/** The default of searches. */
const DEFAULT_THRESHOLD = 80;

/** So many people are named on the screen; the report has them all. */
const SHOWN = 10;

/** Moves a collection to another embedding model, beside the service that goes on serving it. */
export async function collections(args: readonly string[]): Promise<number | void> {
  const { values, positionals } = parse(args);
  const [verb, collectionId, ...rest] = positionals;
  if (verb !== 'migrate' || collectionId === undefined || rest.length > 0)
    throw new OperatorError('no such form: see likeness collections --help');
  const chosen = [values.model !== undefined, values.back, values.cancel, values.finish];
  if (chosen.filter(Boolean).length !== 1)
    throw new OperatorError('name one of --model NAME, --back, --cancel and --finish');
  if (values['from-crops'] && values.photos)
    throw new OperatorError('--photos and --from-crops: one after the other, in any order');
  if (values['without-missing'] && !values.switch)
    throw new OperatorError('--without-missing says what --switch does: name both');
  const { readConfig, modelsDirectoryOf } = await import('../../config.js');
  const config = readConfig({
    ...process.env,
    ...(values.data !== undefined && { LIKENESS_DATA: values.data }),
  });
  const { openBeside } = await loadBeside();
  const { openObjects } = await import('../../objects/open.js');
  const objects = openObjects(config, (message, details) =>
    process.stderr.write(`${message}: ${JSON.stringify(details)}\n`),
  );
  const store = openBeside(config.dataDirectory);
  try {
    if (values.cancel) return await cancel(store, collectionId);
    if (values.finish) return await finish(store, collectionId);
    const { placedModels } = await import('../../vision/own/describe.js');
    const { migrate } = await loadMigrate();
    const result = await migrate(
      {
        collectionId,
        modelName: values.model,
        photos: values.photos ?? [],
        fromCrops: values['from-crops'],
        switch: values.switch,
        withoutMissing: values['without-missing'],
        threshold: thresholdOf(values),
      },
      {
        store,
        models: await placedModels(modelsDirectoryOf(config)),
        vision: {
          runtime: config.runtime,
          workers: config.visionWorkers || availableParallelism(),
          timeoutMs: config.imageTimeoutMs,
        },
        objects,
        ...(values['from-crops'] &&
          config.masterKeyFile !== '' && {
            openCrop: (await import('../../keys/master-key.js')).readCropKey(config.masterKeyFile)
              .open,
          }),
        signal: new AbortController().signal,
        onProgress: progress(),
        nowMs: Date.now(),
      },
    );
    if (values.report !== undefined)
      await writeFile(values.report, `${JSON.stringify(result, undefined, 2)}\n`);
    process.stdout.write(text(collectionId, result, values));
  } catch (error) {
    throw error instanceof ApiError ? new OperatorError(error.message, { cause: error }) : error;
  } finally {
    store.close();
    objects.close();
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  } catch (cause) {
    throw new OperatorError((cause as Error).message, { cause });
  }
}

function thresholdOf({ threshold }: Values): number {
  const number = threshold === undefined ? DEFAULT_THRESHOLD : Number(threshold);
  if (!(number >= 0 && number <= 100))
    throw new OperatorError(`--threshold ${threshold}: expected a number from 0 to 100`);
  return number;
}

async function cancel({ moves }: Store, collectionId: string): Promise<void> {
  const move = moves.current(collectionId);
  if (!move) throw new OperatorError(`the collection ${collectionId} is not on its way to a model`);
  await moves.open(collectionId, move.to, move.startedAtMs).cancel();
  process.stdout.write(
    `The new embeddings of ${collectionId} are forgotten; it stays as it was.\n`,
  );
}

async function finish(store: Store, collectionId: string): Promise<void> {
  // One that is not there is named.
  await store.collection(collectionId);
  const count = await store.moves.forget(collectionId);
  process.stdout.write(
    count === 0
      ? `Nothing was kept of what ${collectionId} was before.\n`
      : `What ${collectionId} was before is removed; there is no way back any more.\n`,
  );
}

const EVERY_MS = 5000;

/** Tells people how far it is, not more often than they can read. */
function progress(): (done: number, all: number, line: string) => void {
  let shownMs = 0;
  return (done, all, line) => {
    const now = performance.now();
    if (done < all && now - shownMs < (process.stderr.isTTY ? 200 : EVERY_MS)) return;
    shownMs = now;
    process.stderr.write(
      process.stderr.isTTY ? `\r${line}\x1b[K${done === all ? '\n' : ''}` : `${line}\n`,
    );
  };
}

function text(collectionId: string, result: Result, values: Values): string {
  const { from, to, carried, photos, report, moved } = result;
  const { faces, missing, threshold, similarity } = report;
  const before = (side: 'before' | 'after'): string =>
    `${shown(similarity[side].median)} (lowest twentieth ${shown(similarity[side].low)})`;
  const lines = [
    `${collectionId}: ${from.modelId} → ${to.modelId}`,
    ...(carried === undefined
      ? []
      : [`carried     ${carried} faces from their present embeddings, no photo is needed`]),
    ...(photos ? [`photos      ${photos.photos} given, ${photos.unused.length} of no use`] : []),
    `faces       ${faces}, ${faces - missing} with their new embedding, ${missing} without`,
    ...(photos || moved ? namesOf(report) : []),
    `users       ${report.users}, of which ${report.usersOfOneFace} have one face and are not compared`,
    `similarity  of a face to its user: ${before('before')} now, ${before('after')} then`,
    `at ${threshold}       ${report.lostCount} of ${report.compared} faces would match their user no more, ${report.gainedCount} would newly`,
    ...report.usersLost.slice(0, SHOWN).map((userId) => `            would not match: ${userId}`),
    ...(report.usersLost.length > SHOWN
      ? [`            … and ${report.usersLost.length - SHOWN} more: --report FILE`]
      : []),
    '',
    ending(collectionId, result, values),
  ];
  return `${lines.join('\n')}\n`;
}

/** The faces that what was given did not help. */
const namesOf = ({ lacking, missing }: Result['report']): string[] => [
  ...lacking
    .slice(0, SHOWN)
    .map(({ faceId, externalImageId, userId }) =>
      [
        `            without: ${faceId}`,
        ...(externalImageId === '' ? [] : [`photo ${externalImageId}`]),
        ...(userId === '' ? [] : [`of user ${userId}`]),
      ].join(', '),
    ),
  ...(missing > SHOWN ? [`            … and ${missing - SHOWN} more: --report FILE`] : []),
];

const shown = (value: number | null): string => (value === null ? '–' : value.toFixed(1));

const WAY_BACK: Record<Result['wayBack'], string> = {
  nothing: 'without photos',
  'both models': 'without photos as long as the service runs both models',
  photos: 'with the photos of faces that come from now on (--photos)',
};

function ending(
  collectionId: string,
  { report, moved, carried, to, wayBack }: Result,
  { back }: Values,
): string {
  if (moved)
    return [
      `Switched. The service needs ${to.modelId} among LIKENESS_MODEL.`,
      ...(moved.leftBehind > 0
        ? [`${moved.leftBehind} faces are left behind, and come back with --back.`]
        : []),
      ...(moved.cameBack > 0 ? [`${moved.cameBack} faces left behind came back.`] : []),
      `Back, ${WAY_BACK[wayBack]}:`,
      `    likeness collections migrate ${collectionId} --back --switch`,
      'The embeddings of before are kept until:',
      `    likeness collections migrate ${collectionId} --finish`,
    ].join('\n');
  // Faces that came while others were carried over are so at the switch.
  if (report.missing > 0 && carried === undefined)
    return `Not switched. Give the photos of the ${report.missing} faces without a new embedding with --photos, or leave these behind: --switch --without-missing.`;
  return `Not switched. Do it: the same command with --switch${back ? '' : ', once the service runs both models'}.`;
}

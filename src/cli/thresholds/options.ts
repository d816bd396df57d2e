import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { OperatorError } from '../../errors.js';

const QUALITY_FILTERS = ['NONE', 'AUTO', 'LOW', 'MEDIUM', 'HIGH'] as const;
const FACES = ['largest', 'central'] as const;
const OUTPUTS = ['text', 'json'] as const;

/** Where embeddings are kept where nothing else is said (XDG base directory specification). */
const cacheHome = (): string =>
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'likeness', 'embeddings');

/** The command line of `likeness thresholds`, checked. OperatorError says what was expected. */
export function readOptions(args: readonly string[]) {
  const { values, positionals } = parse(args);
  const [source, ...rest] = positionals;
  const collectionId = values['collection-id'];
  const { genuine, impostor } = values;
  const inputs = [source, collectionId, genuine ?? impostor].filter((each) => each !== undefined);
  if (
    rest.length > 0 ||
    inputs.length !== 1 ||
    (genuine === undefined) !== (impostor === undefined)
  )
    throw new OperatorError(
      'name one input: a folder of people, a CSV file, a pairs or score file, --collection-id ID, or --genuine FILE --impostor FILE; as in: likeness thresholds ~/photos',
    );
  const gallerySize = values['gallery-size'];
  const at = values.at;
  return {
    input:
      source !== undefined
        ? ({ kind: 'path', path: source } as const)
        : collectionId !== undefined
          ? ({ kind: 'collection', collectionId } as const)
          : ({ kind: 'scores', genuine: genuine ?? '', impostor: impostor ?? '' } as const),
    data: resolve(values.data ?? (process.env['LIKENESS_DATA'] || './likeness-data')),
    targetFmr: number(values['target-fmr'], '--target-fmr', { above: 0, below: 1 }),
    ...(gallerySize !== undefined && { gallerySize: whole(gallerySize, '--gallery-size', 1, 1e9) }),
    seed: whole(values.seed, '--seed', 0, 2 ** 31 - 1),
    replicates: whole(values.replicates, '--replicates', 100, 100_000),
    groups: list(values.groups),
    where: values.where.map(condition),
    minPhotos: whole(values['min-photos'], '--min-photos', 1, 1e6),
    photoRoot: values.photos === undefined ? undefined : resolve(values.photos),
    face: oneOf(values.face, FACES, '--face'),
    filter: oneOf(values['quality-filter'].toUpperCase(), QUALITY_FILTERS, '--quality-filter'),
    distance: values.distance,
    require: values.require,
    ...(at !== undefined && { at: number(at, '--at', { above: -Infinity, below: Infinity }) }),
    strict: values.strict,
    output: oneOf(values.output, OUTPUTS, '--output'),
    json: values.json,
    csv: values.csv,
    html: values.html,
    svg: values.svg,
    overlay: values.overlay,
    apply: values.apply,
    as: values.as,
    thumbnails: values.thumbnails,
    label: values.label,
    calibration: values.calibration,
    model: values.model,
    cache: resolve(values.cache ?? cacheHome()),
  };
}

export type ThresholdsOptions = ReturnType<typeof readOptions>;

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'collection-id': { type: 'string' },
        data: { type: 'string' },
        genuine: { type: 'string' },
        impostor: { type: 'string' },
        distance: { type: 'boolean', default: false },
        photos: { type: 'string' },
        where: { type: 'string', multiple: true, default: [] },
        'min-photos': { type: 'string', default: '1' },
        face: { type: 'string', default: 'largest' },
        'quality-filter': { type: 'string', default: 'NONE' },
        'target-fmr': { type: 'string', default: '1e-4' },
        'gallery-size': { type: 'string' },
        groups: { type: 'string', default: '' },
        seed: { type: 'string', default: '1' },
        replicates: { type: 'string', default: '1000' },
        require: { type: 'string' },
        at: { type: 'string' },
        strict: { type: 'boolean', default: false },
        output: { type: 'string', default: 'text' },
        json: { type: 'string' },
        csv: { type: 'string' },
        html: { type: 'string' },
        svg: { type: 'string' },
        overlay: { type: 'string', multiple: true, default: [] },
        apply: { type: 'boolean', default: false },
        as: { type: 'string' },
        thumbnails: { type: 'boolean', default: false },
        label: { type: 'string' },
        calibration: { type: 'string' },
        model: { type: 'string' },
        cache: { type: 'string' },
      },
    });
  } catch (cause) {
    throw new OperatorError((cause as Error).message, { cause });
  }
}

const list = (text: string): string[] =>
  text
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .filter((each) => each !== '');

/** `COLUMN=VALUE` or `COLUMN!=VALUE`. */
function condition(text: string) {
  const [, column = '', operator, value = ''] = /^([^=]*?)(!?=)(.*)$/s.exec(text) ?? [];
  if (column.trim() === '')
    throw new OperatorError(`--where: expected COLUMN=VALUE or COLUMN!=VALUE, got ${text}`);
  return { column: column.trim(), value: value.trim(), not: operator === '!=' };
}

function oneOf<T extends string>(text: string, choices: readonly T[], option: string): T {
  const found = choices.find((choice) => choice === text);
  if (found === undefined)
    throw new OperatorError(`${option}: expected one of ${choices.join(', ')}, got ${text}`);
  return found;
}

function number(
  text: string,
  option: string,
  { above, below }: { above: number; below: number },
): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value > above && value < below))
    throw new OperatorError(
      `${option}: expected a number${Number.isFinite(above) ? ` between ${above} and ${below}` : ''}, got ${text}`,
    );
  return value;
}

function whole(text: string, option: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most)
    throw new OperatorError(
      `${option}: expected a whole number from ${least} to ${most}, got ${text}`,
    );
  return value;
}

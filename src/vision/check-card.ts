import { isAbsolute, normalize } from 'node:path';
import { OperatorError } from '../errors.js';
import type { EmbedderCard } from './cards.js';

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string' && value !== '';
const finite: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const positive: Check = (value) => finite(value) && (value as number) > 0;
/** Far above every real size and dimension: what a card asks for is allocated. */
const MOST = 65_536;
const count: Check = (value) =>
  Number.isInteger(value) && (value as number) > 0 && (value as number) <= MOST;
const landmark: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 468;
const flag: Check = (value) => typeof value === 'boolean';
/** Each is a run of the net, or two. */
const MOST_SCALES = 8;
const isShort: Check = (value) => (value as readonly unknown[]).length <= MOST_SCALES;
const scale: Check = (value) => finite(value) && (value as number) >= 0.5 && (value as number) <= 2;
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const listOf =
  (item: Check, length?: number): Check =>
  (value) =>
    Array.isArray(value) &&
    (length === undefined ? value.length > 0 : value.length === length) &&
    value.every(item);

const isFolder = (name: string): boolean => /^[a-z0-9][a-z0-9._-]*$/.test(name);

const isInside = (path: string): boolean =>
  !isAbsolute(path) && !normalize(path).startsWith('..') && !path.includes('\\');

interface Member {
  /** Path in the card; a `*` stands for every item of a list. */
  path: string;
  check: Check;
  expected: string;
}

/** What every card must have, be it of a net or of several. */
const HEAD: readonly Member[] = [
  { path: 'name', check: text, expected: 'a name' },
  {
    path: 'version',
    check: (value) => typeof value === 'string' && /^[0-9.]+$/.test(value),
    expected: 'digits and dots',
  },
  { path: 'source.origin', check: text, expected: 'where the model is from' },
  { path: 'licence.weights', check: text, expected: 'the licence of the weights' },
];

/** What the card of every net must have. */
const COMMON: readonly Member[] = [
  ...HEAD,
  { path: 'files', check: listOf(() => true), expected: 'a list of files' },
  {
    path: 'format',
    check: oneOf('tfjs-graph', 'face-api', 'onnx'),
    expected: 'tfjs-graph, face-api or onnx',
  },
  {
    path: 'files.*.path',
    check: (value) => text(value) && isInside(value as string),
    expected: 'a path that stays in its folder',
  },
  {
    path: 'files.*.role',
    check: oneOf('topology', 'manifest', 'weights', 'onnx'),
    expected: 'topology, manifest, weights or onnx',
  },
  {
    path: 'files.*.sha256',
    check: (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
    expected: '64 hexadecimal digits in lower case',
  },
  { path: 'input.size', check: count, expected: 'pixels a side' },
  { path: 'input.order', check: oneOf('RGB', 'BGR'), expected: 'RGB or BGR' },
  { path: 'input.mean', check: listOf(finite, 3), expected: 'three numbers' },
  { path: 'input.divisor', check: positive, expected: 'a number above 0' },
  { path: 'input.maxBatch', check: count, expected: 'a whole number above 0' },
  {
    path: 'input.layout',
    check: oneOf(undefined, 'NHWC', 'NCHW'),
    expected: 'NHWC or NCHW, or nothing',
  },
  {
    path: 'input.node',
    check: (value) => value === undefined || text(value),
    expected: 'a name, or nothing',
  },
  { path: 'outputs', check: listOf(() => true), expected: 'a list of outputs' },
  { path: 'outputs.*.name', check: text, expected: 'a name' },
  { path: 'outputs.*.length', check: count, expected: 'numbers for one image' },
];

/** What the card of an embedder must have besides. */
const EMBEDDER: readonly Member[] = [
  { path: 'alignment.landmarks', check: text, expected: 'the name of a landmark model' },
  {
    path: 'alignment.points',
    check: listOf(listOf(landmark), 5),
    expected: 'five lists of landmark numbers',
  },
  {
    path: 'alignment.template',
    check: listOf(listOf(finite, 2), 5),
    expected: 'five positions [x, y]',
  },
  { path: 'mirrorAverage', check: flag, expected: 'true or false' },
  {
    path: 'scales',
    check: (value) => value === undefined || (listOf(scale)(value) && isShort(value)),
    expected: `up to ${MOST_SCALES} numbers from 0.5 to 2, or nothing`,
  },
  {
    path: 'centre',
    check: (value) => value === undefined || listOf(finite)(value),
    expected: 'as many numbers as its output has, or nothing',
  },
];

/** More would cost a face more than they are worth. */
const MOST_CENTROIDS = 1024;

/** What a cohort is made of. */
const COHORT: readonly Member[] = [
  {
    path: 'cohort.strength',
    check: (value) => finite(value) && (value as number) >= 0 && (value as number) <= 20,
    expected: 'a number from 0 to 20',
  },
  {
    path: 'cohort.level',
    check: (value) => finite(value) && Math.abs(value as number) <= 1,
    expected: 'a cosine',
  },
  { path: 'cohort.mean', check: listOf(finite), expected: 'as many numbers as its output has' },
  {
    path: 'cohort.centroids',
    check: (value) => listOf(listOf(finite))(value) && (value as []).length <= MOST_CENTROIDS,
    expected: `up to ${MOST_CENTROIDS} lists of as many numbers as its output has`,
  },
];

const MOST_PARTS = 8;

/** What the card of a fusion must have besides its name, version and licence. */
const FUSION: readonly Member[] = [
  {
    path: 'parts',
    check: (value) => Array.isArray(value) && value.length > 1 && value.length <= MOST_PARTS,
    expected: `2 to ${MOST_PARTS} embedders`,
  },
  {
    path: 'parts.*.model',
    check: (value) => text(value) && isFolder(value as string),
    expected: 'the name of an embedder',
  },
  { path: 'parts.*.weight', check: positive, expected: 'a number above 0' },
];

/** Where the files lie in an npm package. */
const PACKAGE: readonly Member[] = [
  { path: 'source.package', check: text, expected: 'the npm package of the files' },
  { path: 'source.packageVersion', check: text, expected: 'its version' },
];

/** Where an embedder was measured. */
const CALIBRATION: readonly Member[] = [
  { path: 'calibration.version', check: text, expected: 'a name' },
  { path: 'calibration.exponent', check: positive, expected: 'a number above 0' },
  {
    path: 'calibration.points',
    check: listOf(listOf(finite, 2)),
    expected: 'pairs [cosine, log10 FMR]',
  },
];

/** What not every calibration knows. */
const GAINS: readonly Member[] = [
  { path: 'calibration.gains', check: listOf(finite), expected: 'a number for each point' },
];

/**
 * Checks that a card has every member it needs, of the right kind.
 *
 * @throws OperatorError that names the first member that is missing or wrong, and what was expected.
 */
export function checkCard(
  path: string,
  card: {
    task: string;
    source?: { package?: string };
    calibration?: object;
    cohort?: object;
  },
): void {
  const shipped = card.source?.package !== undefined;
  const embedder = card.task === 'embedder';
  const members = [
    ...COMMON,
    ...(shipped ? PACKAGE : []),
    ...(embedder ? EMBEDDER : []),
    ...(embedder && card.cohort !== undefined ? COHORT : []),
    // An operator's own model may still have to be measured; what we ship has been.
    ...(embedder && (shipped || card.calibration !== undefined) ? CALIBRATION : []),
    ...gainsOf(card),
  ];
  requireMembers(path, card, members);
  if (embedder) requireLengths(path, card as unknown as EmbedderCard);
}

/** Whether everything that is put beside an embedding has as many numbers. */
function requireLengths(path: string, { centre, cohort, outputs }: EmbedderCard): void {
  const expected = outputs[0]?.length;
  const vectors = [
    ...(centre ? [['centre', centre] as const] : []),
    ...(cohort ? [['cohort.mean', cohort.mean] as const] : []),
    ...(cohort?.centroids.map((each, at) => [`cohort.centroids[${at}]`, each] as const) ?? []),
  ];
  for (const [name, { length }] of vectors)
    if (length !== expected)
      throw new OperatorError(
        `model card ${path}: ${name} has ${length} numbers, expected ${expected} as its output`,
      );
  const empty = vectors.find(
    ([name, numbers]) => name !== 'centre' && numbers.every((number) => number === 0),
  );
  if (empty)
    throw new OperatorError(`model card ${path}: ${empty[0]} is all zeros, expected a direction`);
}

/**
 * The same for the card of a fusion.
 *
 * @throws OperatorError as `checkCard` does.
 */
export function checkFusion(path: string, card: { calibration?: object }): void {
  const calibration = card.calibration === undefined ? [] : CALIBRATION;
  requireMembers(path, card, [...HEAD, ...FUSION, ...calibration, ...gainsOf(card)]);
}

const gainsOf = ({ calibration }: { calibration?: object }): readonly Member[] =>
  calibration && 'gains' in calibration ? GAINS : [];

function requireMembers(path: string, card: unknown, members: readonly Member[]): void {
  for (const { path: member, check, expected } of members)
    for (const { at, value } of valuesAt(card, member.split('.')))
      if (!check(value))
        throw new OperatorError(
          `model card ${path}: ${at} is ${value === undefined ? 'missing' : JSON.stringify(value)}, expected ${expected}`,
        );
}

/** The values a path leads to, each with where it stands; a missing parent is one missing value. */
function valuesAt(parent: unknown, path: readonly string[]): { at: string; value: unknown }[] {
  let found = [{ at: '', value: parent }];
  for (const step of path)
    found = found.flatMap(({ at, value }) => {
      if (step === '*')
        return (Array.isArray(value) ? value : []).map((item: unknown, index) => ({
          at: `${at}[${index}]`,
          value: item,
        }));
      // What is missing further up is named there.
      if (value === undefined) return [{ at, value }];
      return [{ at: at === '' ? step : `${at}.${step}`, value: memberOf(value, step) }];
    });
  return found;
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;

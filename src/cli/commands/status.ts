import { parseArgs } from 'node:util';
import { OperatorError } from '../../errors.js';
import type { Service } from '../client/service.js';
import { columns } from '../columns.js';
import { CONNECTION_OPTIONS, connect, operatorError } from '../connection.js';
import { processIo } from '../process-io.js';
import { jsonPieces } from '../python/json-writer.js';
import { str } from '../python/repr.js';
import { type Dict, isDict, isList, type Value } from '../python/value.js';

/** Collections that are shown; the rest is counted. */
const MOST_COLLECTIONS = 100;

/** Seconds after which a service that says nothing is taken not to answer. */
const PATIENCE = 10n;

/**
 * Asks the service over its API whether it answers and what it holds. Exit code 1 where it does not answer or says
 * that it is not ready.
 */
export async function status(args: readonly string[]): Promise<number> {
  const { values } = parse(args);
  const io = processIo();
  const service = await connect(values, io, { maxAttempts: 1, readTimeout: PATIENCE });
  try {
    const start = performance.now();
    const first = await service.call('ListCollections', new Map([['MaxResults', 100n]]));
    const milliseconds = performance.now() - start;
    const ids = textsOf(first.get('CollectionIds'));
    const collections: Dict[] = [];
    for (const id of ids.slice(0, MOST_COLLECTIONS)) {
      const details = await service.call('DescribeCollection', new Map([['CollectionId', id]]));
      collections.push(new Map<string, Value>([['CollectionId', id], ...details]));
    }
    const reasons = Object.entries(await service.notReady());
    const crops = reasons.length === 0 ? await cropsOf(service) : undefined;
    const report: Dict = new Map<string, Value>([
      ['Endpoint', service.endpoint],
      ['Ready', reasons.length === 0],
      ['NotReady', new Map(reasons)],
      ['Milliseconds', Math.round(milliseconds * 10) / 10],
      ['MoreCollections', first.has('NextToken')],
      ['Collections', collections],
      ...(crops ? [['FaceCrops', crops] as const] : []),
    ]);
    io.stdout.write(
      values.json ? `${[...jsonPieces(report)].join('')}\n` : text(report, collections),
    );
    for (const [part, reason] of reasons)
      io.stderr.write(`likeness: not ready: ${part}: ${reason}\n`);
    return reasons.length === 0 ? 0 : 1;
  } catch (error) {
    throw operatorError(error);
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { ...CONNECTION_OPTIONS, json: { type: 'boolean', default: false } },
    });
  } catch (cause) {
    throw new OperatorError((cause as Error).message, { cause });
  }
}

/** The crops of faces that are kept, in all collections; undefined where the service does not say. */
async function cropsOf(service: Service): Promise<Dict | undefined> {
  const crops = await service.metric('likeness_face_crops');
  const bytes = await service.metric('likeness_face_crop_bytes');
  return crops === undefined || bytes === undefined
    ? undefined
    : new Map([
        ['Count', crops],
        ['Bytes', bytes],
      ]);
}

const textsOf = (value: Value | undefined): string[] => (isList(value) ? value.map(str) : []);

const member = (dict: Dict, name: string): string => str(dict.get(name) ?? '');

function text(report: Dict, collections: readonly Dict[]): string {
  const head = `${member(report, 'Endpoint')} answers in ${member(report, 'Milliseconds')} ms\n`;
  if (collections.length === 0)
    return `${head}No collections yet: likeness create-collection --collection-id people\n`;
  const header = ['collection', 'faces', 'users', 'model', 'created'];
  const lines = collections.map((collection) =>
    ['CollectionId', 'FaceCount', 'UserCount', 'FaceModelVersion', 'CreationTimestamp'].map(
      (name) => member(collection, name),
    ),
  );
  const table = columns([header, ...lines]).join('\n');
  const more =
    report.get('MoreCollections') === true ? '\n… and more: likeness list-collections' : '';
  return `${head}\n${table}${more}\n${cropsText(report.get('FaceCrops'))}`;
}

function cropsText(crops: Value | undefined): string {
  if (!isDict(crops) || crops.get('Count') === 0) return '';
  const faces = crops.get('Count') === 1 ? '1 face' : `${member(crops, 'Count')} faces`;
  const megabytes = (Number(crops.get('Bytes')) / 1e6).toFixed(2);
  return `\nCrops of ${faces} are kept, encrypted: ${megabytes} MB\n`;
}

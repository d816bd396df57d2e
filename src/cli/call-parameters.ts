import type { Members, Shape } from '../model/shapes.js';
import { keyOf, type Parsed, type ParsedValue } from './arguments/argparse.js';
import type { OperationCommand, OperationOption } from './arguments/options.js';
import { loadValue, readMember } from './arguments/values.js';
import type { PagingOptions } from './client/pages.js';
import { CommandError, parameterError } from './errors.js';
import type { Io } from './io.js';
import { decodeBase64 } from './python/base64.js';
import { type Dict, isDict, isList, type Value } from './python/value.js';

/** What the options of an operation ask for. */
export interface Call {
  readonly parameters: Dict;
  /** Undefined: one request, as given. */
  readonly paging: PagingOptions | undefined;
  readonly skeleton: 'input' | 'output' | 'yaml-input' | undefined;
}

/**
 * Reads the options of an operation, in the order the AWS CLI does: members first, then the whole input
 * from JSON or YAML, whose values give way to options.
 */
export async function readCall(
  command: OperationCommand,
  parsed: Parsed,
  { io, paginate }: { io: Io; paginate: boolean },
): Promise<Call> {
  const given = (option: OperationOption): ParsedValue | undefined =>
    parsed.values.get(keyOf(option.argument));
  const pages = paginate && !handlesPages(command, parsed);
  if (!pages) refusePagingOptions(command, given);

  const parameters: Dict = new Map();
  const paging: { startingToken?: string; pageSize?: bigint; maxItems?: bigint } = {};
  const inputs: { format: 'json' | 'yaml'; value: Value }[] = [];
  for (const option of command.options) {
    const value = given(option);
    if (value === undefined) continue;
    const context = { option: option.argument.name, place: io };
    const loaded = loadValue(value, context);
    const { use } = option;
    if (use.kind === 'member') parameters.set(use.member, readMember(use.shape, loaded, context));
    if (use.kind === 'bytes') setBytes(parameters, use.member, loaded);
    if (use.kind === 'input') inputs.push({ format: use.format, value: loaded });
    if (use.kind !== 'paging') continue;
    if (use.setting === 'StartingToken') paging.startingToken = loaded as string;
    if (use.setting === 'PageSize') paging.pageSize = loaded as bigint;
    if (use.setting === 'MaxItems') {
      paging.maxItems = loaded as bigint;
      if (paging.maxItems <= 0n)
        io.stderr.write(
          'warning: Non-positive values for --max-items may result in undefined behavior.\n',
        );
    }
  }
  await addInputs(parameters, inputs);
  const manual = ['NextToken', 'MaxResults'].some((name) => parameters.has(name));
  // The AWS CLI then leaves its paging options among the parameters, where they are not known.
  const skeleton = parsed.values.get('generate-cli-skeleton') as Call['skeleton'];
  if ((manual || !pages || skeleton === 'output') && Object.keys(paging).length > 0)
    parameters.set('PaginationConfig', new Map());
  return {
    parameters,
    paging: command.paging && pages && !manual ? paging : undefined,
    skeleton,
  };
}

/** True where the user turns pages: then nothing does it for him. */
const handlesPages = ({ paging }: OperationCommand, { values }: Parsed): boolean =>
  paging !== undefined && (values.has('next-token') || values.has('max-results'));

function refusePagingOptions(
  { options }: OperationCommand,
  given: (option: OperationOption) => ParsedValue | undefined,
): void {
  const used = options
    .filter((option) => option.use.kind === 'paging' && isGiven(given(option)))
    .map(({ argument }) => argument.name);
  const order = ['--starting-token', '--page-size', '--max-items'];
  if (used.length > 0)
    throw parameterError(
      `Cannot specify --no-paginate along with pagination arguments: ${order.filter((name) => used.includes(name)).join(', ')}`,
    );
}

const isGiven = (value: ParsedValue | undefined): boolean =>
  value !== undefined && value !== '' && value !== 0n;

function setBytes(parameters: Dict, member: string, value: Value): void {
  const image = parameters.get(member);
  if (isDict(image) && image.size > 0) image.set('Bytes', value);
  else parameters.set(member, new Map([['Bytes', value]]));
}

async function addInputs(
  parameters: Dict,
  inputs: readonly { format: 'json' | 'yaml'; value: Value }[],
): Promise<void> {
  if (inputs.length > 1) throw parameterError('Only one --cli-input- parameter may be specified.');
  for (const { format, value } of inputs) {
    const { readInput } = await import('./arguments/input-file.js');
    for (const [key, item] of readInput(format, value as string | Uint8Array))
      if (!parameters.has(key)) parameters.set(key, item);
  }
}

/** Reads texts that stand for bytes as base64. Changes the parameters. */
export function decodeBlobs(value: Value, shape: Shape): Value {
  if (shape.kind === 'blob' && typeof value === 'string') return decodeBlob(value);
  if (shape.kind === 'list' && isList(value))
    return value.map((item) => decodeBlobs(item, shape.of));
  if (!isDict(value)) return value;
  if (shape.kind === 'map')
    for (const [key, item] of value) value.set(key, decodeBlobs(item, shape.value));
  const members: Members = shape.kind === 'structure' ? shape.members : {};
  for (const [name, { shape: inner }] of Object.entries(members)) {
    const item = value.get(name);
    if (item !== undefined) value.set(name, decodeBlobs(item, inner));
  }
  return value;
}

function decodeBlob(text: string): Uint8Array {
  if (/[^\p{ASCII}]/u.test(text))
    throw new CommandError('string argument should contain only ASCII characters');
  const bytes = decodeBase64(text);
  if (!bytes) throw new CommandError(`Invalid base64: "${text}"`);
  return bytes;
}

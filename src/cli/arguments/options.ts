import { OPERATIONS, type OperationName } from '../../model/operations.js';
import type { OperationModel, Shape } from '../../model/shapes.js';
import type { Argument } from './argparse.js';

export const OUTPUTS = ['json', 'text', 'table', 'yaml', 'yaml-stream', 'off'] as const;
export type OutputFormat = (typeof OUTPUTS)[number];

export const ERROR_FORMATS = ['legacy', 'json', 'yaml', 'text', 'table', 'enhanced'] as const;
export type ErrorFormat = (typeof ERROR_FORMATS)[number];

export interface DocumentedOption extends Argument {
  readonly help: string;
}

/** The options every client command takes, in the AWS CLI's order. */
export const GLOBAL_OPTIONS: readonly DocumentedOption[] = [
  { name: '--debug', count: 'none', present: true, help: 'Log what happens on standard error.' },
  { name: '--endpoint-url', help: 'The service to call, such as http://127.0.0.1:8642.' },
  {
    name: '--no-verify-ssl',
    key: 'verify-ssl',
    count: 'none',
    present: false,
    help: 'Do not verify TLS certificates.',
  },
  {
    name: '--no-paginate',
    key: 'paginate',
    count: 'none',
    present: false,
    help: 'Fetch one page only.',
  },
  { name: '--output', choices: OUTPUTS, help: `Format of the result: ${OUTPUTS.join(', ')}.` },
  { name: '--query', help: 'JMESPath expression that selects from the result.' },
  { name: '--profile', help: 'Profile of the AWS configuration files to use.' },
  { name: '--region', help: 'Region to sign for.' },
  { name: '--version', count: 'none', present: true, help: 'Print the version.' },
  { name: '--color', choices: ['on', 'off', 'auto'], help: 'Colour tables: on, off, auto.' },
  {
    name: '--no-sign-request',
    key: 'sign-request',
    count: 'none',
    present: false,
    help: 'Do not sign requests; no keys are needed.',
  },
  { name: '--ca-bundle', help: 'File with the certificate authorities to trust.' },
  {
    name: '--cli-read-timeout',
    help: 'Seconds to wait for data; 0 waits for ever. Default 60.',
  },
  {
    name: '--cli-connect-timeout',
    help: 'Seconds to wait for a connection; 0 waits for ever. Default 60.',
  },
  {
    name: '--cli-binary-format',
    choices: ['base64', 'raw-in-base64-out'],
    help: 'How bytes are written on the command line: base64, raw-in-base64-out.',
  },
  { name: '--no-cli-pager', count: 'none', present: true, help: 'Do not page the result.' },
  {
    name: '--cli-auto-prompt',
    count: 'none',
    present: true,
    help: 'Ask for what is missing (needs a terminal).',
  },
  {
    name: '--no-cli-auto-prompt',
    count: 'none',
    present: true,
    help: 'Never ask for what is missing.',
  },
  {
    name: '--cli-error-format',
    choices: ERROR_FORMATS,
    help: `How errors are shown: ${ERROR_FORMATS.join(', ')}.`,
  },
];

/** How a paged operation is paged. */
export interface Paging {
  /** Output members that are joined over the pages; the first one is counted by --max-items. */
  readonly results: readonly [string, ...string[]];
  /** Output members that are the same on every page. */
  readonly constant: readonly string[];
}

/** The operations the AWS CLI pages by itself; token and limit are NextToken and MaxResults in all of them. */
const PAGED: Partial<Record<OperationName, Paging>> = {
  ListCollections: { results: ['CollectionIds', 'FaceModelVersions'], constant: [] },
  ListFaces: { results: ['Faces'], constant: ['FaceModelVersion'] },
  ListUsers: { results: ['Users'], constant: [] },
};

/** One option of an operation and the member of the input it sets. */
export interface OperationOption {
  readonly argument: Argument;
  readonly use:
    | { readonly kind: 'member'; readonly member: string; readonly shape: Shape }
    /** Sets Bytes of the image in `member`. */
    | { readonly kind: 'bytes'; readonly member: string }
    | { readonly kind: 'paging'; readonly setting: 'StartingToken' | 'PageSize' | 'MaxItems' }
    | { readonly kind: 'input'; readonly format: 'json' | 'yaml' }
    | { readonly kind: 'skeleton' };
}

export interface OperationCommand {
  /** Such as `associate-faces`. */
  readonly verb: string;
  readonly name: OperationName;
  readonly model: OperationModel;
  readonly options: readonly OperationOption[];
  readonly paging: Paging | undefined;
}

/** `UserMatchThreshold` → `user-match-threshold`. */
export const kebab = (name: string): string =>
  name.replace(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase();

/** All operations by verb, in alphabetical order. */
export const OPERATION_VERBS: ReadonlyMap<string, OperationName> = new Map(
  (Object.keys(OPERATIONS) as OperationName[]).toSorted().map((name) => [kebab(name), name]),
);

/** The command of an operation, made from its model. */
export function operationCommand(name: OperationName): OperationCommand {
  const model: OperationModel = OPERATIONS[name];
  const paging = PAGED[name];
  const members = Object.entries(model.input.members);
  const images = members.filter(([, { shape }]) => holdsBytes(shape)).map(([member]) => member);
  const own = members.map(([member, { shape, required }]): OperationOption => {
    const hoisted = images.includes(member) || member === model.idempotencyToken;
    return {
      argument: {
        name: `--${kebab(member)}`,
        required: required && !hoisted,
        ...wordsOf(shape),
      },
      use: { kind: 'member', member, shape },
    };
  });
  const options = [
    ...own,
    ...images.map(bytesOption),
    ...INPUT_OPTIONS,
    ...(paging ? PAGING_OPTIONS : []),
    SKELETON_OPTION,
  ];
  return { verb: kebab(name), name, model, options, paging };
}

/** An image: a structure with bytes in it. */
const holdsBytes = (shape: Shape): boolean =>
  shape.kind === 'structure' && shape.members['Bytes']?.shape.kind === 'blob';

function wordsOf(shape: Shape): Pick<Argument, 'count' | 'type'> {
  if (shape.kind === 'list') return { count: 'many' };
  if (shape.kind === 'float') return { type: 'float' };
  return shape.kind === 'long' ? { type: 'int' } : {};
}

const bytesOption = (member: string): OperationOption => ({
  argument: { name: `--${kebab(member)}-bytes` },
  use: { kind: 'bytes', member },
});

const INPUT_OPTIONS: readonly OperationOption[] = [
  { argument: { name: '--cli-input-json' }, use: { kind: 'input', format: 'json' } },
  { argument: { name: '--cli-input-yaml' }, use: { kind: 'input', format: 'yaml' } },
];

const PAGING_OPTIONS: readonly OperationOption[] = [
  { argument: { name: '--starting-token' }, use: { kind: 'paging', setting: 'StartingToken' } },
  {
    argument: { name: '--page-size', type: 'int' },
    use: { kind: 'paging', setting: 'PageSize' },
  },
  {
    argument: { name: '--max-items', type: 'int' },
    use: { kind: 'paging', setting: 'MaxItems' },
  },
];

const SKELETON_OPTION: OperationOption = {
  argument: {
    name: '--generate-cli-skeleton',
    count: 'optional',
    present: 'input',
    choices: ['input', 'output', 'yaml-input'],
  },
  use: { kind: 'skeleton' },
};

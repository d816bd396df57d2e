import type { OperationName } from '../model/operations.js';
import type { Shape } from '../model/shapes.js';
import {
  GLOBAL_OPTIONS,
  OPERATION_VERBS,
  type OperationCommand,
  type OperationOption,
  operationCommand,
} from './arguments/options.js';
import { OPERATION_TEXTS } from './documentation.js';

const COLLECTION = '--collection-id people';
const PHOTO = '--image-bytes fileb://photo.jpg';
const FACE = '578e2e1b-d0b0-493c-aa39-ba476a421a34';
const ARN = 'arn:aws:rekognition:us-east-1:000000000000:collection/people';

/** One example of each, ready to paste but for names and ids. */
const EXAMPLES: Readonly<Record<OperationName, string>> = {
  CreateCollection: `${COLLECTION} --tags team=door`,
  DeleteCollection: COLLECTION,
  DescribeCollection: COLLECTION,
  ListCollections: '--query CollectionIds --output text',
  IndexFaces: `${COLLECTION} ${PHOTO} --max-faces 1 --external-image-id ada-1.jpg`,
  ListFaces: `${COLLECTION} --user-id ada --query 'Faces[].FaceId' --output text`,
  DeleteFaces: `${COLLECTION} --face-ids ${FACE}`,
  SearchFaces: `${COLLECTION} --face-id ${FACE} --face-match-threshold 90`,
  SearchFacesByImage: `${COLLECTION} ${PHOTO} --max-faces 5`,
  CreateUser: `${COLLECTION} --user-id ada`,
  DeleteUser: `${COLLECTION} --user-id ada`,
  ListUsers: `${COLLECTION} --output table`,
  AssociateFaces: `${COLLECTION} --user-id ada --face-ids ${FACE} --user-match-threshold 80`,
  DisassociateFaces: `${COLLECTION} --user-id ada --face-ids ${FACE}`,
  SearchUsers: `${COLLECTION} --face-id ${FACE} --max-users 3`,
  SearchUsersByImage: `${COLLECTION} ${PHOTO} --query 'UserMatches[0].User.UserId'`,
  DetectFaces: `${PHOTO} --attributes ALL`,
  CompareFaces: '--source-image-bytes fileb://passport.jpg --target-image-bytes fileb://door.jpg',
  TagResource: `--resource-arn ${ARN} --tags team=door,site=berlin`,
  UntagResource: `--resource-arn ${ARN} --tag-keys team`,
  ListTagsForResource: `--resource-arn ${ARN}`,
};

/** The help of an operation, by its verb; undefined for a verb nobody knows. */
export function operationHelp(verb: string): string | undefined {
  const name = OPERATION_VERBS.get(verb);
  if (name === undefined) return undefined;
  const command = operationCommand(name);
  const { summary } = OPERATION_TEXTS[name];
  const required = command.options.filter(({ argument }) => argument.required);
  const usage = [...required.map((option) => valueOf(option)), '[options]'].join(' ');
  return `${summary}

Usage: likeness ${verb} ${usage}

Options:
${table(command.options.map((option) => [valueOf(option), textOf(command, option)]))}

Options of all operations:
${table(GLOBAL_OPTIONS.map(({ name: option, help }) => [option, help]))}
  --strict-aws
      Assume nothing: without region and keys it is an error, as in the aws CLI (or LIKENESS_STRICT_AWS=1).

Example: likeness ${verb} ${EXAMPLES[name]}
`;
}

const table = (entries: readonly (readonly [string, string])[]): string =>
  entries.map(([name, text]) => `  ${name}${text === '' ? '' : `\n      ${text}`}`).join('\n');

function valueOf({ argument, use }: OperationOption): string {
  const value = use.kind === 'member' ? shapeOf(use.shape) : ' VALUE';
  return `${argument.name}${use.kind === 'skeleton' ? ' [input|yaml-input|output]' : value}`;
}

function shapeOf(shape: Shape): string {
  switch (shape.kind) {
    case 'list':
      return ' VALUE …';
    case 'map':
      return ' KEY=VALUE,KEY=VALUE';
    case 'structure':
      return ' S3Object={Bucket=BUCKET,Name=NAME}';
    case 'enum':
      return ` ${shape.values.join('|')}`;
    case 'integer':
    case 'long':
    case 'float':
      return ' NUMBER';
    case 'string':
    case 'boolean':
    case 'blob':
    case 'timestamp':
      break;
  }
  return ' VALUE';
}

function textOf({ name, model }: OperationCommand, { use, argument }: OperationOption): string {
  if (use.kind === 'member') {
    const fallback = model.defaults?.[use.member];
    const text = OPERATION_TEXTS[name].members[use.member]?.trim() ?? '';
    const notes = [
      argument.required ? 'Required.' : '',
      fallback === undefined ? '' : `Default ${JSON.stringify(fallback)}.`,
    ];
    return [text, ...notes].filter((part) => part !== '').join(' ');
  }
  if (use.kind === 'bytes')
    return 'The photo itself: fileb://photo.jpg for a file, else base64 text.';
  if (use.kind === 'input')
    return `All parameters at once, as ${use.format === 'json' ? 'JSON' : 'YAML'} or file://…; options win.`;
  if (use.kind === 'skeleton') return 'Print a skeleton of the input or output; calls nothing.';
  const texts = {
    StartingToken: 'Go on where a listing was cut: the NextToken it printed.',
    PageSize: 'Items to fetch with one call.',
    MaxItems: 'Items to print in all; prints a NextToken to go on with.',
  } as const;
  return texts[use.setting];
}

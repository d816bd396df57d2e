import {
  GLOBAL_OPTIONS,
  OPERATION_VERBS,
  type OperationCommand,
  type OperationOption,
  operationCommand,
} from '../../../src/cli/arguments/options.js';
import type { Shape } from '../../../src/model/shapes.js';
import { queryOf } from './queries.js';
import { repliesOf } from './replies.js';
import { Choices, type Trial } from './trial.js';
import { anyNumber, anyText, jsonOf, shorthandOf } from './values.js';

/** The trial of this number: the same every time. */
export function generateTrial(seed: number): Trial {
  const choices = new Choices(seed);
  const [verb, name] = choices.of([...OPERATION_VERBS]);
  const command = operationCommand(name);
  const files: Record<string, string> = {};
  const groups = [
    ...membersOf(command, choices, files),
    ...wholeInput(command, choices, files),
    ...pagingOf(command, choices),
    ...globalsOf(command, choices),
    ...(choices.chance(0.04) ? [strayWords(choices)] : []),
    ...(choices.chance(0.06) ? [skeletonOf(choices)] : []),
  ];
  const shuffled = choices.chance(0.5) ? choices.shuffled(groups) : groups;
  const before = choices.chance(0.1) ? globalsOf(command, choices).flat() : [];
  const argv = [
    'aws',
    'rekognition',
    ...before,
    choices.chance(0.02) ? choices.damaged(verb) : verb,
    ...shuffled.flat(),
    ...(argvHas(shuffled, '--endpoint-url') ? [] : ['--endpoint-url', '${HTTP}']),
  ];
  return {
    name: `generated ${seed}`,
    argv,
    env: { AWS_MAX_ATTEMPTS: '1', ...environmentOf(choices) },
    responses: repliesOf(command.model.output, { paged: command.paging !== undefined, choices }),
    files,
  };
}

const argvHas = (groups: readonly (readonly string[])[], option: string): boolean =>
  groups.some(([first]) => first?.startsWith(option.slice(0, -2)));

type Words = readonly string[];
type Files = Record<string, string>;

/** Options of the members of the input; required ones are seldom missing. */
function membersOf(command: OperationCommand, choices: Choices, files: Files): Words[] {
  const groups: Words[] = [];
  for (const { argument, use } of command.options) {
    if (use.kind !== 'member' && use.kind !== 'bytes') continue;
    const manualPaging = argument.name === '--next-token' || argument.name === '--max-results';
    const share = argument.required ? 0.96 : manualPaging ? 0.08 : use.kind === 'bytes' ? 0.6 : 0.4;
    if (!choices.chance(share)) continue;
    const times = choices.chance(0.05) ? 2 : 1;
    for (let i = 0; i < times; i++)
      groups.push(
        withName(
          abbreviated(argument.name, command, choices),
          wordsOf(use, choices, files),
          choices,
        ),
      );
  }
  return groups;
}

function withName(name: string, words: Words, choices: Choices): Words {
  const [only] = words;
  return words.length === 1 && choices.chance(0.12) ? [`${name}=${only}`] : [name, ...words];
}

/** The beginning of the option's name, sometimes so short that it is ambiguous. */
function abbreviated(name: string, { options }: OperationCommand, choices: Choices): string {
  if (!choices.chance(0.06)) return name;
  const short = name.slice(0, 4 + choices.below(name.length - 3));
  const names = [...options, ...GLOBAL_OPTIONS.map((argument) => ({ argument }))];
  // The AWS CLI on record has options that the one beside it lacks: both must see the same ambiguity.
  const newer = ['--cli-error-format'].some((option) => option.startsWith(short));
  return newer || names.length === 0 ? name : short;
}

function wordsOf(use: OperationOption['use'], choices: Choices, files: Files): Words {
  if (use.kind === 'bytes')
    return [
      choices.of([
        'aGVsbG8=',
        'fileb://a.png',
        'file://a.b64',
        'fileb://empty.bin',
        'aGVsbG8',
        'é',
        'file://a.png',
        '',
      ]),
    ];
  if (use.kind !== 'member') return [];
  const { shape } = use;
  if (choices.chance(0.03))
    return [choices.of(['file://none', 'fileb://.', 'file://in.json', 'fileb://a.png', 'file://'])];
  if (choices.chance(0.04)) return [fileOf(complexOf(shape, choices), files, choices)];
  if (shape.kind === 'list') return listWords(shape, choices);
  return [complexOf(shape, choices)];
}

function listWords(shape: Shape & { kind: 'list' }, choices: Choices): Words {
  if (choices.chance(0.25)) {
    const json = jsonOf(shape, choices);
    return [choices.chance(0.15) ? choices.damaged(json) : json];
  }
  return Array.from({ length: choices.below(4) }, () => scalarWord(shape.of, choices));
}

function complexOf(shape: Shape, choices: Choices): string {
  if (shape.kind !== 'structure' && shape.kind !== 'map' && shape.kind !== 'list')
    return scalarWord(shape, choices);
  const text =
    choices.chance(0.6) && shape.kind !== 'list'
      ? shorthandOf(shape, choices)
      : jsonOf(shape, choices);
  return choices.chance(0.2) ? choices.damaged(text) : text;
}

function scalarWord(shape: Shape, choices: Choices): string {
  if (shape.kind === 'enum' && choices.chance(0.8)) return choices.of(shape.values);
  if (shape.kind === 'float' || shape.kind === 'integer' || shape.kind === 'long')
    return choices.of([
      '1',
      '10',
      anyNumber(choices),
      ' 5 ',
      '1_000',
      'abc',
      '',
      '-3',
      'nan',
      '1.5',
      '+4',
      '٣',
    ]);
  return choices.chance(0.6) ? 'plain' : anyText(choices);
}

function fileOf(text: string, files: Files, choices: Choices): string {
  const name = `f${Object.keys(files).length}.txt`;
  files[name] = `${text}${choices.of(['', '\n', '\r\n'])}`;
  return `file://${name}`;
}

function wholeInput(command: OperationCommand, choices: Choices, files: Files): Words[] {
  if (!choices.chance(0.15)) return [];
  const yaml = choices.chance(0.5);
  let text = jsonOf(command.model.input, choices, 0.05);
  if (yaml && choices.chance(0.7)) text = yamlOf(command.model.input, choices);
  if (choices.chance(0.15)) text = choices.damaged(text);
  const value = choices.chance(0.3) ? fileOf(text, files, choices) : text;
  return [[yaml ? '--cli-input-yaml' : '--cli-input-json', value]];
}

/** Block style, texts as somebody might write them without thinking of quotes. */
function yamlOf(shape: Shape, choices: Choices): string {
  if (shape.kind !== 'structure') return '';
  return Object.entries(shape.members)
    .filter(([, { required }]) => choices.chance(required ? 0.9 : 0.4))
    .map(([name, { shape: inner }]) => `${name}: ${yamlValue(inner, choices)}`)
    .join('\n');
}

const yamlValue = (shape: Shape, choices: Choices): string =>
  shape.kind === 'list' && choices.chance(0.5)
    ? choices
        .many(3, () => `\n- ${choices.of(['a', 'yes', '1', '"x"', "'y'", '2024-01-01', '~'])}`)
        .join('')
    : shape.kind === 'blob'
      ? choices.of(['!!binary aGVsbG8=', 'aGVsbG8=', '!!binary "aGVsbG8"'])
      : choices.chance(0.5)
        ? jsonOf(shape, choices)
        : anyText(choices).replaceAll('\n', '\n  ');

function pagingOf({ paging }: OperationCommand, choices: Choices): Words[] {
  const number = (): string => choices.of(['1', '2', '3', '0', '-1', '100', 'x', '1.5', '']);
  const token = (): string =>
    choices.of([
      'token 0',
      Buffer.from('{"NextToken": "token 0", "boto_truncate_amount": 1}').toString('base64'),
      Buffer.from('{"NextToken": null, "boto_truncate_amount": 2}').toString('base64'),
      Buffer.from('[1]').toString('base64'),
      'a___1',
      'a___b___c',
      'None',
      '',
    ]);
  if (!paging) return choices.chance(0.02) ? [['--max-items', number()]] : [];
  return [
    ...(choices.chance(0.35) ? [['--max-items', number()]] : []),
    ...(choices.chance(0.2) ? [['--page-size', number()]] : []),
    ...(choices.chance(0.2) ? [['--starting-token', token()]] : []),
  ];
}

function globalsOf({ model }: OperationCommand, choices: Choices): Words[] {
  const some: Words[] = [];
  const maybe = (share: number, make: () => Words): void => {
    if (choices.chance(share)) some.push(make());
  };
  maybe(0.65, () => ['--output', choices.of(['json', 'text', 'table', 'yaml', 'yaml-stream'])]);
  maybe(0.35, () => ['--query', queryOf(model.output, choices)]);
  maybe(0.05, () => ['--region', choices.of(['eu-west-1', 'xx-foo-9', 'a b', '', '-a', '123'])]);
  maybe(0.05, () => ['--profile', choices.of(['alt', 'endp', 'nope', 'default', ''])]);
  maybe(0.05, () => ['--color', choices.of(['on', 'off', 'auto', 'x'])]);
  maybe(0.06, () => ['--no-paginate']);
  maybe(0.03, () => ['--no-sign-request']);
  maybe(0.04, () => ['--cli-binary-format', choices.of(['base64', 'raw-in-base64-out', 'x'])]);
  maybe(0.03, () => ['--cli-read-timeout', choices.of(['5', 'x', '0', '-1', '1.5'])]);
  maybe(0.03, () => ['--cli-connect-timeout', choices.of(['5', 'x', '0', '-1'])]);
  maybe(0.02, () => ['--no-cli-pager']);
  maybe(0.01, () => [
    '--endpoint-url',
    choices.of(['', 'x', '127.0.0.1:1', 'http://', '${HTTP}/a%20b?c=d']),
  ]);
  return some;
}

const strayWords = (choices: Choices): Words =>
  choices.of([['--bogus'], ['--bogus', '1'], ['extra'], ['--'], ['-x'], ['--no'], ['--cli'], ['']]);

const skeletonOf = (choices: Choices): Words => {
  const kind = choices.of(['', 'input', 'output', 'output', 'yaml-input', 'x']);
  return kind === '' ? ['--generate-cli-skeleton'] : ['--generate-cli-skeleton', kind];
};

function environmentOf(choices: Choices): Record<string, string> {
  return {
    ...(choices.chance(0.05) && { AWS_DEFAULT_OUTPUT: choices.of(['text', 'yaml', 'nope', '']) }),
    ...(choices.chance(0.04) && { AWS_REGION: choices.of(['eu-north-1', 'bad region']) }),
    ...(choices.chance(0.04) && { AWS_PROFILE: choices.of(['alt', 'nope', '']) }),
    ...(choices.chance(0.04) && { HOME: '${EMPTY_HOME}' }),
    ...(choices.chance(0.03) && { AWS_ACCESS_KEY_ID: choices.of(['AKIDEXAMPLE1234567', '']) }),
    ...(choices.chance(0.05) && { TZ: choices.of(['Asia/Kolkata', 'America/St_Johns']) }),
  };
}

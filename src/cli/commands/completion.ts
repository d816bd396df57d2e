import { OperatorError } from '../../errors.js';
import {
  GLOBAL_OPTIONS,
  OPERATION_VERBS,
  type OperationOption,
  operationCommand,
} from '../arguments/options.js';
import { OPERATOR_COMMANDS } from '../commands.js';
import { OPERATION_TEXTS } from '../documentation.js';

interface Word {
  readonly name: string;
  readonly help: string;
}

interface Option extends Word {
  readonly values?: readonly string[];
  /** How a value that is read from a file begins, where that is common. */
  readonly file?: 'file://' | 'fileb://';
}

interface Completable extends Word {
  readonly options: readonly Option[];
  /** Whether other words are paths. */
  readonly takesPaths: boolean;
  /** Words that may stand first, such as the names of shells. */
  readonly words: readonly string[];
}

const SHELLS = { bash, zsh, fish } as const;

/** Prints a completion script. It is made from the model and starts no process when completing. */
export async function completion([shell = '', ...rest]: readonly string[]): Promise<void> {
  if (!Object.hasOwn(SHELLS, shell) || rest.length > 0)
    throw new OperatorError('Usage: likeness completion bash|zsh|fish');
  process.stdout.write(SHELLS[shell as keyof typeof SHELLS](completables()));
}

function completables(): Completable[] {
  const global = GLOBAL_OPTIONS.map(({ name, help, choices }) => ({
    name,
    help,
    ...(choices && { values: choices }),
  }));
  const operations = [...OPERATION_VERBS].map(([verb, name]) => ({
    name: verb,
    help: OPERATION_TEXTS[name].summary,
    options: [...operationCommand(name).options.map(optionWord), ...global],
    takesPaths: false,
    words: [],
  }));
  const operator = Object.entries(OPERATOR_COMMANDS).map(([name, { summary, details, usage }]) => ({
    name,
    help: summary,
    options: [
      ...new Set([
        ...(usage.match(/--[a-z-]+/g) ?? []),
        ...details.flatMap((line) => line.match(/^--[a-z-]+/) ?? []),
      ]),
    ].map((option) => ({ name: option, help: '' })),
    takesPaths: /FOLDER|FILE/.test(usage),
    words: / ([a-z]+(?:\|[a-z]+)+)(?: |$)/.exec(usage)?.[1]?.split('|') ?? [],
  }));
  return [...operator, ...operations];
}

function optionWord({ argument, use }: OperationOption): Option {
  const shape = use.kind === 'member' ? use.shape : undefined;
  const of = shape?.kind === 'list' ? shape.of : shape;
  const values = of?.kind === 'enum' ? of.values : argument.choices;
  const file = use.kind === 'bytes' ? 'fileb://' : READ_FROM_FILES.has(kindOf(use)) && 'file://';
  return { name: argument.name, help: '', ...(values && { values }), ...(file && { file }) };
}

/** What is long enough to be kept in a file: whole inputs and structures. */
const READ_FROM_FILES: ReadonlySet<string> = new Set(['input', 'structure', 'list', 'map']);

const kindOf = (use: OperationOption['use']): string =>
  use.kind === 'member' ? use.shape.kind : use.kind;

const names = (words: readonly Word[]): string => words.map(({ name }) => name).join(' ');

function bash(commands: readonly Completable[]): string {
  const options = commands.map(
    ({ name, options: own }) => `    ${name}) words="${names(own)} --help" ;;`,
  );
  const values = new Map(
    commands.flatMap(({ options: own }) =>
      own.flatMap((option) => (option.values ? [[option.name, option.values] as const] : [])),
    ),
  );
  const first = commands.flatMap(({ name, words }) =>
    words.length > 0 ? [`    ${name}) words="${words.join(' ')}" ;;`] : [],
  );
  const choices = [...values].map(
    ([name, list]) =>
      `    ${name}) COMPREPLY=($(compgen -W "${list.join(' ')}" -- "$current")); return ;;`,
  );
  return `# bash completion for likeness
_likeness() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names(commands)} help --help --version" -- "$current"))
    return
  fi
  case "$previous" in
${choices.join('\n')}
  esac
  case "$previous$current" in
    # A colon separates words: file:// and fileb:// before a path.
    ://*) COMPREPLY=($(compgen -f -P // -- "\${current#//}")); return ;;
  esac
  case "$current" in
    -*)
      case "\${COMP_WORDS[1]}" in
${options.join('\n')}
      esac
      COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *)
      [ "$COMP_CWORD" -eq 2 ] && case "\${COMP_WORDS[1]}" in
${first.join('\n')}
      esac
      if [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$current"))
      else COMPREPLY=($(compgen -f -- "$current")); fi ;;
  esac
}
complete -o filenames -F _likeness likeness
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

function zsh(commands: readonly Completable[]): string {
  const list = commands.map(({ name, help }) => `    ${quoted(`${name}:${help}`)}`);
  const options = commands.map(({ name, options: own, takesPaths, words }) => {
    const specs = own.map(({ name: option, help, values }) =>
      quoted(
        `${option}[${help.replaceAll(/[[\]:]/g, ' ')}]:value:${values ? `(${values.join(' ')})` : '_likeness_value'}`,
      ),
    );
    const rest = [
      quoted('--help[what it does, its options and an example]'),
      ...(words.length > 0 ? [quoted(`1:word:(${words.join(' ')})`)] : []),
      ...(takesPaths ? [quoted('*:path:_files')] : []),
    ];
    return `      ${name}) _arguments ${[...specs, ...rest].join(' ')} ;;`;
  });
  return `#compdef likeness
_likeness_value() {
  compset -P 'file(b|)://'
  _files
}
_likeness() {
  local -a commands
  commands=(
${list.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    compadd -- help --help --version
  else
    local command=$words[2]
    shift words; (( CURRENT-- ))
    case $command in
${options.join('\n')}
    esac
  fi
}
compdef _likeness likeness
`;
}

function fish(commands: readonly Completable[]): string {
  const lines = commands.flatMap(({ name, help, options, takesPaths, words }) => [
    `complete -c likeness -n __fish_use_subcommand ${takesPaths ? '' : '-f '}-a ${name} -d ${quoted(help)}`,
    ...(words.length > 0
      ? [
          `complete -c likeness -n '__fish_seen_subcommand_from ${name}' -f -a ${quoted(words.join(' '))}`,
        ]
      : []),
    ...options.map(
      ({ name: option, help: text, values, file }) =>
        `complete -c likeness -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}${fishValues(values, file)}${text === '' ? '' : ` -d ${quoted(text)}`}`,
    ),
    `complete -c likeness -n '__fish_seen_subcommand_from ${name}' -l help`,
  ]);
  return `# fish completion for likeness
function __likeness_paths
  set -l word (commandline -ct)
  set -l prefix (string match -r '^fileb?://' -- $word; or echo $argv[1])
  for file in (__fish_complete_path (string replace -r '^fileb?://' '' -- $word))
    echo $prefix$file
  end
end
complete -c likeness -n __fish_use_subcommand -f -a help
complete -c likeness -n __fish_use_subcommand -l help
complete -c likeness -n __fish_use_subcommand -l version
${lines.join('\n')}
`;
}

function fishValues(values: Option['values'], file: Option['file']): string {
  if (values) return ` -x -a ${quoted(values.join(' '))}`;
  return file === undefined ? '' : ` -r -a '(__likeness_paths ${file})'`;
}

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

interface Completable extends Word {
  readonly options: readonly (Word & { readonly values?: readonly string[] })[];
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

function optionWord({ argument, use }: OperationOption): Completable['options'][number] {
  const shape = use.kind === 'member' ? use.shape : undefined;
  const of = shape?.kind === 'list' ? shape.of : shape;
  const values = of?.kind === 'enum' ? of.values : argument.choices;
  return { name: argument.name, help: '', ...(values && { values }) };
}

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
      ({ name: option, help: text, values }) =>
        `complete -c likeness -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}${values ? ` -x -a ${quoted(values.join(' '))}` : option.endsWith('-bytes') ? ` -r -a '(__likeness_paths)'` : ''}${text === '' ? '' : ` -d ${quoted(text)}`}`,
    ),
  ]);
  return `# fish completion for likeness
function __likeness_paths
  set -l path (string replace -r '^fileb?://' '' -- (commandline -ct))
  for file in (__fish_complete_path $path)
    echo fileb://$file
  end
end
${lines.join('\n')}
`;
}

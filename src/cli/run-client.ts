import { type Argument, type Parsed, parseArguments } from './arguments/argparse.js';
import {
  GLOBAL_OPTIONS,
  OPERATION_VERBS,
  type OperationCommand,
  OUTPUTS,
  type OutputFormat,
  operationCommand,
} from './arguments/options.js';
import { type Call, decodeBlobs, readCall } from './call-parameters.js';
import { PageReader } from './client/pages.js';
import { openService, type Service } from './client/service.js';
import { readSettings, type Settings } from './client/settings.js';
import { debugLog, type Log, noLog } from './debug-log.js';
import { CommandError, EXIT, parameterError, UnknownOptionsError } from './errors.js';
import { type GlobalOptions, readGlobalOptions } from './global-options.js';
import type { Io } from './io.js';
import { writeError } from './output/write-error.js';
import { type Result, type ResultOptions, writeResult } from './output/write-result.js';
import { repr, textRepr } from './python/repr.js';
import type { Dict } from './python/value.js';

/** How a client command is to behave besides its options. */
export interface ClientMode {
  /** Exactly as the AWS CLI: nothing is assumed of a service on this machine. */
  readonly strict: boolean;
  /** Prints the help of an operation for people. */
  readonly help: (command: OperationCommand) => Promise<void>;
  /** Asks for what is missing; undefined where there is nobody to ask. */
  readonly prompt?: (words: readonly string[]) => Promise<string[]>;
}

/** State an error report needs, filled as far as the command got. */
interface Progress {
  globals?: GlobalOptions;
  settings?: Settings;
  log?: Log;
}

/**
 * Runs one operation as `aws rekognition <words>` would: same options, requests, output, messages and
 * exit code, which is the result.
 */
export async function runClient(
  words: readonly string[],
  io: Io,
  mode: ClientMode,
): Promise<number> {
  const progress: Progress = {};
  try {
    return await run(words, { io, mode, progress });
  } catch (error) {
    // What Python would report of itself is reported of this program in the same way.
    const fault = error instanceof CommandError ? error : new CommandError(messageOf(error));
    if (error instanceof Error)
      progress.log?.('awscli.clidriver', `Exception caught in main()\n${error.stack}`);
    await report(fault, io, progress);
    return fault.exitCode;
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

async function report(fault: CommandError, io: Io, { globals, settings }: Progress): Promise<void> {
  const known = settings ?? settingsIfReadable(io, globals?.profile);
  const format =
    globals?.errorFormat ?? io.env['AWS_CLI_ERROR_FORMAT'] ?? known?.profile['cli_error_format'];
  const options = { query: globals?.query, ...colorOf(globals, io) };
  await writeError(fault, io, { format: format?.toLowerCase(), options });
}

function settingsIfReadable(io: Io, profile: string | undefined): Settings | undefined {
  try {
    return readSettings(io, profile);
  } catch {
    return undefined;
  }
}

interface Context {
  readonly io: Io;
  readonly mode: ClientMode;
  readonly progress: Progress;
}

async function run(words: readonly string[], context: Context): Promise<number> {
  const { io, mode, progress } = context;
  // A configuration file that cannot be read is told before anything else.
  readSettings(io);
  const line = await completed(words, context);
  const first = parseArguments(['rekognition', ...line], [...GLOBAL_OPTIONS, SERVICE]);
  if (first.values.get('version') === true) {
    const { versionText } = await import('./version.js');
    io.stdout.write(`${versionText()}\n`);
    return EXIT.done;
  }
  const globals = readGlobalOptions(first);
  progress.globals = globals;
  if (globals.debug) progress.log = await openLog(line, io);
  const { values, rest } = parseArguments(first.rest, [verbArgument()]);
  const name = OPERATION_VERBS.get(String(values.get('operation')));
  if (name === undefined) throw new TypeError('an operation without a model');
  const command = operationCommand(name);
  const parsed = parseOperation(rest, command);
  if (parsed === 'help') {
    await mode.help(command);
    return EXIT.done;
  }
  const call = await readCall(command, parsed, { io, paginate: globals.paginate });
  if (call.skeleton === 'input' || call.skeleton === 'yaml-input')
    return printInputSkeleton(command, call.skeleton, io);
  const settings = readSettings(io, globals.profile);
  progress.settings = settings;
  const { log = noLog } = progress;
  const service = await openService({ globals, settings, io, strict: mode.strict, log });
  const result = await resultOf(command, call, { service, globals, settings, io });
  await show(command, result, { globals, settings, io });
  return EXIT.done;
}

/** The log of `--debug`, which begins with what runs and what it was given. */
async function openLog(line: readonly string[], io: Io): Promise<Log> {
  const { versionText } = await import('./version.js');
  const log = debugLog(io);
  log('awscli.clidriver', `CLI version: ${versionText()}`);
  log('awscli.clidriver', `Arguments entered to CLI: ${repr(['rekognition', ...line])}`);
  return log;
}

/** The word that names the service in the AWS CLI: it takes part in how the line is split. */
const SERVICE: Argument = { name: 'command', required: true };

const verbArgument = (): Argument => ({
  name: 'operation',
  required: true,
  choices: [...OPERATION_VERBS.keys()],
});

/** The command line, completed by the user where that is asked for. */
async function completed(words: readonly string[], { io, mode }: Context): Promise<string[]> {
  const never = words.includes('--no-cli-auto-prompt');
  const always = words.includes('--cli-auto-prompt');
  if (never && always)
    throw parameterError(
      'Both --cli-auto-prompt and --no-cli-auto-prompt cannot be specified at the same time.',
    );
  const wanted = always || io.env['AWS_CLI_AUTO_PROMPT']?.startsWith('on');
  if (never || !wanted) return [...words];
  if (mode.prompt) return mode.prompt(words);
  if (!always) return [...words];
  throw new CommandError('--cli-auto-prompt needs a terminal to ask for what is missing.');
}

function parseOperation(words: readonly string[], command: OperationCommand): Parsed | 'help' {
  if (words.length === 1 && (words[0] === 'help' || words[0] === '--help')) return 'help';
  const relaxed = skipsRequired(words);
  const table = command.options.map(({ argument }) =>
    relaxed ? { ...argument, required: false } : argument,
  );
  const parsed = parseArguments(words, [...table, { name: 'help', count: 'optional' }]);
  const stray = parsed.values.get('help');
  if (stray === 'help') return 'help';
  const unknown = [...parsed.rest, ...(typeof stray === 'string' && stray !== '' ? [stray] : [])];
  if (unknown.length > 0)
    throw new UnknownOptionsError(`Unknown options: ${unknown.join(', ')}`, 'ParamValidation');
  return parsed;
}

/** A whole input from elsewhere, or a skeleton of one, makes no option required. */
function skipsRequired(words: readonly string[]): boolean {
  if (words.includes('--cli-input-json') || words.includes('--cli-input-yaml')) return true;
  const skeleton = words.indexOf('--generate-cli-skeleton');
  return skeleton >= 0 && words[skeleton + 1] !== 'output';
}

async function printInputSkeleton(
  command: OperationCommand,
  kind: 'input' | 'yaml-input',
  { stdout }: Io,
): Promise<number> {
  const { inputSkeleton, yamlInputSkeleton } = await import('./arguments/skeleton.js');
  if (kind === 'yaml-input') stdout.write(yamlInputSkeleton(command));
  else {
    const { jsonPieces } = await import('./python/json-writer.js');
    stdout.write(`${[...jsonPieces(inputSkeleton(command))].join('')}\n`);
  }
  return EXIT.done;
}

interface Doing {
  readonly globals: GlobalOptions;
  readonly settings: Settings;
  readonly io: Io;
}

async function resultOf(
  command: OperationCommand,
  { parameters, paging, skeleton }: Call,
  { service, globals, settings, io }: Doing & { service: Service },
): Promise<Result> {
  const { model, name } = command;
  const isBase64 = binaryFormatOf(globals, settings) === 'base64';
  const prepare = (given: Dict): Dict => {
    const prepared: Dict = new Map(given);
    if (isBase64) decodeBlobs(prepared, model.input);
    const token = model.idempotencyToken;
    if (token !== undefined && !prepared.has(token)) prepared.set(token, io.newToken());
    return prepared;
  };
  const call = (given: Dict): Promise<Dict> => service.call(name, prepare(given));
  if (skeleton === 'output') {
    const { outputSkeleton } = await import('./arguments/skeleton.js');
    service.check(name, prepare(parameters));
    return { kind: 'reply', value: outputSkeleton(command) };
  }
  if (command.paging && paging)
    return { kind: 'pages', pages: new PageReader(command.paging, call, parameters, paging) };
  return { kind: 'reply', value: await call(parameters) };
}

function binaryFormatOf({ binaryFormat }: GlobalOptions, { profile }: Settings): string {
  const format = binaryFormat ?? profile['cli_binary_format'] ?? 'base64';
  // Python's KeyError names the key alone.
  if (!BINARY_FORMATS.includes(format)) throw new CommandError(textRepr(format));
  return format;
}

const BINARY_FORMATS: readonly string[] = ['base64', 'raw-in-base64-out'];

async function show(
  command: OperationCommand,
  result: Result,
  { globals, settings, io }: Doing,
): Promise<void> {
  const { env, profile } = settings;
  const format = globals.output ?? env['AWS_DEFAULT_OUTPUT'] ?? profile['output'] ?? 'json';
  if (!isOutputFormat(format)) throw new CommandError(`Unknown output type: ${format}`);
  const options: ResultOptions = { query: globals.query, ...colorOf(globals, io) };
  const { stdout } = io;
  if (!stdout.terminal || !globals.pager || format === 'off')
    return writeResult(format, command.name, result, { output: stdout, options });
  const { openPager, pagerOf } = await import('./output/pager.js');
  const program = pagerOf(env, profile);
  if (program === undefined)
    return writeResult(format, command.name, result, { output: stdout, options });
  const pager = openPager(program, env);
  try {
    await writeResult(format, command.name, result, { output: pager.output, options });
  } finally {
    await pager.close();
  }
}

const isOutputFormat = (format: string): format is OutputFormat =>
  (OUTPUTS as readonly string[]).includes(format);

function colorOf(
  globals: GlobalOptions | undefined,
  { stdout }: Io,
): Pick<ResultOptions, 'color' | 'columns'> {
  const choice = globals?.color ?? 'auto';
  return {
    color: choice === 'on' || (choice === 'auto' && stdout.terminal),
    columns: stdout.columns,
  };
}

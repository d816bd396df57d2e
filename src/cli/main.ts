import { OperatorError } from '../errors.js';
import { OPERATOR_COMMANDS, type OperatorCommand } from './commands.js';
import { OutputError, standardError, standardOutput } from './output/stream.js';

/** The `likeness` program: an operation of the API, or a command of the operator. Resolves to the exit code. */
export async function main(words: readonly string[]): Promise<number> {
  try {
    return await runLine(words);
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    if (error.isBrokenPipe) return 0;
    standardError().write(`\nlikeness: [ERROR]: ${error.message}\n`);
    return UNWRITTEN;
  }
}

/** The exit code where version or help cannot be written, as the AWS CLI's. */
const UNWRITTEN = 255;

async function runLine(words: readonly string[]): Promise<number> {
  if (words.includes('--version')) return printVersion();
  const line = words[0] === 'rekognition' ? words.slice(1) : words;
  const [name, ...args] = line;
  const command = operatorCommand(name);
  if (command && name !== undefined) return runCommand(name, command, args);
  if (asksForHelp(line))
    return printHelp(line.find((word) => !word.startsWith('-') && word !== 'help'));
  return runOperation(line);
}

const operatorCommand = (name: string | undefined): OperatorCommand | undefined =>
  name !== undefined && Object.hasOwn(OPERATOR_COMMANDS, name)
    ? OPERATOR_COMMANDS[name]
    : undefined;

const asksForHelp = (words: readonly string[]): boolean =>
  words.length === 0 || words[0] === 'help' || words.includes('--help');

async function printVersion(): Promise<number> {
  const { versionText } = await import('./version.js');
  standardOutput().write(`${versionText()}\n`);
  return 0;
}

async function printHelp(name: string | undefined): Promise<number> {
  const { generalHelp, helpOn } = await import('./help.js');
  const text = name === undefined ? generalHelp() : await helpOn(name);
  if (text === undefined) return runOperation([name ?? '']);
  standardOutput().write(text);
  return 0;
}

async function runCommand(
  name: string,
  command: OperatorCommand,
  args: readonly string[],
): Promise<number> {
  if (args.includes('--help') || args[0] === 'help') return printHelp(name);
  endWhereOutputEnds();
  try {
    return (await command.run(args)) ?? 0;
  } catch (error) {
    const known = error instanceof OperatorError;
    const text = known ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`likeness: ${text}\n`);
    return 1;
  }
}

async function runOperation(words: readonly string[]): Promise<number> {
  const { runClient } = await import('./run-client.js');
  const { processIo } = await import('./process-io.js');
  const strict = words.includes('--strict-aws') || process.env['LIKENESS_STRICT_AWS'] === '1';
  const io = processIo();
  process.once('SIGINT', () => {
    io.stdout.write('\n');
    process.exit(INTERRUPTED);
  });
  return runClient(
    words.filter((word) => word !== '--strict-aws'),
    io,
    {
      strict,
      help: async ({ verb }) => void (await printHelp(verb)),
      ...(process.stdin.isTTY &&
        process.stderr.isTTY && {
          prompt: async (line) => (await import('./auto-prompt.js')).promptForMissing(line),
        }),
    },
  );
}

/** What the shell sees of a command that Ctrl-C ended. */
const INTERRUPTED = 130;

/**
 * The commands of the operator write to Node's stream, which tells later. Whoever reads from us may leave at any
 * time (`likeness keys list | head`); a full disk is an error.
 */
function endWhereOutputEnds(): void {
  process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
    const error = new OutputError(cause);
    if (error.isBrokenPipe) process.exit(0);
    standardError().write(`likeness: cannot write the output: ${error.message}\n`);
    process.exit(1);
  });
}

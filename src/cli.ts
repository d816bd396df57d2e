#!/usr/bin/env node
import { OperatorError } from './errors.js';

interface Command {
  summary: string;
  usage: string;
  run: (args: readonly string[]) => Promise<void>;
}

/** The commands of the `likeness` program. Each is loaded only when it is called. */
const COMMANDS: Readonly<Record<string, Command>> = {
  serve: {
    summary: 'Run the service (settings come from the environment, see README).',
    usage: 'likeness serve',
    run: async () => (await import('./cli/commands/serve.js')).serve(),
  },
  keys: {
    summary: 'Make, list, rotate and revoke access keys.',
    usage: 'likeness keys create|list|rotate|revoke …',
    run: async (args) => (await import('./cli/commands/keys.js')).keys(args),
  },
  demo: {
    summary: 'Show the whole job on real photos: faces, users, AssociateFaces, search.',
    usage: 'likeness demo [folder with one folder of photos per person]',
    run: async (args) => (await import('./cli/commands/demo.js')).demo(args),
  },
};

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(
    ([name, { summary, usage }]) =>
      `  ${name.padEnd(width)}  ${summary}\n  ${' '.repeat(width)}  ${usage}`,
  );
  return `likeness <command>\n\n${lines.join('\n')}\n`;
}

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined || name === '--help' || name === 'help') {
    process.stdout.write(help());
    return;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command)
    throw new OperatorError(`There is no command ${JSON.stringify(name)}.\n\n${help()}`);
  await command.run(args);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const text =
    error instanceof OperatorError
      ? error.message
      : error instanceof Error
        ? error.stack
        : String(error);
  process.stderr.write(`likeness: ${text}\n`);
  process.exitCode = 1;
}

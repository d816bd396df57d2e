import { createInterface } from 'node:readline/promises';
import { OPERATION_VERBS, operationCommand } from './arguments/options.js';
import { OPERATION_TEXTS } from './documentation.js';

/**
 * Asks at the terminal for the operation, if none is named, and for each required option that is not
 * given. Resolves to the whole command line, which is also shown, so that it can be used again.
 */
export async function promptForMissing(words: readonly string[]): Promise<string[]> {
  const line = words.filter((word) => word !== '--cli-auto-prompt');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    let verb = line.find((word) => OPERATION_VERBS.has(word));
    if (verb === undefined) {
      verb = (
        await terminal.question(`Operation (${[...OPERATION_VERBS.keys()].join(', ')}): `)
      ).trim();
      line.unshift(verb);
    }
    const name = OPERATION_VERBS.get(verb);
    if (name === undefined) return line;
    const { members } = OPERATION_TEXTS[name];
    for (const { argument, use } of operationCommand(name).options) {
      const given = line.some(
        (word) => word === argument.name || word.startsWith(`${argument.name}=`),
      );
      if (!argument.required || given || use.kind !== 'member') continue;
      process.stderr.write(`${members[use.member]?.trim() ?? ''}\n`);
      const answer = (await terminal.question(`${argument.name} `)).trim();
      line.push(argument.name, ...(argument.count === 'many' ? answer.split(/\s+/) : [answer]));
    }
  } finally {
    terminal.close();
  }
  process.stderr.write(`likeness ${line.map(quoted).join(' ')}\n`);
  return line;
}

/** As a shell takes it. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

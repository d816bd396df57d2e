import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { runClient } from '../../../src/cli/run-client.js';
import {
  environmentOf,
  type RecordedCase,
  type SentRequest,
  type Surroundings,
  substitute,
} from './cases.js';
import type { ScriptedServer } from './scripted-server.js';

export interface Outcome {
  readonly requests: readonly SentRequest[];
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface Stage {
  readonly place: Surroundings;
  readonly servers: readonly ScriptedServer[];
}

/** What running a case takes of it. */
export type Playable = Pick<RecordedCase, 'argv' | 'env' | 'responses'>;

type Ran = Omit<Outcome, 'requests'>;

/** Runs the command of a case in this process. */
export const runHere = (recorded: Playable, stage: Stage): Promise<Outcome> =>
  played(recorded, stage, async (words, env): Promise<Ran> => {
    let [stdout, stderr] = ['', ''];
    const exitCode = await runClient(
      words,
      {
        env,
        cwd: stage.place.files,
        stdout: { write: (text) => (stdout += text), terminal: false, columns: 80 },
        stderr: { write: (text) => (stderr += text), terminal: false, columns: 80 },
        newToken: () => '00000000-0000-4000-8000-000000000000',
        sleep: async () => undefined,
      },
      { strict: true, help: async () => undefined },
    );
    return { stdout, stderr, exitCode };
  });

const program = resolve(import.meta.dirname, '../../../dist/cli.js');

/** Runs the command of a case as a user would: a process of the compiled program. */
export const runProcess = (recorded: RecordedCase, stage: Stage): Promise<Outcome> =>
  played(recorded, stage, (words, env) => {
    const child = spawn(process.execPath, [program, ...words], {
      cwd: stage.place.files,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    return new Promise<Ran>((done) => {
      child.on('close', (exitCode) => done({ stdout, stderr, exitCode: exitCode ?? -1 }));
    });
  });

/** Plays the replies of a case to whatever runs its command. */
export async function played(
  recorded: Playable,
  { place, servers }: Stage,
  run: (words: readonly string[], env: Record<string, string>) => Promise<Ran>,
): Promise<Outcome> {
  for (const server of servers) server.play(recorded.responses);
  const words = recorded.argv.slice(2).map((word) => substitute(word, place));
  const ran = await run(words, environmentOf(recorded, place));
  const requests = servers.flatMap((server) => server.requests);
  return { ...ran, requests: requests.map(shortened), stderr: masked(ran.stderr) };
}

/** Our program's name as the AWS CLI's. */
const masked = (stderr: string): string =>
  stderr
    .replaceAll('likeness: [ERROR]', 'aws: [ERROR]')
    .replaceAll('usage: likeness', 'usage: aws')
    .replaceAll(/^ {2}likeness /gm, '  aws ');

/** Bodies of photos were recorded up to their beginning. */
const shortened = (request: SentRequest): SentRequest =>
  request.body.length > 5000
    ? { ...request, body: `${request.body.slice(0, 600)}...(${request.body.length} bytes)` }
    : request;

const TOKEN = /(\\?"ClientRequestToken\\?": \\?")[0-9a-f-]{36}/g;
export const withoutToken = (request: SentRequest): SentRequest => ({
  ...request,
  body: request.body.replace(TOKEN, '$1…'),
});

/** What differs between a case and what happened; empty: nothing. */
export function differences(recorded: RecordedCase, outcome: Outcome, place: Surroundings): string {
  const expected = {
    stdout: substitute(recorded.stdout, place),
    stderr: substitute(recorded.stderr, place),
    exitCode: recorded.exit_code,
    requests: recorded.requests.map(withoutToken),
  };
  const actual = { ...outcome, requests: outcome.requests.map(withoutToken) };
  return (['exitCode', 'stdout', 'stderr', 'requests'] as const)
    .filter((part) => JSON.stringify(expected[part]) !== JSON.stringify(actual[part]))
    .map(
      (part) =>
        `${part}\n  recorded ${JSON.stringify(expected[part])}\n  ours     ${JSON.stringify(actual[part])}`,
    )
    .join('\n');
}

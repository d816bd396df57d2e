import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

/** The program as it ships. */
export const CLI = resolve(import.meta.dirname, '../../dist/cli.js');

/** How a run of the program ended. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `likeness …` with these settings and nothing else but PATH in its environment. */
export const runLikeness = (
  settings: Readonly<Record<string, string | undefined>>,
  ...args: readonly string[]
): Promise<Ended> =>
  new Promise((done) => {
    const env = { PATH: process.env['PATH'], ...settings };
    execFile(process.execPath, [CLI, ...args], { env }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

/** Runs `likeness models …` over a models directory. */
export const runModels = (directory: string, ...args: readonly string[]): Promise<Ended> =>
  runLikeness({ LIKENESS_MODEL_DIRECTORY: directory }, 'models', ...args);

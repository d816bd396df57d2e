import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { dataPath } from '../../clients/programs.js';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** The AWS CLI installed on this machine, in one process that forks for each command. */
export class AwsCli {
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  private constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    this.#lines = lines;
  }

  static async start(python: string): Promise<AwsCli> {
    const child = spawn(python, [join(import.meta.dirname, 'aws-driver.py')], {
      env: {
        PATH: process.env['PATH'],
        AWS_DATA_PATH: dataPath,
        AWS_EC2_METADATA_DISABLED: 'true',
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout });
    await once(lines, 'line');
    return new AwsCli(child, lines);
  }

  async run(argv: readonly string[], env: Record<string, string>, cwd: string): Promise<Ran> {
    const answer = once(this.#lines, 'line');
    this.#child.stdin?.write(`${JSON.stringify({ argv, env, cwd })}\n`);
    return JSON.parse(String((await answer)[0])) as Ran;
  }

  async close(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.stdin?.end();
    await closed;
  }
}

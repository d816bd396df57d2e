import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { CommandError } from '../errors.js';
import type { Output } from '../io.js';

/** Standard output, or a program that shows it page by page. */
export interface Pager {
  readonly output: Pick<Output, 'write'>;
  /** Waits until the reader has seen everything. */
  close(): Promise<void>;
}

/**
 * Opens `command` (such as `less -R`) in front of the terminal with the first text that is written.
 * `LESS=FRX` unless set: short results stay on the screen.
 */
export function openPager(
  command: string,
  env: Readonly<Record<string, string | undefined>>,
): Pager {
  const [program = 'less', ...args] = command.trim().split(/\s+/);
  let failure: Error | undefined;
  let child: ReturnType<typeof start> | undefined;
  const start = () => {
    const started = spawn(program, args, {
      stdio: ['pipe', 'inherit', 'inherit'],
      env: { ...env, LESS: env['LESS'] ?? 'FRX' },
    });
    started.on('error', (error) => {
      failure = error;
    });
    // A reader who leaves early closes the pipe.
    started.stdin.on('error', () => undefined);
    return started;
  };
  return {
    output: {
      write: (text) => {
        child ??= start();
        child.stdin.write(text);
      },
    },
    close: async () => {
      if (!child) return;
      child.stdin.end();
      // From here on Ctrl-C is the reader's: it stops what the pager does, not the pager.
      process.removeAllListeners('SIGINT').on('SIGINT', () => undefined);
      if (child.exitCode === null && !failure) await once(child, 'close').catch(() => undefined);
      if (failure)
        throw new CommandError(
          `Unable to redirect output to pager. Received the following error when opening pager:\n${failure.message}\n\nSet another one with AWS_PAGER or turn it off with --no-cli-pager.`,
          'Pager',
          { cause: failure },
        );
    },
  };
}

/** The pager that is configured; undefined: none. */
export function pagerOf(
  env: Readonly<Record<string, string | undefined>>,
  profile: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const command = env['AWS_PAGER'] ?? profile['cli_pager'] ?? env['PAGER'] ?? 'less';
  return command === '' ? undefined : command;
}

import { open, readFile, rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { OperatorError } from '../../errors.js';

/**
 * Does something that only one process may do at a time. The lock of a process that died is taken over.
 *
 * @param what as it is named to the one who comes second.
 */
export async function withLock<T>(path: string, what: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    if (file) {
      try {
        await file.writeFile(String(process.pid));
      } finally {
        await file.close();
      }
      break;
    }
    const holder = await holderOf(path);
    if (holder > 0 && isAlive(holder))
      throw new OperatorError(`${what} is under way in process ${holder}`);
    await rm(path, { force: true });
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** 0 where nobody wrote a number: who holds it does so right after making it. */
async function holderOf(path: string): Promise<number> {
  for (let look = 0; look < 10; look++) {
    const holder = Number(await readFile(path, 'utf8').catch(() => ''));
    if (holder > 0) return holder;
    await wait(20);
  }
  return 0;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Io, Output } from './io.js';
import { runClient } from './run-client.js';

export async function main(words: readonly string[]): Promise<number> {
  const strict = words.includes('--strict-aws') || process.env['LIKENESS_STRICT_AWS'] === '1';
  return runClient(
    words.filter((word) => word !== '--strict-aws'),
    processIo(),
    { strict, version: 'likeness', help: async () => undefined },
  );
}
const outputOf = (stream: NodeJS.WriteStream): Output => ({
  write: (text) => void stream.write(text),
  terminal: stream.isTTY,
  columns: stream.columns ?? 80,
});
const processIo = (): Io => ({
  env: process.env,
  cwd: process.cwd(),
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  newToken: randomUUID,
  sleep: (ms) => wait(ms),
});

import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createReloading } from '../src/reloading.js';

/** A file and what follows it: its text must be a number. */
function following(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-reloading-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'file');
  writeFileSync(path, text);
  const events: string[] = [];
  let wake = (): void => undefined;
  const tell = (event: string): void => {
    events.push(event);
    wake();
  };
  const followed = createReloading({
    paths: [path],
    load: () => {
      const value = Number(readFileSync(path, 'utf8'));
      if (Number.isNaN(value)) throw new Error('not a number');
      return value;
    },
    onLoaded: (value) => tell(`loaded ${value}`),
    onBroken: (error) => tell(`broken: ${(error as Error).message}`),
    intervalMs: 5,
  });
  onTestFinished(() => followed.close());
  const next = async (): Promise<string | undefined> => {
    if (events.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return events.shift();
  };
  return { folder, path, followed, next };
}

describe('a value that follows a file', () => {
  it('is read again when the file is written, replaced, or swapped by a link', async () => {
    const { folder, path, followed, next } = following('1');
    expect(followed.current()).toBe(1);
    writeFileSync(path, '22');
    expect(await next()).toBe('loaded 22');
    expect(followed.current()).toBe(22);
    writeFileSync(join(folder, 'new'), '33');
    renameSync(join(folder, 'new'), path);
    expect(await next()).toBe('loaded 33');
    writeFileSync(join(folder, 'target'), '44');
    symlinkSync(join(folder, 'target'), join(folder, 'link'));
    renameSync(join(folder, 'link'), path);
    expect(await next()).toBe('loaded 44');
    expect(followed.current()).toBe(44);
  });

  it('stays what it was while the file is broken or gone, and recovers', async () => {
    const { path, followed, next } = following('1');
    writeFileSync(path, 'nonsense');
    expect(await next()).toBe('broken: not a number');
    rmSync(path);
    expect(await next()).toMatch(/^broken: ENOENT/);
    expect(followed.current()).toBe(1);
    writeFileSync(path, '55');
    expect(await next()).toBe('loaded 55');
    expect(followed.current()).toBe(55);
  });

  it('cannot begin with a broken file', () => {
    expect(() => following('nonsense')).toThrow('not a number');
  });
});

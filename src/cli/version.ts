import { readFileSync } from 'node:fs';
import { arch, platform, release } from 'node:os';

/** Such as `likeness/0.1.0 Node/20.20.2 linux/6.1.0 x64`. */
export function versionText(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return `likeness/${version} Node/${process.versions.node} ${platform()}/${release()} ${arch()}`;
}

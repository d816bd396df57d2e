import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const CANDIDATES = [
  process.env['CHROMIUM_PATH'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

const executable = CANDIDATES.find((path) => path !== '' && existsSync(path));

/** Why no page can be opened here, if so. */
export const withoutBrowser =
  executable === undefined
    ? ' (skipped: no chromium found; apt-get install chromium, or set CHROMIUM_PATH)'
    : '';

/** The machine's own browser, without a window. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: executable ?? '', args: ['--no-sandbox'] });

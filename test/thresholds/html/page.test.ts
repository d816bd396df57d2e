import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderHtml, renderSvgs } from '../../../src/thresholds/html/render-html.js';
import { openBrowser, withoutBrowser } from '../../support/browser.js';
import { sampleReport, sparseReport } from './sample-report.js';

interface Seen {
  overflow: number;
  /** Whatever reaches beyond the page, but for what scrolls by itself. */
  outside: string[];
  clippedText: string[];
  background: string;
  brokenImages: number;
  text: string;
}

/** Runs in the page. */
const LOOK = `(() => {
  for (const part of document.querySelectorAll('details')) part.open = true;
  const root = document.documentElement;
  const outside = [...document.querySelectorAll('main *')].filter(
    (part) => !part.closest('.scroll') && part.getBoundingClientRect().right > innerWidth + 1,
  );
  const clipped = [...document.querySelectorAll('svg text')].filter((text) => {
    const box = text.getBoundingClientRect();
    const frame = text.closest('svg').getBoundingClientRect();
    return box.right > frame.right + 1 || box.left < frame.left - 1;
  });
  return {
    overflow: root.scrollWidth - root.clientWidth,
    outside: outside.map((part) => part.outerHTML.slice(0, 80)),
    clippedText: clipped.map((text) => text.textContent),
    background: getComputedStyle(document.body || root).backgroundColor,
    brokenImages: [...document.images || []].filter((image) => !(image.complete && image.naturalWidth > 0)).length,
    text: root.textContent,
  };
})()`;

const COLOURS = `(() => {
  const style = getComputedStyle(document.documentElement);
  const names = ['ink', 'muted', 'accent', 'warn', 'bad', 'good', 'paper', 'sheet', 'warn-soft', 'accent-soft'];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue('--' + name)]));
})()`;

const PAGES = {
  'one run': () => renderHtml([sampleReport()]),
  'several runs': () =>
    renderHtml([
      sampleReport(),
      sampleReport({ label: `run-with-a-name-${'long'.repeat(30)}`, worse: 2 }),
      sampleReport({ label: 'third', worse: 4 }),
    ]),
  'scores of which little can be told': () => renderHtml([sparseReport()]),
} as const;

describe.skipIf(withoutBrowser !== '')(`the report in a browser${withoutBrowser}`, () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    browser = await openBrowser();
    folder = mkdtempSync(join(tmpdir(), 'likeness-report-'));
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens a file and gives what a reader would notice. */
  async function look(path: string, width: number, colorScheme: 'light' | 'dark') {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const url = pathToFileURL(path).href;
    const noticed: string[] = [];
    page.on('console', (message) => noticed.push(message.text()));
    page.on('pageerror', (error) => noticed.push(error.message));
    page.on('request', (request) => {
      if (request.url() !== url && !request.url().startsWith('data:')) noticed.push(request.url());
    });
    await page.goto(url);
    const seen = await page.evaluate<Seen>(LOOK);
    await page.close();
    return { ...seen, noticed };
  }

  describe.each(Object.keys(PAGES) as (keyof typeof PAGES)[])('%s', (name) => {
    it.each([390, 1280])(
      'fits %i pixels in both themes, quietly and from one file',
      async (width) => {
        const path = join(folder, `${name.replaceAll(' ', '-')}.html`);
        writeFileSync(path, PAGES[name]());
        const [light, dark] = [await look(path, width, 'light'), await look(path, width, 'dark')];
        for (const seen of [light, dark])
          expect(seen).toMatchObject({
            noticed: [],
            overflow: 0,
            outside: [],
            clippedText: [],
            brokenImages: 0,
          });
        expect(light.background).toBe('rgb(246, 247, 249)');
        expect(dark.background).toBe('rgb(11, 15, 20)');
        expect(light.text).toContain(
          name.startsWith('scores') ? 'scores.csv' : 'photos/<door> & "gate"',
        );
      },
    );
  });

  it('draws each chart as a file of its own', async () => {
    const files = renderSvgs([sampleReport()]);
    expect(files.map(({ file }) => file)).toEqual([
      'error-rates.svg',
      'scores.svg',
      'det.svg',
      'roc.svg',
      'search-errors.svg',
      'gallery-size.svg',
      'cmc.svg',
      'association-false-acceptance.svg',
      'association-false-rejection.svg',
      'quality.svg',
    ]);
    const [first] = files;
    const path = join(folder, first!.file);
    writeFileSync(path, first!.content);
    expect((await look(path, 800, 'dark')).noticed).toEqual([]);
  });

  it('has text that can be read: contrast of at least 4.5 in both themes', async () => {
    const path = join(folder, 'contrast.html');
    writeFileSync(path, PAGES['one run']());
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ colorScheme });
      await page.goto(pathToFileURL(path).href);
      const colours = await page.evaluate<Record<string, string>>(COLOURS);
      await page.close();
      for (const [text, ground] of [
        ['ink', 'paper'],
        ['ink', 'accent-soft'],
        ['ink', 'warn-soft'],
        ['muted', 'paper'],
        ['muted', 'sheet'],
        ['muted', 'accent-soft'],
        ['accent', 'paper'],
        ['accent', 'accent-soft'],
        ['warn', 'warn-soft'],
        ['bad', 'paper'],
        ['good', 'paper'],
      ] as const)
        expect([
          colorScheme,
          text,
          ground,
          contrast(colours[text]!, colours[ground]!) >= 4.5,
        ]).toEqual([colorScheme, text, ground, true]);
    }
  });
});

/** WCAG 2 contrast of two hex colours. */
function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex: string): number {
  const digits = hex.slice(1);
  const channels =
    digits.length === 3 ? Array.from(digits, (digit) => digit + digit) : digits.match(/../g)!;
  const [red = 0, green = 0, blue = 0] = channels.map((channel) => {
    const value = Number.parseInt(channel, 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

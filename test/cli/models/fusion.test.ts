import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runLikeness } from '../../support/likeness.js';

const directory = mkdtempSync(join(tmpdir(), 'likeness-pull-fusion-'));
afterAll(() => rmSync(directory, { recursive: true }));

// A proxy that is not there: nothing may be asked for.
const settings = { LIKENESS_MODEL_DIRECTORY: directory, https_proxy: 'http://127.0.0.1:1' };
const run = (...args: string[]) => runLikeness(settings, 'models', ...args);

describe('the fusion dlib-faceres', () => {
  it('is had only by who accepts its licence, out of the installed packages', async () => {
    const refused = await run('pull', 'dlib-faceres');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/dlib-faceres is not free for every use: .*VGGFace2/);
    expect(readdirSync(directory)).toEqual([]);
    const pulled = await run('pull', 'dlib-faceres', '--accept-license');
    expect(pulled).toMatchObject({ code: 0, stderr: '' });
    expect(pulled.stdout).toContain('VGGFace2');
    expect(pulled.stdout).toContain(
      'dlib-faceres: 1152 numbers from dlib-cohort and faceres, checked and recorded.\nUse it',
    );
    expect((await run('verify', 'dlib-faceres')).stdout).toMatch(
      /^ok {5}dlib-faceres: 4 checksums agree, tfjs-wasm gives the recorded numbers/,
    );
    const listed = (await run('list')).stdout;
    expect(listed).toMatch(
      /dlib-faceres-d597d0be1b7b +8\.2 +1152 +fusion .*research-only photos +lfw-2/,
    );
    const card = JSON.parse(
      readFileSync(join(directory, 'dlib-faceres', 'card.json'), 'utf8'),
    ) as object;
    expect(card).toMatchObject({
      licence: { text: expect.stringContaining('VGGFace2') as string },
    });
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { portrait } from '../support/photos.js';
import { findProgram, missing, runClient } from './programs.js';

const python = findProgram(['/usr/bin/python3', 'python3'], ['-c', 'import boto3']);
const why = missing(python, 'boto3');

describe.skipIf(why !== '')(`boto3${why}`, () => {
  it('does the main job, pages through lists and raises the modelled exceptions', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'likeness-boto3-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    for (const person of ['anna', 'annaElsewhere', 'clara'] as const)
      await writeFile(join(folder, `${person}.jpg`), await portrait(person));
    const script = resolve(import.meta.dirname, 'main_job.py');
    const { code, stdout, stderr } = await runClient(python ?? '', [
      script,
      inject('endpoint'),
      folder,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      first: { associated: 1, status: 'ACTIVE' },
      second: { associated: 1, refused: ['LOW_MATCH_CONFIDENCE'] },
      found: 'anna',
      created: 'datetime',
      pages: [1, 1, 1],
      missing: 'The user id: ghost does not exist',
      duplicate: 'ResourceAlreadyExistsException',
      validation: 'ValidationException',
    });
  });
});

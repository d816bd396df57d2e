import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DetectFacesCommand } from '@aws-sdk/client-rekognition';
import { describe, expect, it } from 'vitest';
import { SETTINGS } from '../src/config.js';
import { DEFAULTS } from '../src/domain/limits.js';
import { faceDetail } from '../src/model/face-details.js';
import { OPERATIONS } from '../src/model/operations.js';
import type { OperationModel, Shape } from '../src/model/shapes.js';
import { quotaExceeded, userExists, userMissing } from '../src/store/refusals.js';
import { sharedClient } from './support/api.js';
import { portrait } from './support/photos.js';

const root = resolve(import.meta.dirname, '..');
const page = readFileSync(resolve(root, 'docs/differences.md'), 'utf8');
const between = (name: string): string =>
  new RegExp(`<!-- ${name} -->([\\s\\S]*?)<!-- /${name} -->`).exec(page)?.[1]?.trim() ?? '';

const client = sharedClient();

describe('the page of differences', () => {
  it('names the values that replies add to the published ones', () => {
    const own = new Set<string>();
    const collect = (shape: Shape): void => {
      if (shape.kind === 'enum') for (const value of shape.own) own.add(value);
      if (shape.kind === 'list') collect(shape.of);
      if (shape.kind === 'structure')
        for (const member of Object.values(shape.members)) collect(member.shape);
    };
    for (const { output } of Object.values<OperationModel>(OPERATIONS)) collect(output);
    expect(own.size).toBeGreaterThan(0);
    expect([...own].filter((value) => !page.includes(`\`${value}\``))).toEqual([]);
  });

  it('names exactly the members of a face that nothing here backs', async () => {
    const Image = { Bytes: await portrait('anna') };
    const { FaceDetails } = await client.send(
      new DetectFacesCommand({ Image, Attributes: ['ALL'] }),
    );
    const [face = {}] = FaceDetails ?? [];
    const missing = Object.keys(faceDetail.members).filter(
      (name) => (face as Record<string, unknown>)[name] === undefined,
    );
    expect(between('left out')).toBe(missing.map((name) => `\`${name}\``).join(', '));
  });

  it('has the numbers of items a reply holds', () => {
    const { listFaces, listUsers, listCollections, maxFaces, maxUsers } = DEFAULTS;
    expect(maxFaces).toBe(maxUsers);
    expect(between('defaults')).toBe(
      `ListFaces ${listFaces}, ListUsers ${listUsers}, ListCollections ${listCollections}, searches ${maxFaces}`,
    );
  });

  it('names only settings that exist', () => {
    const known = new Set(Object.values(SETTINGS).flatMap(({ env }) => [...env]));
    const named = page.match(/LIKENESS_[A-Z0-9_]+/g) ?? [];
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('has the texts that are ours', () => {
    const rows = [userMissing('X'), userExists('X'), quotaExceeded('X', 7)].map(
      ({ code, message }) => `| ${code} | \`${message.replace('7', 'N')}\` |`,
    );
    expect(between('texts')).toBe(['| error | text |', '|---|---|', ...rows].join('\n'));
  });

  it('gives a reason for every row where AWS is known to do otherwise', () => {
    const rows = page.split('\n').filter((line) => /^\| (?!point|error|---)/.test(line));
    const bare = rows
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .filter((cells) => cells.length === 6 && cells[4] === '' && cells[2] !== 'not documented');
    expect(rows.length).toBeGreaterThan(20);
    expect(bare).toEqual([]);
  });

  it('is where the README says it is', () => {
    expect(readFileSync(resolve(root, 'README.md'), 'utf8')).toContain('(docs/differences.md)');
  });
});

const service = resolve(
  root,
  '../shared/contract/botocore-data/rekognition/2016-06-27/service-2.json',
);
const present = existsSync(service);

it.skipIf(!present)(
  `counts the operations of the published service${present ? '' : ` (skipped: ${service} is not there)`}`,
  () => {
    const { operations } = JSON.parse(readFileSync(service, 'utf8')) as { operations: object };
    const all = Object.keys(operations);
    const ours = Object.keys(OPERATIONS);
    expect(page).toContain(
      `| operations | ${all.length} | ${ours.length}: collections, faces, users, tags, DetectFaces, CompareFaces. The other ${all.length - ours.length} are`,
    );
    // Whatever the page calls an operation is one.
    const named = page.match(/\b(?:List|Search|Create|Detect|Compare|Index)[A-Z]\w+/g) ?? [];
    expect(named.filter((name) => !all.includes(name))).toEqual([]);
  },
);

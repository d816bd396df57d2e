import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram, missing } from '../clients/programs.js';
import { disagreement } from './differential/agreement.js';
import { AwsCli } from './differential/aws-cli.js';
import { generateTrial } from './differential/generate.js';
import { SHOWN } from './differential/shown.js';
import type { Trial } from './differential/trial.js';
import { WRITTEN } from './differential/written.js';
import { layOut, present, type Surroundings, substitute } from './recorded/cases.js';
import { CERTIFICATE } from './recorded/certificate.js';
import { played, runHere } from './recorded/run-case.js';
import { type ScriptedServer, startScriptedServer } from './recorded/scripted-server.js';

/**
 * How many generated commands, and the first one's number; all written ones take part from a hundred on, a sample
 * of them below: `LIKENESS_COMMANDS=2000 LIKENESS_SEED=5000 npm test -- differential`.
 */
const COUNT = Number(process.env['LIKENESS_COMMANDS'] ?? 20);
const FIRST = Number(process.env['LIKENESS_SEED'] ?? 1);
const sampled = (trials: readonly Trial[], share: number): Trial[] =>
  trials.filter((_, index) => COUNT >= 100 || index % share === FIRST % share);
const written = sampled(WRITTEN, 5);
const shown = sampled(SHOWN, 11);

const python = findProgram(['/usr/bin/python3', 'python3'], ['-c', 'import awscli.botocore']);
const why = present ? missing(python, 'the aws CLI') : ' (skipped: the recorded home is not there)';

describe.skipIf(why !== '')(`beside the AWS CLI on this machine${why}`, () => {
  let servers: ScriptedServer[];
  let place: Surroundings;
  let aws: AwsCli;

  beforeAll(async () => {
    servers = [await startScriptedServer(false), await startScriptedServer(true)];
    const [http, https] = servers.map(({ url }) => url);
    place = await layOut({ http: http ?? '', https: https ?? '' }, CERTIFICATE);
    aws = await AwsCli.start(python ?? '');
  });
  afterAll(async () => {
    await aws.close();
    await Promise.all(servers.map((server) => server.close()));
  });

  async function compare(trial: Trial): Promise<string> {
    for (const [name, text] of Object.entries(trial.files ?? {}))
      writeFileSync(join(place.files, name), substitute(text, place));
    const stage = { place, servers };
    const theirs = await played(trial, stage, (words, env) =>
      aws.run(['rekognition', ...words], env, place.files),
    );
    return disagreement(theirs, await runHere(trial, stage));
  }

  async function differencesOf(trials: Iterable<Trial>): Promise<string> {
    const found: string[] = [];
    for (const trial of trials) {
      const difference = await compare(trial);
      if (difference !== '') found.push(`${described(trial)}\n${difference}`);
    }
    return found.join('\n\n');
  }

  it(
    `does the same with ${COUNT} generated commands from number ${FIRST}`,
    async () => {
      const numbers = Array.from({ length: COUNT }, (_, index) => FIRST + index);
      expect(await differencesOf(numbers.map(generateTrial))).toBe('');
    },
    timeoutOf(COUNT),
  );

  it(
    'does the same with configuration files, credentials and endpoints',
    async () => {
      expect(await differencesOf(written)).toBe('');
    },
    timeoutOf(written.length),
  );

  it(
    'shows the same in every format, and of pages, queries and skeletons',
    async () => {
      expect(await differencesOf(shown)).toBe('');
    },
    timeoutOf(shown.length),
  );
});

/** A command takes the AWS CLI half a second; milliseconds. */
const timeoutOf = (count: number): number => 60_000 + count * 5_000;

const described = ({ name, argv, env, files, responses }: Trial): string =>
  `${name}: ${JSON.stringify({ line: argv.slice(2), env, files, responses })}`;

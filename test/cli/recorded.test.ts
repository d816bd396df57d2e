import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FOLDER, layOut, present, readCases, type Surroundings } from './recorded/cases.js';
import { CERTIFICATE } from './recorded/certificate.js';
import { differences, runHere, runProcess } from './recorded/run-case.js';
import { type ScriptedServer, startScriptedServer } from './recorded/scripted-server.js';

/** Cases that differ, each with the reason. */
const KNOWN: Readonly<Record<string, string>> = {};

const cases = readCases();
/** Every so many cases run in a process of their own, as do those with a time zone of their own. */
const PROCESS_EVERY = 20;

describe.skipIf(!present)(
  `the recorded commands of the AWS CLI${present ? '' : ` (skipped: ${FOLDER} is not there)`}`,
  () => {
    let servers: ScriptedServer[];
    let place: Surroundings;

    beforeAll(async () => {
      servers = [await startScriptedServer(false), await startScriptedServer(true)];
      const [http, https] = servers.map(({ url }) => url);
      place = await layOut({ http: http ?? '', https: https ?? '' }, CERTIFICATE);
    });
    afterAll(async () => {
      await Promise.all(servers.map((server) => server.close()));
    });

    it('agree to the byte', async () => {
      const differing: Record<string, string> = {};
      for (const [index, recorded] of cases.entries()) {
        const own = 'TZ' in recorded.env || index % PROCESS_EVERY === 0;
        const outcome = await (own ? runProcess : runHere)(recorded, { place, servers });
        const difference = differences(recorded, outcome, place);
        if (difference !== '') differing[recorded.name] = difference;
      }
      const agreeing = cases.length - Object.keys(differing).length;
      const share = ((100 * agreeing) / cases.length).toFixed(1);
      process.stderr.write(
        `${agreeing} of ${cases.length} recorded commands agree to the byte (${share} %)\n`,
      );
      const unknown = Object.entries(differing).filter(([name]) => !(name in KNOWN));
      expect(unknown.map(([name, difference]) => `${name}: ${difference}`).join('\n\n')).toBe('');
      expect(Object.keys(differing).toSorted()).toEqual(Object.keys(KNOWN).toSorted());
      expect(agreeing / cases.length).toBeGreaterThanOrEqual(0.98);
    }, 240_000);
  },
);

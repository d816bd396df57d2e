import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATIONS, type OperationName } from '../../src/model/operations.js';
import type { OperationModel } from '../../src/model/shapes.js';
import { certificateFolder, createAuthority, withoutOpenssl } from '../support/certificates.js';
import { type Environment, startService, stopService, withKeys } from '../support/service.js';
import { type ApiClient, CLIENTS, type Reach } from './api-client.js';
import { wrongErrors } from './declared-errors.js';
import { clientTable, notePass, type Results } from './results.js';
import { clientScenario } from './scenario.js';
import { SMALL_QUOTAS } from './stage.js';

const results: Results = {};

interface Mode {
  name: string;
  signed: boolean;
  /** Settings of the service, and what its clients have to know. */
  prepare: () => { environment: Environment; ca?: string; remove?: () => void };
}

/** The two ways people run it: on their own machine as it comes, and for others with keys and certificates. */
const MODES: readonly Mode[] = [
  { name: 'http, unsigned', signed: false, prepare: () => ({ environment: {} }) },
  {
    name: 'https, signed',
    signed: true,
    prepare: () => {
      const { folder, remove } = certificateFolder();
      const authority = createAuthority(folder, 'authority');
      const { certificate, key } = authority.issue('service');
      return {
        environment: { LIKENESS_TLS_CERTIFICATE: certificate, LIKENESS_TLS_KEY: key },
        ca: authority.certificate,
        remove,
      };
    },
  },
];

/** A service of its own for one mode; gone after the block. */
function useService({ signed, prepare }: Mode): () => Reach {
  let reach: Reach;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const { environment, ca, remove } = prepare();
    const data = await mkdtemp(join(tmpdir(), 'likeness-clients-'));
    const keys = signed ? withKeys(data) : { LIKENESS_DATA: data, LIKENESS_LOG_LEVEL: 'warn' };
    const service = await startService({ ...keys, ...SMALL_QUOTAS, ...environment });
    reach = { endpoint: service.endpoint, signed, ...(ca !== undefined && { ca }) };
    close = async () => {
      await stopService(service);
      await rm(data, { recursive: true, force: true });
      remove?.();
    };
  });
  afterAll(() => close());
  return () => reach;
}

describe.skipIf(withoutOpenssl !== '').each(MODES)(`over $name${withoutOpenssl}`, (mode) => {
  const reach = useService(mode);
  for (const { name, absent, open } of CLIENTS)
    describe.skipIf(absent !== '')(`through ${name}${absent}`, () => {
      let client: ApiClient;
      beforeAll(() => {
        client = open(reach());
      });
      afterAll(() => client.close());
      clientScenario({
        client: () => client,
        hasClasses: name !== 'AWS CLI',
        passed: (operation, errors) =>
          notePass(results, { operation, client: name }, { mode: mode.name, errors }),
      });
    });
});

describe.each(CLIENTS)('every declared error of every operation$absent', (kind) => {
  it.skipIf(kind.absent !== '')(`reaches ${kind.name} with its name and text`, async () => {
    const wrong = await wrongErrors(kind, (operation, errors) =>
      notePass(results, { operation, client: kind.name }, { errors }),
    );
    expect(wrong).toEqual([]);
  });
});

const whole = withoutOpenssl === '' && CLIENTS.every(({ absent }) => absent === '');

it.skipIf(!whole)('the README shows what passed', async () => {
  const table = clientTable(results, {
    operations: Object.keys(OPERATIONS),
    clients: CLIENTS.map(({ name }) => name),
    modes: MODES.map(({ name }) => name),
    declared: (operation) => (OPERATIONS[operation as OperationName] as OperationModel).errors,
  });
  const file = resolve(import.meta.dirname, '../../README.md');
  const readme = await readFile(file, 'utf8');
  const section = /(?<=<!-- clients -->\n)[\s\S]*?(?=<!-- \/clients -->)/;
  if (process.env['LIKENESS_WRITE_README'] === '1')
    await writeFile(file, readme.replace(section, `${table}\n`));
  expect(section.exec(await readFile(file, 'utf8'))?.[0]).toBe(`${table}\n`);
});

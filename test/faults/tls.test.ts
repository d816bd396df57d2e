import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  certificateFolder,
  createAuthority,
  type Pair,
  text,
  withoutOpenssl,
} from '../support/certificates.js';
import { freshService } from '../support/service.js';

const { folder, remove } = certificateFolder();
afterAll(remove);

/** Subject of the certificate that a new connection is shown. */
const subjectAt = async (endpoint: string, ca: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const call = request(`${endpoint}/health/live`, { ca, agent: false }, (reply) => {
      reply.resume();
      resolve(String((reply.socket as TLSSocket).getPeerCertificate().subject.CN));
    });
    call.on('error', reject);
    call.end();
  });

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
}

describe.skipIf(withoutOpenssl !== '')(`a service with TLS${withoutOpenssl}`, () => {
  it('follows its certificate files, and keeps the old certificate when an edit is broken', async () => {
    const authority = createAuthority(folder, 'authority');
    const used: Pair = { certificate: join(folder, 'in-use.crt'), key: join(folder, 'in-use.key') };
    const put = (pair: Pair): void => {
      for (const part of ['certificate', 'key'] as const) {
        copyFileSync(pair[part], `${used[part]}.new`);
        renameSync(`${used[part]}.new`, used[part]);
      }
    };
    put(authority.issue('first'));
    const { service, close } = await freshService({
      LIKENESS_TLS_CERTIFICATE: used.certificate,
      LIKENESS_TLS_KEY: used.key,
    });
    onTestFinished(close);
    const ca = text(authority.certificate);
    expect(service.endpoint).toMatch(/^https:/);
    expect(await subjectAt(service.endpoint, ca)).toBe('first');

    writeFileSync(used.certificate, 'half a cert');
    await until(() => service.stderr().includes('the TLS files cannot be used'));
    expect(await subjectAt(service.endpoint, ca)).toBe('first');

    put(authority.issue('second'));
    await until(async () => (await subjectAt(service.endpoint, ca)) === 'second');
  });
});

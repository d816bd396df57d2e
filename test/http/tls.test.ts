import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { OperatorError } from '../../src/errors.js';
import { readTls, renewTls, type TlsFiles } from '../../src/http/tls.js';
import {
  certificateFolder,
  createAuthority,
  text,
  withoutOpenssl,
} from '../support/certificates.js';
import { serverWith } from './support.js';

const { folder, remove } = certificateFolder();
afterAll(remove);

async function listening(files: TlsFiles) {
  const app = serverWith({ tls: readTls(files) });
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
  return { app, endpoint, port: Number(new URL(endpoint).port) };
}

/** What one client saw: the subject of the server's certificate and the status line, or why it failed. */
async function handshake(port: number, options: ConnectionOptions) {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', ...options });
  onTestFinished(() => void socket.destroy());
  return new Promise<{ subject?: string; status?: string; protocol?: string; failed?: string }>(
    (resolve) => {
      let subject = '';
      socket.once('secureConnect', () => {
        subject = String(socket.getPeerCertificate().subject.CN);
        socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      });
      socket.once('data', (bytes: Buffer) =>
        resolve({
          subject,
          status: bytes.toString().split('\r\n', 1)[0] ?? '',
          protocol: socket.getProtocol() ?? '',
        }),
      );
      socket.once('error', (error: NodeJS.ErrnoException) =>
        resolve({ failed: error.code ?? error.message }),
      );
      socket.once('close', () => resolve({ failed: 'closed' }));
    },
  );
}

describe.skipIf(withoutOpenssl !== '')(`TLS${withoutOpenssl}`, () => {
  const authority = withoutOpenssl === '' ? createAuthority(folder, 'authority') : undefined!;
  const strangers = withoutOpenssl === '' ? createAuthority(folder, 'strangers') : undefined!;
  const first = authority?.issue('first');
  const second = authority?.issue('second');
  const ca = authority && text(authority.certificate);
  const plain = { ...first, clientAuthorities: '' };

  it('serves, from version 1.2 on', async () => {
    const { endpoint, port } = await listening(plain);
    expect(endpoint).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const ok = { subject: 'first', status: 'HTTP/1.1 200 OK' };
    expect(await handshake(port, { ca })).toEqual({ ...ok, protocol: 'TLSv1.3' });
    expect(await handshake(port, { ca, maxVersion: 'TLSv1.2' })).toEqual({
      ...ok,
      protocol: 'TLSv1.2',
    });
    const old = { ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
    // Level 0 lets the client offer what it would otherwise not even try.
    const refused = await handshake(port, { ...old, ciphers: 'DEFAULT@SECLEVEL=0' });
    expect(refused.failed).toMatch(/PROTOCOL_VERSION|ECONNRESET/);
  });

  it('answers nothing to plain HTTP', async () => {
    const { port } = await listening(plain);
    await expect(fetch(`http://127.0.0.1:${port}/health/live`)).rejects.toThrow('fetch failed');
  });

  it('uses a renewed certificate for new handshakes and leaves open connections alone', async () => {
    const { app, port } = await listening(plain);
    const open = connect({ port, host: '127.0.0.1', ca });
    onTestFinished(() => void open.destroy());
    await new Promise((resolve) => open.once('secureConnect', resolve));
    renewTls(app.server, readTls({ ...second, clientAuthorities: '' }));
    expect((await handshake(port, { ca })).subject).toBe('second');
    open.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const bytes = await new Promise<Buffer>((resolve) => open.once('data', resolve));
    expect(bytes.toString()).toMatch(/^HTTP\/1\.1 200/);
  });

  it('lets in only clients of its authority where it asks for certificates', async () => {
    const { port } = await listening({ ...first, clientAuthorities: authority.certificate });
    const as = (pair: { certificate: string; key: string }) =>
      handshake(port, { ca, cert: text(pair.certificate), key: text(pair.key) });
    expect((await as(authority.issue('client'))).status).toBe('HTTP/1.1 200 OK');
    expect((await handshake(port, { ca })).failed).toMatch(
      /CERTIFICATE_REQUIRED|ECONNRESET|closed/,
    );
    expect((await as(strangers.issue('stranger'))).failed).toMatch(/UNKNOWN_CA|ECONNRESET|closed/);
  });

  it('does not resume sessions of an authority that was taken out', async () => {
    const files = { ...first, clientAuthorities: authority.certificate };
    const { app, port } = await listening(files);
    const client = authority.issue('leaver');
    const options = { ca, cert: text(client.certificate), key: text(client.key) };
    const socket = connect({ port, host: '127.0.0.1', ...options });
    const session = await new Promise<Buffer>((resolve) => socket.once('session', resolve));
    socket.destroy();
    renewTls(app.server, readTls({ ...files, clientAuthorities: strangers.certificate }));
    expect((await handshake(port, { ...options, session })).failed).toMatch(
      /UNKNOWN_CA|ECONNRESET|closed/,
    );
  });

  it.each<[string, () => Partial<TlsFiles>, RegExp]>([
    [
      'a certificate that is not there',
      () => ({ certificate: '/nowhere/a.crt' }),
      /^LIKENESS_TLS_CERTIFICATE: cannot read \/nowhere\/a\.crt/,
    ],
    [
      'a key that is not there',
      () => ({ key: '/nowhere/a.key' }),
      /^LIKENESS_TLS_KEY: cannot read/,
    ],
    [
      'authorities that are not there',
      () => ({ clientAuthorities: '/nowhere/ca.crt' }),
      /^LIKENESS_TLS_CLIENT_CA: cannot read/,
    ],
    [
      'a key of another certificate',
      () => ({ key: second.key }),
      /^LIKENESS_TLS_KEY: the key in .*second\.key is not the one of the certificate in .*first\.crt, whose subject is CN=first$/,
    ],
    [
      'a key in the place of the certificate',
      () => ({ certificate: first.key }),
      /^LIKENESS_TLS_CERTIFICATE: .* holds no certificate: expected PEM/,
    ],
    [
      'a certificate in the place of the key',
      () => ({ key: first.certificate }),
      /^LIKENESS_TLS_KEY: .* holds no private key: expected PEM/,
    ],
    [
      'a key with a passphrase',
      () => {
        const key = join(folder, 'locked.key');
        writeFileSync(
          key,
          '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n',
        );
        return { key };
      },
      /^LIKENESS_TLS_KEY: .* is protected by a passphrase/,
    ],
    [
      'authorities that are damaged',
      () => {
        const clientAuthorities = join(folder, 'damaged.crt');
        copyFileSync(authority.certificate, clientAuthorities);
        writeFileSync(
          clientAuthorities,
          `${ca}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
        );
        return { clientAuthorities };
      },
      /^LIKENESS_TLS_CLIENT_CA: certificate 2 in .* is damaged/,
    ],
  ])('names %s', (_, change, message) => {
    const reading = () => readTls({ ...plain, ...change() });
    expect(reading).toThrow(OperatorError);
    expect(reading).toThrow(message);
  });
});

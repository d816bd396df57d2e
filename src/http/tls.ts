import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions, type Server } from 'node:tls';
import { OperatorError } from '../errors.js';

/** Where the service's certificate lies; PEM files. */
export interface TlsFiles {
  /** The certificate, followed by the intermediate ones that clients need. */
  readonly certificate: string;
  readonly key: string;
  /** Mutual TLS: only clients with a certificate of these authorities may connect. Empty: any may. */
  readonly clientAuthorities: string;
}

/** Certificate, key and authorities that were read and belong together. */
export interface TlsMaterial {
  readonly context: SecureContextOptions;
  readonly requireClientCertificate: boolean;
  /** Epoch milliseconds. */
  readonly validUntilMs: number;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
/** Handshakes are short: who needs longer holds a connection for nothing. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** The files in use, for a watcher. */
export const tlsPaths = ({ certificate, key, clientAuthorities }: TlsFiles): string[] =>
  [certificate, key, clientAuthorities].filter((path) => path !== '');

/** Reads the files and checks that a handshake can succeed; OperatorError names the setting and the remedy. */
export function readTls(files: TlsFiles): TlsMaterial {
  const cert = read('LIKENESS_TLS_CERTIFICATE', files.certificate);
  const [certificate] = certificates('LIKENESS_TLS_CERTIFICATE', files.certificate, cert);
  const key = read('LIKENESS_TLS_KEY', files.key);
  if (!certificate?.checkPrivateKey(privateKey(files.key, key)))
    throw new OperatorError(
      `LIKENESS_TLS_KEY: the key in ${files.key} is not the one of the certificate in ${files.certificate}, whose subject is ${oneLine(certificate?.subject)}`,
    );
  const mutual = files.clientAuthorities !== '';
  const ca = mutual ? read('LIKENESS_TLS_CLIENT_CA', files.clientAuthorities) : undefined;
  if (ca !== undefined) certificates('LIKENESS_TLS_CLIENT_CA', files.clientAuthorities, ca);
  const context = { cert, key, minVersion: 'TLSv1.2' as const, ...(ca !== undefined && { ca }) };
  try {
    createSecureContext(context);
  } catch (cause) {
    throw new OperatorError(
      `LIKENESS_TLS_CERTIFICATE: ${files.certificate} cannot be used: ${(cause as Error).message}`,
      { cause },
    );
  }
  return {
    context,
    requireClientCertificate: mutual,
    validUntilMs: Date.parse(certificate.validTo),
  };
}

/** Options of an HTTPS server that starts with this material. */
export const tlsServerOptions = ({ context, requireClientCertificate }: TlsMaterial) => ({
  ...context,
  requestCert: requireClientCertificate,
  rejectUnauthorized: requireClientCertificate,
  handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
});

/** Handshakes from now on use this material; open connections stay. */
export const renewTls = (server: object, { context }: TlsMaterial): void =>
  (server as Server).setSecureContext(context);

function read(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new OperatorError(`${setting}: cannot read ${path}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function certificates(setting: string, path: string, pem: string): X509Certificate[] {
  const blocks = pem.match(PEM_CERTIFICATE) ?? [];
  if (blocks.length === 0)
    throw new OperatorError(
      `${setting}: ${path} holds no certificate: expected PEM, which begins with -----BEGIN CERTIFICATE-----`,
    );
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      throw new OperatorError(`${setting}: certificate ${index + 1} in ${path} is damaged`, {
        cause,
      });
    }
  });
}

function privateKey(path: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const remedy = pem.includes('ENCRYPTED')
      ? 'is protected by a passphrase: write it without one (openssl pkey) into a file that only the service may read'
      : 'holds no private key: expected PEM, such as -----BEGIN PRIVATE KEY-----';
    throw new OperatorError(`LIKENESS_TLS_KEY: ${path} ${remedy}`, { cause });
  }
}

const oneLine = (subject: string | undefined): string => (subject ?? '').replaceAll('\n', ', ');

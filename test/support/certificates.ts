import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why no certificates can be made here, if so. */
export const withoutOpenssl = ((): string => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return '';
  } catch {
    return ' (skipped: openssl is not installed)';
  }
})();

export interface Pair {
  certificate: string;
  key: string;
}

export interface Authority extends Pair {
  /** A certificate for 127.0.0.1 and localhost, signed by this authority. */
  issue(name: string): Pair;
}

/** A folder for the certificates of a test, and what makes them. */
export function certificateFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-tls-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A certificate authority whose files lie in the folder. */
export function createAuthority(folder: string, name: string): Authority {
  const at = (file: string): string => join(folder, file);
  const make = (subject: string, options = ''): Pair => {
    const pair: Pair = { certificate: at(`${subject}.crt`), key: at(`${subject}.key`) };
    const request = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${subject}`;
    const files = `-keyout ${pair.key} -out ${pair.certificate}`;
    execFileSync('openssl', `${request} ${options} ${files}`.split(/ +/), { stdio: 'pipe' });
    return pair;
  };
  const own = make(name);
  return {
    ...own,
    issue: (subject) =>
      make(
        subject,
        `-addext subjectAltName=IP:127.0.0.1,DNS:localhost -addext basicConstraints=critical,CA:FALSE -CA ${own.certificate} -CAkey ${own.key}`,
      ),
  };
}

export const text = (path: string): string => readFileSync(path, 'utf8');

import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export interface ScriptedReply {
  readonly json?: unknown;
  /** Exact bytes. */
  readonly body?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly delayMs?: number;
  readonly drop?: boolean;
}

export interface SentRequest {
  readonly target: string;
  readonly url: string;
  readonly body: string;
  readonly signed: boolean;
}

/** One recorded command of the AWS CLI. */
export interface RecordedCase {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly responses: readonly ScriptedReply[];
  readonly requests: readonly SentRequest[];
  readonly stdout: string;
  readonly stderr: string;
  readonly exit_code: number;
}

export const FOLDER = resolve(import.meta.dirname, '../../../../shared/cli-cases');
export const present = existsSync(FOLDER);

export const readCases = (): RecordedCase[] =>
  present
    ? readFileSync(join(FOLDER, 'cases.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as RecordedCase)
    : [];

/** The folders and servers the placeholders of a case stand for. */
export interface Surroundings {
  readonly home: string;
  readonly emptyHome: string;
  readonly files: string;
  readonly certificate: string;
  readonly http: string;
  readonly https: string;
}

/** Lays out the recorded home and working folders afresh. */
export async function layOut(
  servers: { http: string; https: string },
  certificate: string,
): Promise<Surroundings> {
  const root = await mkdtemp(join(tmpdir(), 'likeness-recorded-'));
  const place = {
    home: join(root, 'home'),
    emptyHome: join(root, 'empty-home'),
    files: join(root, 'files'),
    certificate: join(root, 'certificate.pem'),
    ...servers,
  };
  mkdirSync(place.emptyHome);
  writeFileSync(place.certificate, certificate);
  mkdirSync(place.files);
  cpSync(join(FOLDER, 'files'), place.files, { recursive: true, mode: 0 });
  const photo = Buffer.alloc(5_242_881, 'A');
  photo.set([0xff, 0xd8, 0xff]);
  writeFileSync(join(place.files, 'big.bin'), photo);
  mkdirSync(join(place.home, '.aws'), { recursive: true });
  for (const file of ['config', 'credentials'])
    writeFileSync(
      join(place.home, '.aws', file),
      substitute(readFileSync(join(FOLDER, 'home/.aws', file), 'utf8'), place),
    );
  return place;
}

/** Puts the real places in for the placeholders. */
export function substitute(text: string, place: Surroundings): string {
  return text
    .replaceAll('${HTTP_HOST}', place.http.replace('http://', ''))
    .replaceAll('${HTTP}', place.http)
    .replaceAll('${HTTPS}', place.https)
    .replaceAll('${CERT}', place.certificate)
    .replaceAll('${EMPTY_HOME}', place.emptyHome)
    .replaceAll('${HOME}', place.home)
    .replaceAll('${FILES}', place.files);
}

export const environmentOf = (
  { env }: Pick<RecordedCase, 'env'>,
  place: Surroundings,
): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  LANG: 'C.UTF-8',
  AWS_EC2_METADATA_DISABLED: 'true',
  HOME: place.home,
  LIKENESS_STRICT_AWS: '1',
  ...Object.fromEntries(Object.entries(env).map(([key, value]) => [key, substitute(value, place)])),
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { resolve } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import * as sdk from '@aws-sdk/client-rekognition';
import type { OperationName } from '../../src/model/operations.js';
import { CREDENTIALS, REGION } from '../support/service.js';
import { CLIENT_ENVIRONMENT, findProgram, missing } from './programs.js';

export type Json = Record<string, unknown>;

/** How a client reaches the service. */
export interface Reach {
  endpoint: string;
  signed: boolean;
  /** PEM file of the authority that signed the service's certificate. */
  ca?: string;
  /** Tries in all; 1: no retries. */
  attempts?: number;
}

/** One client of Amazon's, whatever its language. */
export interface ApiClient {
  /** Rejects with a `ServiceError`. */
  call(operation: OperationName, input: Json): Promise<Json>;
  /** Every page, through the client's own paginator; the CLI merges its pages into one. */
  pages(operation: OperationName, input: Json, pageSize: number): Promise<Json[]>;
  close(): Promise<void>;
}

/** An error as the client shows it. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: string;
  /** The client has a class of its own for it; for the CLI: it left with code 254. */
  readonly modelled: boolean;

  constructor(code: string, message: string, modelled: boolean) {
    super(message);
    this.code = code;
    this.modelled = modelled;
  }
}

export interface ClientKind {
  name: string;
  /** Why it cannot run here, with a blank before; empty where it can. */
  absent: string;
  open: (reach: Reach) => ApiClient;
}

const python = findProgram(['/usr/bin/python3'], ['-c', 'import boto3, awscli']);

/** The clients the tests call the service with; nobody here wrote them. */
export const CLIENTS: readonly ClientKind[] = [
  { name: 'AWS SDK for JavaScript', absent: '', open: openSdk },
  { name: 'AWS CLI', absent: missing(python, 'awscli'), open: (reach) => openPython('cli', reach) },
  { name: 'boto3', absent: missing(python, 'boto3'), open: (reach) => openPython('boto3', reach) },
];

function openSdk({ endpoint, signed, ca, attempts = 1 }: Reach): ApiClient {
  const client = new sdk.RekognitionClient({
    endpoint,
    region: REGION,
    credentials: CREDENTIALS,
    maxAttempts: attempts,
    ...(!signed && { signer: { sign: async (request: never) => request } }),
    ...(ca !== undefined && {
      requestHandler: { httpsAgent: new Agent({ ca: readFileSync(ca) }) },
    }),
  });
  const named = sdk as unknown as Record<string, unknown>;
  return {
    async call(operation, input) {
      const Command = named[`${operation}Command`] as new (input: Json) => sdk.ListFacesCommand;
      const { $metadata: _, ...output } = await client.send(new Command(input)).catch(sdkError);
      return output;
    },
    async pages(operation, input, pageSize) {
      const paginate = named[`paginate${operation}`] as typeof sdk.paginateListFaces;
      const pages: Json[] = [];
      // The paginator writes its tokens into the input it is given.
      for await (const page of paginate({ client, pageSize }, { ...input } as never))
        pages.push(page as unknown as Json);
      return pages;
    },
    close: async () => client.destroy(),
  };
}

function sdkError(error: unknown): never {
  if (!(error instanceof sdk.RekognitionServiceException)) throw error;
  const known = (sdk as unknown as Record<string, unknown>)[error.name];
  const modelled = typeof known === 'function' && error instanceof known;
  throw new ServiceError(error.name, error.message, modelled);
}

type Answer = { output: Json } | { pages: Json[] } | { error: ServiceError };

/** Debian's boto3 or aws CLI, in a Python process of its own that is asked line by line. */
function openPython(
  kind: 'boto3' | 'cli',
  { endpoint, signed, ca, attempts = 1 }: Reach,
): ApiClient {
  const settings = JSON.stringify({ endpoint, signed, ca: ca ?? null, attempts });
  const script = resolve(import.meta.dirname, 'driver.py');
  const child = spawn(python ?? '', [script, kind, settings], {
    env: { ...CLIENT_ENVIRONMENT, AWS_MAX_ATTEMPTS: String(attempts) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ask = asker(child, createInterface({ input: child.stdout }));
  const answered = async (request: object): Promise<Answer> => {
    const answer = JSON.parse(await ask(JSON.stringify(request))) as Answer;
    if (!('error' in answer)) return answer;
    const { code, message, modelled } = answer.error;
    throw new ServiceError(code, message, modelled);
  };
  return {
    call: async (operation, input) =>
      ((await answered({ operation, input: encoded(input) })) as { output: Json }).output,
    pages: async (operation, input, pageSize) =>
      ((await answered({ operation, input: encoded(input), pageSize })) as { pages: Json[] }).pages,
    close: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

/** Sends lines and gives the line that answers each, one after the other. */
function asker(child: ChildProcess, lines: Interface): (line: string) => Promise<string> {
  let problems = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    problems += chunk.toString();
  });
  // A client that has ended shows it by its missing answer.
  child.stdin?.on('error', () => undefined);
  const iterator = lines[Symbol.asyncIterator]();
  let last: Promise<unknown> = Promise.resolve();
  return (line) => {
    const answer = last.then(async () => {
      child.stdin?.write(`${line}\n`);
      const { value, done } = await iterator.next();
      if (done === true) throw new Error(`the client ended:\n${problems}`);
      return value;
    });
    last = answer.catch(() => undefined);
    return answer;
  };
}

/** Bytes as the driver takes them. */
function encoded(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(encoded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, encoded(item)]));
}

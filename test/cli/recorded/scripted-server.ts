import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { NOTHING } from '../../../src/protocol/policy/policy.js';
import { createCredentials } from '../../../src/protocol/sigv4/keys.js';
import { verify } from '../../../src/protocol/sigv4/verify.js';
import type { ScriptedReply, SentRequest } from './cases.js';
import { CERTIFICATE, PRIVATE_KEY } from './certificate.js';

/** The keys of the recorded home folder; AWS's own documentation uses them as examples. */
const KEYS = createCredentials(
  [
    {
      accessKeyId: 'AKIDEXAMPLE1234567',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    },
    {
      accessKeyId: 'ASIATEMPEXAMPLE123',
      secretAccessKey: 'tempSecretKey0123456789abcdef',
      sessionToken: 'FwoGZXIvYXdzEXAMPLETOKEN',
    },
  ].map((key) => ({ ...key, policy: NOTHING, principalArn: 'arn:aws:iam::123456789012:root' })),
);

/** A server that answers from a script and keeps what it was asked. */
export interface ScriptedServer {
  readonly url: string;
  /** Begins anew: with these replies, the last of which repeats. */
  play(replies: readonly ScriptedReply[]): void;
  readonly requests: readonly SentRequest[];
  close(): Promise<void>;
}

export async function startScriptedServer(secure: boolean): Promise<ScriptedServer> {
  let replies: readonly ScriptedReply[] = [];
  let requests: SentRequest[] = [];
  const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const reply = replies[Math.min(requests.length, replies.length - 1)] ?? {};
    requests.push({
      target: String(request.headers['x-amz-target']),
      url: request.url ?? '',
      body: body.toString('utf8'),
      signed: isSigned(request, body),
    });
    await answer(request, response, reply);
  };
  const handle = (request: IncomingMessage, response: ServerResponse): void =>
    void listener(request, response);
  const server: Server = secure
    ? createSecureServer({ cert: CERTIFICATE, key: PRIVATE_KEY }, handle)
    : createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${secure ? 'https' : 'http'}://127.0.0.1:${port}`,
    play: (next) => {
      replies = next;
      requests = [];
    },
    get requests() {
      return requests;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function isSigned(request: IncomingMessage, body: Uint8Array): boolean {
  try {
    const headers = request.headers as Record<string, string | undefined>;
    const { method = '', url = '' } = request;
    verify({ method, url, headers, body }, { credentials: KEYS, regions: [], nowMs: Date.now() });
    return true;
  } catch {
    return false;
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  reply: ScriptedReply,
): Promise<void> {
  if (reply.delayMs !== undefined) await wait(reply.delayMs);
  if (reply.drop) {
    request.socket.destroy();
    return;
  }
  response.statusCode = reply.status ?? 200;
  response.setHeader('Content-Type', 'application/x-amz-json-1.1');
  for (const [name, value] of Object.entries(reply.headers ?? {}))
    if (value === null) response.removeHeader(name);
    else response.setHeader(name, value);
  response.end(reply.body ?? JSON.stringify(reply.json));
}

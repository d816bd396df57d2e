import { createHash, createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { type ClientRequest, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { CONTENT_TYPE } from '../../protocol/wire.js';
import { type Log, shownHeaders } from '../debug-log.js';
import { CommandError } from '../errors.js';
import type { Keys } from './credentials.js';
import { openTunnel, proxyHeaders, shownProxy } from './proxy.js';
import type { HttpReply } from './reply.js';

/** Where and how requests are sent. */
export interface Target {
  readonly url: URL;
  readonly region: string;
  /** Undefined: requests are not signed. */
  readonly keys: Keys | undefined;
  readonly verifyTls: boolean;
  readonly caBundle: string | undefined;
  /** Milliseconds; undefined: for ever. */
  readonly connectTimeoutMs: number | undefined;
  readonly readTimeoutMs: number | undefined;
  /** What requests go through; undefined: nothing. */
  readonly proxy: URL | undefined;
  readonly log: Log;
}

/** No reply came; tried again while attempts are left. */
export class ConnectionError extends CommandError {
  override readonly name = 'ConnectionError';
}

/** Replies are bounded: a page of faces is about 2 MB. */
const LONGEST_REPLY = 256 * 1024 * 1024;

/** Sends one request of an operation. Rejects with a ConnectionError where there is no reply. */
export async function send(target: Target, operation: string, body: string): Promise<HttpReply> {
  const headers: Record<string, string> = {
    host: target.url.host,
    'content-type': CONTENT_TYPE,
    'x-amz-target': `RekognitionService.${operation}`,
    'user-agent': 'likeness',
  };
  const signed = target.keys ? await sign(target, target.keys, { headers, body }) : headers;
  const payload = Buffer.from(body, 'utf8');
  const sent = { ...signed, 'content-length': String(payload.length) };
  const { url, log } = target;
  log(
    'botocore.endpoint',
    `Sending http request: <AWSPreparedRequest stream_output=False, method=POST, url=${url.href}, headers=${shownHeaders(sent)}>`,
  );
  log(
    'urllib3.connectionpool',
    `Starting new ${url.protocol.slice(0, -1).toUpperCase()} connection (1): ${url.hostname}:${portOf(url)}`,
  );
  const reply = await exchange(target, 'POST', sent, payload);
  log(
    'urllib3.connectionpool',
    `${url.protocol}//${url.hostname}:${portOf(url)} "POST ${url.pathname}${url.search} HTTP/1.1" ${reply.status} ${reply.headers['content-length'] ?? 'None'}`,
  );
  log('botocore.parsers', `Response headers: ${shownHeaders(reply.headers)}`);
  log('botocore.parsers', `Response body:\n${reply.body}`);
  return reply;
}

/** Asks for a page beside the API, unsigned. Rejects with a ConnectionError where there is no reply. */
export const fetchPage = (target: Target, path: string): Promise<HttpReply> => {
  const url = new URL(path, target.url);
  return exchange({ ...target, url }, 'GET', { host: url.host }, Buffer.alloc(0));
};

const portOf = ({ port, protocol }: URL): string =>
  port === '' ? (protocol === 'https:' ? '443' : '80') : port;

/** Signs with the AWS SDK's signer: not with the code that verifies signatures here. */
async function sign(
  target: Target,
  keys: Keys,
  { headers, body }: { headers: Record<string, string>; body: string },
): Promise<Record<string, string>> {
  target.log('botocore.auth', 'Calculating signature using v4 auth.');
  const { SignatureV4 } = await import('@smithy/signature-v4');
  const { url, region } = target;
  const signer = new SignatureV4({
    service: 'rekognition',
    region,
    credentials: keys,
    sha256: Sha256,
  });
  const request = await signer.sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers,
    body,
  });
  return request.headers;
}

/** What the signer hashes. */
type Source = string | ArrayBuffer | ArrayBufferView;

const bytesOf = (source: Source): string | Uint8Array =>
  typeof source === 'string'
    ? source
    : source instanceof ArrayBuffer
      ? new Uint8Array(source)
      : new Uint8Array(source.buffer, source.byteOffset, source.byteLength);

/** SHA-256, or HMAC with a key, in the shape the signer asks for. */
class Sha256 {
  readonly #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;

  constructor(key?: Source) {
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(key));
  }

  update(data: Source): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

async function exchange(
  target: Target,
  method: 'GET' | 'POST',
  headers: Record<string, string>,
  payload: Buffer,
): Promise<HttpReply> {
  const { url, proxy } = target;
  const secure = url.protocol === 'https:';
  const request = secure
    ? httpsRequest(url, { method, headers, ...(await tlsOptions(target)) })
    : proxy
      ? plainThrough(proxy, url, { method, headers })
      : httpRequest(url, { method, headers, agent: false });
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(connectionError(error, target, state));
    const state: State = { connected: false };
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > LONGEST_REPLY) request.destroy(new Error('the reply is too long'));
        else chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as HttpReply['headers'],
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    limitTime(request, target, state);
    request.on('error', fail);
    request.end(payload);
  });
}

/** A proxy is told the whole URL of what is not encrypted. */
function plainThrough(
  proxy: URL,
  url: URL,
  { method, headers }: { method: string; headers: Record<string, string> },
): ClientRequest {
  const { hostname, port } = proxy;
  const options = { hostname, port, method, path: url.href, agent: false } as const;
  const sent = { ...headers, ...proxyHeaders(proxy) };
  return proxy.protocol === 'https:'
    ? httpsRequest({ ...options, headers: sent })
    : httpRequest({ ...options, headers: sent });
}

interface State {
  connected: boolean;
  timedOut?: 'Connect' | 'Read';
}

function limitTime(
  request: ReturnType<typeof httpRequest>,
  { connectTimeoutMs, readTimeoutMs, url }: Target,
  state: State,
): void {
  const expire = (what: 'Connect' | 'Read'): void => {
    state.timedOut = what;
    request.destroy(new Error('timeout'));
  };
  request.on('socket', (socket) => {
    const timer =
      connectTimeoutMs === undefined
        ? undefined
        : setTimeout(() => expire('Connect'), connectTimeoutMs);
    socket.once('close', () => clearTimeout(timer));
    socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      state.connected = true;
      if (readTimeoutMs !== undefined) socket.setTimeout(readTimeoutMs, () => expire('Read'));
    });
  });
}

/** How to connect: with whom to trust, and through a proxy where there is one. */
async function tlsOptions(target: Target): Promise<RequestOptions> {
  const { url, verifyTls, caBundle, proxy, connectTimeoutMs } = target;
  const trust = verifyTls ? trusted(url, caBundle) : { rejectUnauthorized: false };
  // No session is kept: each request tells anew whether the certificate is good.
  if (!proxy) return { agent: new HttpsAgent({ ...trust, maxCachedSessions: 0 }) };
  const socket = await openTunnel(proxy, url, connectTimeoutMs).catch(() => {
    throw noProxy(proxy);
  });
  return { agent: new HttpsAgent({ ...trust, socket, maxCachedSessions: 0 }) };
}

const noProxy = (proxy: URL): ConnectionError =>
  new ConnectionError(`Failed to connect to proxy URL: "${shownProxy(proxy)}"`);

function trusted(url: URL, caBundle: string | undefined): { ca?: Buffer } {
  if (caBundle === undefined) return {};
  if (!existsSync(caBundle))
    throw new ConnectionError(
      `SSL validation failed for ${url.href} [Errno 2] No such file or directory`,
    );
  const ca = readFileSync(caBundle);
  if (!ca.includes('-----BEGIN '))
    throw new ConnectionError(
      `SSL validation failed for ${url.href} [X509: NO_CERTIFICATE_OR_CRL_FOUND] no certificate or crl found (_ssl.c:4123)`,
    );
  return { ca };
}

/** OpenSSL's words for what Node names by a code. */
const CERTIFICATE_FAULTS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'self-signed certificate in certificate chain',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unable to get local issuer certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unable to get local issuer certificate',
  CERT_HAS_EXPIRED: 'certificate has expired',
  CERT_NOT_YET_VALID: 'certificate is not yet valid',
};

function connectionError(error: Error, { url, proxy }: Target, state: State): ConnectionError {
  const { code = '' } = error as NodeJS.ErrnoException;
  const quoted = `"${url.href}"`;
  if (error instanceof ConnectionError) return error;
  if (state.timedOut)
    return new ConnectionError(`${state.timedOut} timeout on endpoint URL: ${quoted}`);
  const fault =
    code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? nameMismatch(url.hostname) : CERTIFICATE_FAULTS[code];
  if (fault !== undefined)
    return new ConnectionError(
      `SSL validation failed for ${url.href} [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: ${fault} (_ssl.c:992)`,
    );
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'EPROTO')
    return new ConnectionError(
      `SSL validation failed for ${url.href} [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:992)`,
    );
  if (state.connected || code === 'ECONNRESET')
    return new ConnectionError(
      `Connection was closed before we received a valid response from endpoint URL: ${quoted}.`,
    );
  if (proxy) return noProxy(proxy);
  return new ConnectionError(`Could not connect to the endpoint URL: ${quoted}`);
}

const nameMismatch = (host: string): string =>
  isIP(host) === 0
    ? `Hostname mismatch, certificate is not valid for '${host}'.`
    : `IP address mismatch, certificate is not valid for '${host}'.`;

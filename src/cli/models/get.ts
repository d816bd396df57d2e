import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { openTunnel, proxyFor, proxyHeaders } from '../client/proxy.js';
import type { Io } from '../io.js';

/** A reply whose body was not read yet. */
export interface Reply {
  status: number;
  headers: IncomingMessage['headers'];
  /** For people: the status and its words. */
  answer: string;
  body: IncomingMessage;
}

/** How to reach the web. */
export interface Web {
  /** Names the proxies. */
  env: Io['env'];
  /** A connection on which nothing moves for this long is given up. */
  idleMs: number;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const MOST_REDIRECTS = 5;

/**
 * Gets a URL through the proxies that the environment names, and follows it where it moved, but never from https to
 * http.
 *
 * @throws Error when no reply comes.
 */
export async function openGet(
  url: URL,
  headers: Readonly<Record<string, string>>,
  web: Web,
): Promise<Reply> {
  let at = url;
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const body = await send(at, headers, web);
    const { statusCode: status = 0, statusMessage = '', headers: replied } = body;
    if (!REDIRECTS.has(status) || replied.location === undefined)
      return { status, headers: replied, answer: `${status} ${statusMessage}`.trim(), body };
    body.destroy();
    const next = URL.canParse(replied.location, at.href)
      ? new URL(replied.location, at)
      : undefined;
    if (!next || !/^https?:$/.test(next.protocol))
      throw new Error(`it is redirected to ${replied.location}, which is no web address`);
    if (at.protocol === 'https:' && next.protocol === 'http:')
      throw new Error(`it is redirected from https to ${next.origin}, which is not encrypted`);
    at = next;
  }
  throw new Error(`it is redirected more than ${MOST_REDIRECTS} times`);
}

async function send(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { env, idleMs }: Web,
): Promise<IncomingMessage> {
  const proxy = proxyFor(url, env);
  const options = {
    headers: { 'user-agent': 'likeness', 'accept-encoding': 'identity', ...headers },
    timeout: idleMs,
  };
  const request =
    url.protocol === 'https:'
      ? httpsRequest(url, { ...options, agent: await secureAgent(url, proxy, idleMs) })
      : proxy
        ? plainThrough(proxy, url, options)
        : httpRequest(url, { ...options, agent: false });
  return new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
    request.on('timeout', () =>
      request.destroy(new Error(`nothing came for ${Math.round(idleMs / 1000)} s`)),
    );
    request.end();
  });
}

const secureAgent = async (
  url: URL,
  proxy: URL | undefined,
  idleMs: number,
): Promise<HttpsAgent | false> =>
  proxy !== undefined && new HttpsAgent({ socket: await openTunnel(proxy, url, idleMs) });

/** A proxy is told the whole URL of what is not encrypted. */
function plainThrough(
  proxy: URL,
  url: URL,
  options: { headers: Record<string, string>; timeout: number },
): ReturnType<typeof httpRequest> {
  const { hostname, port, protocol } = proxy;
  return (protocol === 'https:' ? httpsRequest : httpRequest)({
    ...options,
    hostname,
    port,
    path: url.href,
    headers: { ...options.headers, host: url.host, ...proxyHeaders(proxy) },
    agent: false,
  });
}

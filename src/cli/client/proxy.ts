import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { Io } from '../io.js';

/**
 * The proxy the environment names for a URL: `http_proxy`, `https_proxy` and `no_proxy`, small letters before
 * capitals, read as Python's urllib does. Undefined: none.
 */
export function proxyFor(url: URL, env: Io['env']): URL | undefined {
  const named = variable(env, `${url.protocol.slice(0, -1)}_proxy`);
  if (!named || isExcepted(url, variable(env, 'no_proxy'))) return undefined;
  const text = /^https?:/.test(named)
    ? named
    : named.startsWith('//')
      ? `http:${named}`
      : `http://${named}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** An empty variable in small letters takes the one in capitals away. */
const variable = (env: Io['env'], name: string): string | undefined =>
  env[name] ?? env[name.toUpperCase()];

/** Names of hosts and of the domains they are in, with or without a port. */
function isExcepted({ hostname, host }: URL, list: string | undefined): boolean {
  if (!list) return false;
  if (list.trim() === '*') return true;
  return list
    .split(',')
    .map((name) => name.trim().replace(/^\.+/, '').toLowerCase())
    .filter((name) => name !== '')
    .some((name) => [hostname, host].some((full) => full === name || full.endsWith(`.${name}`)));
}

/** As shown in messages: without its password. */
export function shownProxy(proxy: URL): string {
  const shown = new URL(proxy.href);
  if (shown.username !== '') shown.username = '***';
  if (shown.password !== '') shown.password = '***';
  return proxy.pathname === '/' && !proxy.href.endsWith('//')
    ? shown.href.replace(/\/$/, '')
    : shown.href;
}

export function proxyHeaders({ username, password }: URL): Record<string, string> {
  if (username === '' || password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** Opens a way through a proxy to the host of a URL. Rejects where the proxy is not there or refuses. */
export function openTunnel(
  proxy: URL,
  { hostname, port }: URL,
  timeoutMs: number | undefined,
): Promise<Socket> {
  const authority = `${hostname}:${port || '443'}`;
  const request = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
    hostname: proxy.hostname,
    port: proxy.port,
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...proxyHeaders(proxy) },
    agent: false,
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
  });
  return new Promise((resolve, reject) => {
    request.on('connect', ({ statusCode, statusMessage }: IncomingMessage, socket: Socket) => {
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new Error(`Tunnel connection failed: ${statusCode} ${statusMessage}`));
    });
    // Whoever answers a CONNECT with anything else is no proxy.
    request.on('response', (response) => {
      response.destroy();
      reject(new Error(`Tunnel connection failed: ${response.statusCode}`));
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', reject);
    request.end();
  });
}

import type { FastifyReply } from 'fastify';

/** One answer, ready to be written. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Writes an answer past Fastify's own serialiser, which would add a charset to the content type and make
 * one up where AWS sends none.
 */
export function send(reply: FastifyReply, { status, headers, body }: Answer): void {
  reply.hijack();
  const { raw } = reply;
  if (raw.destroyed) return;
  const bytes = Buffer.from(body);
  raw.writeHead(status, { ...headers, 'Content-Length': String(bytes.length) });
  raw.end(bytes);
}

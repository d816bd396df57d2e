import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as it came. */
export interface Asked {
  path: string;
  range: string | undefined;
  ifRange: string | undefined;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server of files over real HTTP that knows ranges, and can be made to misbehave. */
export class FileServer {
  readonly #server: Server;
  readonly #files = new Map<string, Buffer>();
  readonly #answers = new Map<string, Answer[]>();
  readonly asked: Asked[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => this.#answer(request, response));
  }

  static async start(): Promise<FileServer> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return new FileServer(server);
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Has content under a path; returns its URL. */
  put(path: string, content: Buffer): string {
    this.#files.set(path, content);
    return `${this.origin}${path}`;
  }

  /** Answers the next requests of a path in these ways, one each, before it is itself again. */
  next(path: string, ...answers: Answer[]): void {
    this.#answers.set(path, answers);
  }

  /** Sends what was asked for, but breaks the connection after so many bytes. */
  cutAfter(count: number): Answer {
    return (request, response) => {
      const { status, headers, body } = this.#reply(request);
      response.writeHead(status, headers);
      // Not destroyed, which would take back what was not read yet.
      response.write(body.subarray(0, count), () => response.socket?.end());
    };
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((closed) => this.#server.close(() => closed()));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.asked.push({
      path,
      range: request.headers.range,
      ifRange: request.headers['if-range'] as string | undefined,
    });
    const special = this.#answers.get(path)?.shift();
    if (special) return special(request, response);
    const { status, headers, body } = this.#reply(request);
    response.writeHead(status, headers).end(body);
  }

  #reply({ url = '', headers }: IncomingMessage): {
    status: number;
    headers: Record<string, string | number>;
    body: Buffer;
  } {
    const content = this.#files.get(url);
    if (!content) return { status: 404, headers: {}, body: Buffer.from('not here') };
    const etag = `"${createHash('sha1').update(content).digest('hex')}"`;
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? -1);
    const condition = headers['if-range'];
    if (from >= content.length)
      return {
        status: 416,
        headers: { 'content-range': `bytes */${content.length}` },
        body: Buffer.alloc(0),
      };
    if (from < 0 || (condition !== undefined && condition !== etag))
      return { status: 200, headers: { etag, 'content-length': content.length }, body: content };
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    return {
      status: 206,
      headers: { etag, 'content-range': range, 'content-length': content.length - from },
      body: content.subarray(from),
    };
  }
}

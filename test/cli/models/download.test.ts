import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Downloading, download, Unavailable } from '../../../src/cli/models/download.js';
import { OperatorError } from '../../../src/errors.js';
import { pinOf, serveFiles } from '../../support/small-catalogue.js';

const { server, fresh } = await serveFiles('download');
let folder: string;

afterEach(() => {
  server.asked.length = 0;
});

const SIZE = 300_000;
const bytesOf = (seed: number, size = SIZE): Buffer =>
  Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * seed + (i >> 8)) % 251));

/** A file of its own on the server, and what is wanted of it. */
function file(content = bytesOf(7)) {
  const { place, id } = fresh();
  folder = place;
  const path = `/file-${id}`;
  const url = server.put(path, content);
  return { path, content, wanted: { path: 'net.onnx', ...pinOf(content), urls: [url] } };
}

const get = (wanted: Parameters<typeof download>[0], over: Partial<Downloading> = {}) =>
  download(wanted, {
    folder,
    env: {},
    idleMs: 5000,
    pauseMs: 1,
    onProgress: () => {},
    ...over,
  });

const refusal = async (wanted: Parameters<typeof download>[0]): Promise<string> => {
  const error = await get(wanted).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Unavailable);
  return (error as Unavailable).message;
};

describe('a download', () => {
  it('brings the bytes, tells how far it is and leaves nothing beside them', async () => {
    const { wanted, content } = file();
    const seen: number[] = [];
    const at = await get(wanted, { onProgress: (bytes) => seen.push(bytes) });
    expect(readFileSync(at).equals(content)).toBe(true);
    expect(readdirSync(folder)).toEqual([wanted.sha256]);
    expect(seen.at(-1)).toBe(SIZE);
    expect(seen.toSorted((a, b) => a - b)).toEqual(seen);
    // A second call finds it.
    expect(await get(wanted)).toBe(at);
    expect(server.asked).toHaveLength(1);
  });

  it('goes on where a connection broke, if the file is still the same', async () => {
    const { wanted, content, path } = file();
    server.next(path, server.cutAfter(100_000), server.cutAfter(50_000));
    expect(readFileSync(await get(wanted)).equals(content)).toBe(true);
    const [first, second, third] = server.asked;
    expect(first).toMatchObject({ range: undefined, ifRange: undefined });
    expect(second!.ifRange).toMatch(/^"[0-9a-f]{40}"$/);
    // How much of what was sent got through is up to the system.
    const [from, later] = [second, third].map((asked) => Number(/\d+/.exec(asked!.range!)![0]));
    expect(from).toBeGreaterThan(0);
    expect(from).toBeLessThanOrEqual(100_000);
    expect(later).toBeGreaterThanOrEqual(from!);
  });

  it('goes on in a later call, and from another source', async () => {
    const { wanted, content, path } = file();
    server.next(
      path,
      server.cutAfter(100_000),
      // From here on it is gone.
      (_, response) => response.writeHead(404).end(),
    );
    expect(await refusal(wanted)).toContain('it answers 404 Not Found');
    server.asked.length = 0;
    const mirror = server.put(`${path}-mirror`, content);
    const at = await get({ ...wanted, urls: [mirror] });
    expect(readFileSync(at).equals(content)).toBe(true);
    // The other source's ETag says nothing here.
    expect(server.asked).toEqual([
      {
        path: `${path}-mirror`,
        range: expect.stringMatching(/^bytes=[1-9]\d*-$/),
        ifRange: undefined,
      },
    ]);
  });

  it('begins anew when the file changed meanwhile', async () => {
    const { wanted, content, path } = file();
    server.put(path, bytesOf(3));
    server.next(path, server.cutAfter(100_000), (_, response) => {
      server.put(path, content);
      response.destroy();
    });
    expect(readFileSync(await get(wanted)).equals(content)).toBe(true);
  });

  it('begins anew when what lies there is not of this file', async () => {
    for (const there of [bytesOf(5, 1000), bytesOf(5, SIZE), bytesOf(5, SIZE + 1)]) {
      const { wanted, content } = file();
      await get({ ...wanted, urls: [`${server.origin}/absent`] }).catch(() => {});
      writeFileSync(join(folder, `${wanted.sha256}.part`), there);
      expect(readFileSync(await get(wanted)).equals(content)).toBe(true);
    }
  });

  it('begins anew after 416', async () => {
    const { wanted, content, path } = file();
    await get({ ...wanted, urls: [`${server.origin}/absent`] }).catch(() => {});
    writeFileSync(join(folder, `${wanted.sha256}.part`), content.subarray(0, 1000));
    server.next(path, (_, response) =>
      response.writeHead(416, { 'content-range': 'bytes */10' }).end(),
    );
    expect(readFileSync(await get(wanted)).equals(content)).toBe(true);
    expect(server.asked.map(({ range }) => range)).toContain(undefined);
  });

  it('takes a whole reply to a request for the rest', async () => {
    const { wanted, content, path } = file();
    server.next(path, server.cutAfter(100_000), (_, response) =>
      response.writeHead(200, { 'content-length': SIZE }).end(content),
    );
    expect(readFileSync(await get(wanted)).equals(content)).toBe(true);
  });

  it('waits out a source that is busy', async () => {
    const { wanted, path } = file();
    const busy = (status: number) => (_: unknown, response: ServerResponse) =>
      void response.writeHead(status).end();
    server.next(path, busy(503), busy(429));
    expect(existsSync(await get(wanted))).toBe(true);
    server.next(path, ...Array.from({ length: 20 }, () => busy(503)));
    rmSync(folder, { recursive: true });
    expect(await refusal(wanted)).toContain('it answers 503 Service Unavailable');
  });

  it('follows redirects, but not for ever', async () => {
    const { wanted, content, path } = file();
    const to = (location: string) => (_: unknown, response: ServerResponse) =>
      void response.writeHead(302, { location }).end();
    server.next('/moved', to('/moved-again'));
    server.next('/moved-again', to(`${server.origin}${path}`));
    const at = await get({ ...wanted, urls: [`${server.origin}/moved`] });
    expect(readFileSync(at).equals(content)).toBe(true);
    rmSync(folder, { recursive: true });
    server.next('/round', ...Array.from({ length: 40 }, () => to('/round')));
    expect(await refusal({ ...wanted, urls: [`${server.origin}/round`] })).toContain(
      'redirected more than 5 times',
    );
    server.next('/odd', ...Array.from({ length: 5 }, () => to('ftp://example.com/x')));
    expect(await refusal({ ...wanted, urls: [`${server.origin}/odd`] })).toContain(
      'redirected to ftp://example.com/x',
    );
  });

  it('goes through the proxy that the environment names', async () => {
    const { wanted, content } = file();
    const through: string[] = [];
    const proxy = createServer((request, response) => {
      through.push(`${request.url} ${request.headers['proxy-authorization']}`);
      response.writeHead(200, { 'content-length': content.length }).end(content);
    });
    await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
    const { port } = proxy.address() as AddressInfo;
    try {
      const env = { http_proxy: `http://ada:secret@127.0.0.1:${port}` };
      const urls = ['http://models.example/net.onnx'];
      expect(readFileSync(await get({ ...wanted, urls }, { env })).equals(content)).toBe(true);
      expect(through).toEqual([
        `http://models.example/net.onnx Basic ${Buffer.from('ada:secret').toString('base64')}`,
      ]);
    } finally {
      proxy.close();
    }
  });
});

describe('a source', () => {
  it('with other content of that size is refused, and nothing of it stays', async () => {
    const { wanted, path } = file();
    server.put(path, bytesOf(3));
    expect(await refusal(wanted)).toMatch(
      /it has other content: expected sha256 [0-9a-f]{64}, found [0-9a-f]{64}/,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('with another size is refused before its body', async () => {
    const { wanted, path } = file();
    server.put(path, Buffer.from('version https://git-lfs.github.com/spec/v1\n'));
    expect(await refusal(wanted)).toContain(`it has 43 bytes, expected ${SIZE}`);
  });

  it('that does not tell its size is stopped past it, and missed short of it', async () => {
    const { wanted, path, content } = file();
    server.next(path, (_, response) => {
      response.writeHead(200);
      response.write(content);
      response.end('more');
    });
    expect(await refusal(wanted)).toContain('it sends more bytes than it should have');
    rmSync(folder, { recursive: true });
    server.next(path, (_, response) => {
      response.writeHead(200);
      response.end(content.subarray(0, 1000));
    });
    expect(await refusal(wanted)).toContain(`it ends after 1000 bytes, expected ${SIZE}`);
  });

  it('that gives another part than asked for is refused', async () => {
    const { wanted, path, content } = file();
    server.next(path, server.cutAfter(100_000), (_, response) =>
      response
        .writeHead(206, { 'content-range': `bytes 5-${SIZE - 1}/${SIZE}` })
        .end(content.subarray(5)),
    );
    expect(await refusal(wanted)).toContain('with bytes 5-299999/300000, asked for byte');
  });

  it('that packs its answer is refused', async () => {
    const { wanted, path } = file();
    server.next(path, (_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    );
    expect(await refusal(wanted)).toContain('it answers in gzip');
  });

  it('that is silent is given up', async () => {
    const { wanted, path } = file();
    server.next(path, ...Array.from({ length: 9 }, () => () => {}));
    await expect(get(wanted, { idleMs: 30 })).rejects.toThrow('nothing came for');
  });

  it('gives way to the next one, and all are named in the end', async () => {
    const { wanted, content, path } = file();
    const absent = `${server.origin}/absent`;
    const [here] = wanted.urls;
    expect(readFileSync(await get({ ...wanted, urls: [absent, here!] })).equals(content)).toBe(
      true,
    );
    rmSync(folder, { recursive: true });
    server.put(path, bytesOf(3));
    const message = await refusal({ ...wanted, urls: ['http://127.0.0.1:9/x', here!] });
    expect(message).toContain(`net.onnx (${SIZE} bytes, sha256 ${wanted.sha256}) cannot be had`);
    expect(message).toMatch(/http:\/\/127\.0\.0\.1:9\/x\n.*ECONNREFUSED/);
    expect(message).toContain('it has other content');
  });
});

describe('a second download of the same file', () => {
  it('is refused while the first is under way, and takes over from one that died', async () => {
    const { wanted, path } = file();
    let release: (() => void) | undefined;
    const asked = new Promise<void>((seen) => {
      server.next(path, (_, response) => {
        release = () => response.destroy();
        seen();
      });
    });
    const first = get(wanted);
    await asked;
    await expect(get(wanted)).rejects.toThrow(
      new OperatorError(`a download of net.onnx is under way in process ${process.pid}`),
    );
    release!();
    expect(existsSync(await first)).toBe(true);
    rmSync(folder, { recursive: true });
    await get({ ...wanted, urls: [`${server.origin}/absent`] }).catch(() => {});
    // No process has this number: it is above what Linux gives.
    writeFileSync(join(folder, `${wanted.sha256}.lock`), '4194305');
    expect(existsSync(await get(wanted))).toBe(true);
  });
});

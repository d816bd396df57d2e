import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createServer } from 'node:net';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export interface Finding {
  readonly what: string;
  /** `unused`: there is nothing to do about it. */
  readonly state: 'ok' | 'unused' | 'note' | 'fault';
  readonly found: string;
  /** What to do about it. */
  readonly remedy?: string;
}

const OLDEST_NODE = [20, 11] as const;
const LEAST_MEMORY_GB = 2;
const LEAST_FREE_GB = 1;
/** File systems by their magic number (statfs(2)) that do not keep what was synced, or not for one host alone. */
const FILE_SYSTEMS: Readonly<Record<number, { name: string; remedy?: string }>> = {
  0x0102_1994: { name: 'tmpfs', remedy: 'it is memory and lost at a restart: use a disk' },
  0x8584_58f6: { name: 'ramfs', remedy: 'it is memory and lost at a restart: use a disk' },
  0x6969: { name: 'NFS', remedy: 'its locks are not reliable: use a local disk' },
  0xff53_4d42: { name: 'CIFS', remedy: 'its locks are not reliable: use a local disk' },
  0x794c_7630: { name: 'overlay', remedy: 'it goes with its container: mount a volume there' },
  0xef53: { name: 'ext4' },
  0x5846_5342: { name: 'XFS' },
  0x9123_683e: { name: 'Btrfs' },
  0x2fc1_2fc1: { name: 'ZFS' },
};

export function checkMachine(): Finding[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldMajor, oldMinor] = OLDEST_NODE;
  const isNew = major > oldMajor || (major === oldMajor && minor >= oldMinor);
  const memory = totalmem() / 1e9;
  return [
    {
      what: 'Node',
      state: isNew ? 'ok' : 'fault',
      found: process.versions.node,
      ...(!isNew && { remedy: `install Node ${OLDEST_NODE.join('.')} or newer` }),
    },
    {
      what: 'machine',
      state: memory < LEAST_MEMORY_GB ? 'note' : 'ok',
      found: `${availableParallelism()} cores, ${memory.toFixed(1)} GB of memory`,
      ...(memory < LEAST_MEMORY_GB && {
        remedy: 'every inference thread takes about 0.4 GB: set LIKENESS_VISION_WORKERS=1',
      }),
    },
  ];
}

export function checkKernel(kernel: string): Finding {
  const native = kernel !== 'wasm';
  return {
    what: 'vector kernel',
    state: native ? 'ok' : 'note',
    found: native ? `native, ${kernel}` : 'portable (wasm)',
    ...(!native && {
      remedy:
        'searches are slower: install a C++ compiler, make and python3, then npm run build:native',
    }),
  };
}

/** Where the data is to lie: file system, free space, and whether a sync takes the time a disk takes. */
export function checkDisk(dataDirectory: string): Finding[] {
  const folder = existingFolder(dataDirectory);
  const { type, bavail, bsize } = statfsSync(folder);
  const system = FILE_SYSTEMS[type];
  const freeGb = (bavail * bsize) / 1e9;
  const findings: Finding[] = [
    {
      what: 'file system',
      state: system?.remedy === undefined ? 'ok' : 'note',
      found: `${system?.name ?? `type 0x${type.toString(16)}`} at ${folder}`,
      ...(system?.remedy !== undefined && { remedy: system.remedy }),
    },
    {
      what: 'free space',
      state: freeGb < LEAST_FREE_GB ? 'fault' : 'ok',
      found: `${freeGb.toFixed(1)} GB`,
      ...(freeGb < LEAST_FREE_GB && { remedy: 'free some, or set LIKENESS_DATA to another disk' }),
    },
  ];
  return [...findings, checkSync(folder)];
}

function existingFolder(path: string): string {
  let folder = resolve(path);
  while (!existsSync(folder) || !statSync(folder).isDirectory()) folder = dirname(folder);
  return folder;
}

const SYNCS = 15;
/** Faster than any disk with a real sync; consumer flash takes 0.2 ms and more. */
const SUSPICIOUS_MS = 0.03;

function checkSync(folder: string): Finding {
  const path = join(folder, `.likeness-doctor-${process.pid}`);
  try {
    const file = openSync(path, 'wx', 0o600);
    const times: number[] = [];
    try {
      for (let i = 0; i < SYNCS; i++) {
        const start = performance.now();
        writeSync(file, Buffer.alloc(4096, i), 0, 4096, i * 4096);
        fsyncSync(file);
        times.push(performance.now() - start);
      }
    } finally {
      closeSync(file);
      rmSync(path, { force: true });
    }
    const median = times.toSorted((a, b) => a - b)[SYNCS >> 1] ?? 0;
    const suspicious = median < SUSPICIOUS_MS;
    return {
      what: 'durable writes',
      state: suspicious ? 'note' : 'ok',
      found: `${median.toFixed(2)} ms a write with fsync (median of ${SYNCS})`,
      ...(suspicious && {
        remedy: 'so fast that nothing reaches a disk: a power cut may lose acknowledged changes',
      }),
    };
  } catch (error) {
    return {
      what: 'durable writes',
      state: 'fault',
      found: `${folder} cannot be written: ${(error as Error).message}`,
      remedy: 'change its owner or mode, or set LIKENESS_DATA',
    };
  }
}

const PROBE_TIMEOUT_MS = 2000;

/** Whether the port is free, or taken by a Likeness or another program. */
export async function checkPort({ host, port, tlsCertificate }: Listening): Promise<Finding> {
  const where = `${host}:${port}`;
  const fault = await listenFault(host, port);
  if (fault === undefined) return { what: 'port', state: 'ok', found: `${where} is free` };
  if (fault === 'EADDRINUSE') {
    if (await isAlive({ host, port, tlsCertificate }))
      return { what: 'port', state: 'ok', found: `a service answers at ${where}` };
    return {
      what: 'port',
      state: 'fault',
      found: `${where} is taken by another program`,
      remedy: 'stop it, or set LIKENESS_PORT',
    };
  }
  const remedy =
    fault === 'EACCES'
      ? 'ports below 1024 need a privilege: set LIKENESS_PORT to 1024 or above'
      : 'set LIKENESS_HOST to an address of this machine';
  return { what: 'port', state: 'fault', found: `${where} cannot be opened (${fault})`, remedy };
}

interface Listening {
  readonly host: string;
  readonly port: number;
  /** Empty: plain HTTP. */
  readonly tlsCertificate: string;
}

/** Whether a service answers there; over TLS any answer of HTTP counts, for its certificate may be for another name. */
function isAlive({ host, port, tlsCertificate }: Listening): Promise<boolean> {
  const options = { host, port, path: '/health/live', timeout: PROBE_TIMEOUT_MS };
  return new Promise((done) => {
    const request =
      tlsCertificate === ''
        ? httpRequest(options)
        : httpsRequest({ ...options, rejectUnauthorized: false });
    request.on('response', ({ statusCode }) => {
      done(statusCode === 200);
      request.destroy();
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => done(false));
    request.on('close', () => done(false));
    request.end();
  });
}

function listenFault(host: string, port: number): Promise<string | undefined> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    server.listen({ host, port }, () => server.close(() => done(undefined)));
  });
}

/** Files with secrets must be there and readable by their owner alone. */
export const checkSecretFiles = (files: Readonly<Record<string, string>>): Finding[] =>
  Object.entries(files).flatMap(([setting, path]) =>
    path === '' ? [] : [checkSecretFile(setting, path)],
  );

function checkSecretFile(setting: string, path: string): Finding {
  const what = SECRET_FILES[setting] ?? setting;
  const mode = existsSync(path) ? statSync(path).mode & 0o777 : undefined;
  if (mode === undefined)
    return {
      what,
      state: 'fault',
      found: `${path} is not there`,
      remedy:
        setting === 'LIKENESS_TLS_KEY'
          ? `set ${setting} to the file`
          : `set ${setting} to the file, or make it: likeness keys create NAME --administrator`,
    };
  const open = (mode & 0o077) !== 0;
  return {
    what,
    state: open ? 'fault' : 'ok',
    found: `${path}, mode ${mode.toString(8)}`,
    ...(open && { remedy: `others can read its secrets: chmod 600 ${path}` }),
  };
}

const SECRET_FILES: Readonly<Record<string, string>> = {
  LIKENESS_KEYS_FILE: 'keys file',
  LIKENESS_MASTER_KEY_FILE: 'master key',
  LIKENESS_TLS_KEY: 'TLS key',
};

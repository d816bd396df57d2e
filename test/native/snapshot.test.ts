import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadNativeSnapshots, type SnapshotReader } from '../../src/vectors/snapshot-file.js';
import { Random } from '../vectors/data.js';
import { directions, filled, native, SHAPE } from './rows.js';

/** Damaged files tried; LIKENESS_FUZZ asks for a longer campaign. */
const RUNS = Number(process.env['LIKENESS_FUZZ'] ?? 300);

const addon = resolve(import.meta.dirname, '../../native/build/Release/likeness.node');
const found = loadNativeSnapshots();
const { Writer, Reader, mapRows, checksums } = found!;

/** Sections begin at multiples of this (native/snapshot/container.h). */
const PAGE = 65_536;

const directory = mkdtempSync(join(tmpdir(), 'likeness-snapshot-'));
afterAll(() => rmSync(directory, { recursive: true }));
const at = (name: string): string => join(directory, name);

const shared = (bytes: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(bytes));

function noise(bytes: number, seed: number): Uint8Array {
  const random = new Random(seed);
  return shared(bytes).map(() => random.below(256));
}

async function written(name: string, sections: Record<string, NodeJS.TypedArray>): Promise<string> {
  const writer = new Writer(at(`${name}.tmp`), 0);
  for (const [section, data] of Object.entries(sections)) await writer.write(section, data);
  await writer.commit(at(name));
  return at(name);
}

/** All sections, read whole. */
async function contents(path: string): Promise<Record<string, Uint8Array>> {
  const reader = new Reader(path);
  const all: Record<string, Uint8Array> = {};
  try {
    for (const { name, bytes } of reader.sections)
      await reader.read(name, (all[name] = shared(bytes)));
    return all;
  } finally {
    reader.close();
  }
}

const equal = (a: NodeJS.TypedArray, b: NodeJS.TypedArray): boolean =>
  Buffer.compare(Buffer.from(a.buffer as ArrayBuffer), Buffer.from(b.buffer as ArrayBuffer)) === 0;

/** Whether these are the same sections in the same order. */
const same = (a: Record<string, Uint8Array>, b: Record<string, Uint8Array>): boolean =>
  Object.keys(a).join() === Object.keys(b).join() &&
  Object.keys(a).every((name) => equal(a[name]!, b[name]!));

const codeOf = (work: () => unknown): unknown => {
  try {
    work();
    return 'none';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

describe.skipIf(!existsSync(addon))('snapshot files', () => {
  it.for(checksums)('have the CRC-32C that RFC 3720 gives ($name)', ({ run }) => {
    const rising = Uint8Array.from({ length: 32 }, (_, i) => i);
    expect(run(new TextEncoder().encode('123456789'), 0)).toBe(0xe3069283);
    expect(run(new Uint8Array(32), 0)).toBe(0x8a9136aa);
    expect(run(new Uint8Array(32).fill(0xff), 0)).toBe(0x62a8ab43);
    expect(run(rising, 0)).toBe(0x46dd794e);
    expect(run(rising.toReversed(), 0)).toBe(0x113fdb5c);
  });

  it('have the same checksum by every way, at any length, offset and cut', () => {
    const bytes = noise(40_000, 7);
    for (let length = 0; length < 40_000; length += length < 64 ? 1 : 611) {
      const part = bytes.subarray(length % 13, (length % 13) + length);
      const cut = length >> 1;
      const sums = checksums.flatMap(({ run }) => [
        run(part, 0),
        run(part.subarray(cut), run(part.subarray(0, cut), 0)),
      ]);
      expect(new Set(sums).size).toBe(1);
    }
  });

  it('give back what was written, section by section, whatever its length', async () => {
    const lengths = [0, 1, 4095, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE, 2_500_000];
    const sections = Object.fromEntries(lengths.map((n, i) => [`s${i}`, noise(n, n)]));
    expect(same(await contents(await written('lengths', sections)), sections)).toBe(true);
  });

  it('take a section in pieces', async () => {
    const bytes = noise(200_000, 3);
    const writer = new Writer(at('pieces.tmp'), 0);
    for (let from = 0; from < bytes.length; from += 33_333)
      await writer.write('whole', bytes.subarray(from, from + 33_333));
    await writer.write('last', new Float32Array([1, 2]));
    await expect(writer.write('whole', bytes)).rejects.toMatchObject({ code: 'SNAPSHOT_STATE' });
    await writer.commit(at('pieces'));
    expect(equal((await contents(at('pieces')))['whole']!, bytes)).toBe(true);
  });

  it('are for their owner only and take the name at the end', async () => {
    const writer = new Writer(at('late.tmp'), 0);
    await writer.write('a', shared(10));
    expect([existsSync(at('late')), statSync(at('late.tmp')).mode & 0o777]).toEqual([false, 0o600]);
    const bytes = await writer.commit(at('late'));
    expect([existsSync(at('late.tmp')), statSync(at('late')).size]).toEqual([false, bytes]);
    await expect(writer.write('b', shared(1))).rejects.toMatchObject({ code: 'SNAPSHOT_STATE' });
  });

  it('leave nothing behind when they are cancelled', async () => {
    const writer = new Writer(at('gone.tmp'), 1_000_000);
    const writing = writer.write('a', shared(8_000_000));
    writer.cancel();
    await expect(writing).rejects.toMatchObject({ code: 'SNAPSHOT_CANCELLED' });
    expect(existsSync(at('gone.tmp'))).toBe(false);
    expect(codeOf(() => writer.write('a', shared(1)))).toBe('SNAPSHOT_CANCELLED');
  });

  it('are mapped with their content, which writing to the memory does not change', async () => {
    const floats = new Float32Array(50_000).map((_, i) => i);
    const path = await written('mapped', { before: shared(10), floats });
    const whole = readFileSync(path);
    const reader = new Reader(path);
    const rows = await reader.map('floats');
    reader.close();
    expect(equal(rows, floats)).toBe(true);
    rows.fill(-1);
    expect(readFileSync(path).equals(whole)).toBe(true);
    rmSync(path);
    expect(rows[49_999]).toBe(-1);
  });

  it('refuse what they cannot do', async () => {
    const path = await written('small', { a: shared(10) });
    const reader = new Reader(path);
    expect(() => reader.read('a', shared(11))).toThrow(RangeError);
    expect(() => reader.read('a', [] as never)).toThrow(TypeError);
    expect(() => reader.read(1 as never, shared(1))).toThrow(TypeError);
    expect(codeOf(() => reader.read('b', shared(1)))).toBe('SNAPSHOT_BROKEN');
    reader.close();
    expect(codeOf(() => reader.read('a', shared(10)))).toBe('SNAPSHOT_STATE');
    expect(codeOf(() => new Reader(at('none')))).toBe('ENOENT');
    expect(codeOf(() => new Reader(directory))).toBe('SNAPSHOT_BROKEN');
    symlinkSync(path, at('link'));
    expect(codeOf(() => new Reader(at('link')))).toBe('ELOOP');
    expect(codeOf(() => new Writer(at('none/x'), 0))).toBe('ENOENT');
    expect(() => new Writer(at('x'), Number.NaN)).toThrow(TypeError);
    expect(() => (Reader as unknown as () => void)()).toThrow(TypeError);
    const stranger = Object.create(Reader.prototype as object) as SnapshotReader;
    expect(() => stranger.read('a', shared(1))).toThrow('Illegal invocation');
    const writer = new Writer(at('x'), 0);
    expect(() => writer.write('a', 'text' as never)).toThrow(TypeError);
    for (const name of ['', 'x'.repeat(40)])
      await expect(writer.write(name, shared(1))).rejects.toMatchObject({ code: 'SNAPSHOT_STATE' });
    const first = writer.write('a', shared(1));
    expect(codeOf(() => writer.write('a', shared(1)))).toBe('SNAPSHOT_STATE');
    await first;
    writer.cancel();
  });

  it('say that they are of another format, but for the one before this', async () => {
    const bytes = readFileSync(await written('other', { a: shared(10) }));
    const inFormat = (version: number): unknown => {
      const header = Buffer.from(bytes.subarray(0, PAGE));
      header.writeUInt32LE(version, 8);
      header.writeUInt32LE(0, 36);
      header.writeUInt32LE(checksums[0]!.run(header, 0), 36);
      header.copy(bytes);
      writeFileSync(at('other'), bytes);
      return codeOf(() => new Reader(at('other')));
    };
    expect([0, 1, 2, 3].map(inFormat)).toEqual([
      'SNAPSHOT_VERSION',
      'none',
      'none',
      'SNAPSHOT_VERSION',
    ]);
  });

  it(`are refused after any of ${RUNS} damages`, async () => {
    const sections = { meta: noise(300, 1), empty: shared(0), rows: noise(2 * PAGE + 77, 2) };
    const whole = readFileSync(await written('fuzzed', sections));
    const random = new Random(RUNS);
    const accepted: number[] = [];
    const failures = new Set<unknown>();
    for (let run = 0; run < RUNS; run++) {
      const damaged = damage(whole, random);
      if (damaged.equals(whole)) continue;
      writeFileSync(at('damaged'), damaged);
      await contents(at('damaged')).then(
        () => accepted.push(run),
        ({ code }: { code: unknown }) => failures.add(code),
      );
    }
    expect([accepted, [...failures]]).toEqual([[], ['SNAPSHOT_BROKEN']]);
  });

  it('end with a file that is cut while it is read', async () => {
    const path = await written('cut', { a: noise(3 * PAGE, 1) });
    const reader = new Reader(path);
    truncateSync(path, 2 * PAGE);
    await expect(reader.read('a', shared(3 * PAGE))).rejects.toMatchObject({
      code: 'SNAPSHOT_BROKEN',
    });
    reader.close();
  });

  it('lie in memory that is theirs alone', () => {
    const a = mapRows(directory, 1000);
    const b = mapRows(directory, 1000);
    a.fill(1);
    expect([a[999], b[0], b[999], b.length]).toEqual([1, 0, 0, 1000]);
    expect(() => mapRows(directory, 0)).toThrow(RangeError);
    expect(() => mapRows(directory, 2 ** 31)).toThrow(RangeError);
    expect(codeOf(() => mapRows(at('none'), 10))).toBe('ENOENT');
  });

  it('fail with the reason on a full disk, leaving nothing behind', ({ skip }) => {
    const script = `
      const { snapshots } = require(${JSON.stringify(addon)});
      const { readdirSync } = require('node:fs');
      const codes = [];
      try { snapshots.mapRows('.', 4 << 20) } catch ({ code }) { codes.push(code) }
      const writer = new snapshots.Writer('a.tmp', 0);
      writer.write('a', new Uint8Array(8 << 20)).then(() => writer.commit('a')).catch(({ code }) => codes.push(code))
        .then(() => { writer.cancel(); console.log(JSON.stringify([codes, readdirSync('.')])) });`;
    const disk = at('disk');
    const mount = `mkdir -p ${disk} && mount -t tmpfs -o size=2m none ${disk} && cd ${disk} && exec "$0" -e "$1"`;
    const run = spawnSync('unshare', ['-rm', 'sh', '-c', mount, process.execPath, script], {
      encoding: 'utf8',
    });
    if (run.error || /unshare|mount/.test(run.stderr)) skip('a small disk cannot be made here');
    expect([run.stdout.trim(), run.stderr]).toEqual(['[["ENOSPC","ENOSPC"],[]]', '']);
  });
});

/** Another file: bits turned, bytes overwritten, cut off, put in or moved. */
function damage(whole: Buffer, random: Random): Buffer {
  const copy = Buffer.from(whole);
  const place = (): number => random.below(copy.length);
  switch (random.below(6)) {
    case 0:
      copy[place()]! ^= 1 << random.below(8);
      return copy;
    case 1:
      return copy.subarray(0, place());
    case 2:
      return Buffer.concat([copy, copy.subarray(place())]);
    case 3: {
      const from = place();
      return copy.fill(random.below(256), from, from + 1 + random.below(10_000));
    }
    case 4: {
      // Among the numbers of the header and of the table, where most of a file's meaning lies.
      const [from, size] = random.below(2) ? [0, 40] : [copy.length - 192, 192];
      copy[from + random.below(size)] = random.below(256);
      return copy;
    }
    default: {
      const from = place();
      copy.copyWithin(place(), from, from + random.below(PAGE));
      return copy;
    }
  }
}

describe.skipIf(!found)('the snapshot of a graph', () => {
  it('names only nodes it holds, though more are given and linked while it is written', async () => {
    const vectors = directions(2000, 16, 9);
    const rows = await filled(vectors.slice(0, 1000));
    for (const vector of vectors.slice(1000)) rows.put(vector);
    // Slow enough that the links are written when all others have been linked.
    const writer = new Writer(at('grown.tmp'), 1_000_000);
    const saved = found!.saveGraph(writer, 'face', rows.graph, 2000);
    rows.graph.give(Uint32Array.from({ length: 1000 }, (_, i) => 1000 + i));
    await rows.linked();
    await saved;
    await writer.commit(at('grown'));
    const again = new native!.Graph(rows.table, SHAPE);
    const missing = await found!.restoreGraph(new Reader(at('grown')), 'face', again, 2000);
    // The half that was there, but for a few that only lines of keepers through the other half led to.
    expect(again.size + missing.filter((ordinal) => ordinal < 1000).length).toBe(1000);
  });
});

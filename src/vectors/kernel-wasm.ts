import { checkArguments } from './kernel-arguments.js';
import { loadWasm, type WasmModule } from './kernel-wasm-module.js';
import type { CodedKernel, Kernel } from './kernels.js';

/** Rows are copied into the module's memory in chunks of this size: the first still lies in the L2 cache. */
const CHUNK_BYTES = 2 ** 18;

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;

/**
 * The kernel for a host without the native addon: the same sources in WebAssembly's 128-bit SIMD. Rows lie
 * outside the module's memory and are copied in by the chunk, which costs more than scoring them; searching
 * by codes copies a quarter of the bytes.
 */
export function wasmKernel(): Kernel {
  const wasm = loadWasm();
  return {
    name: 'wasm',

    dotMany(query, rows, out) {
      checkArguments.dotMany(query, rows, out);
      const dimension = query.length;
      scoreRows(wasm, { query, out }, (room, start, end) => {
        room.set(rows.subarray(start * dimension, end * dimension));
      });
    },

    dotGather(query, rows, ordinals, out) {
      checkArguments.dotGather(query, rows, ordinals, out);
      const dimension = query.length;
      scoreRows(wasm, { query, out }, (room, start, end) => {
        for (let i = start; i < end; i++) {
          const from = ordinals[i]! * dimension;
          room.set(rows.subarray(from, from + dimension), (i - start) * dimension);
        }
      });
    },

    topK: topK(wasm),
    coded: { name: 'wasm', encode: encode(wasm), topK: codedTopK(wasm) },
  };
}

/** Scores rows that `fill` puts into the module's memory, numbers `start` to `end` of them. */
function scoreRows(
  { run, memory }: WasmModule,
  { query, out }: { query: Float32Array; out: Float32Array },
  fill: (room: Float32Array, start: number, end: number) => void,
): void {
  const dimension = query.length;
  const rowBytes = dimension * FLOAT_BYTES;
  const chunk = Math.min(out.length, rowsPerChunk(rowBytes));
  const [queryAt, rowsAt, outAt] = memory.layout(rowBytes, chunk * rowBytes, chunk * FLOAT_BYTES);
  memory.floats(queryAt, dimension).set(query);
  const room = memory.floats(rowsAt, chunk * dimension);
  const scores = memory.floats(outAt, chunk);
  inChunks(out.length, rowBytes, (start, end) => {
    fill(room, start, end);
    run.dotMany(queryAt, dimension, rowsAt, end - start, outAt);
    out.set(scores.subarray(0, end - start), start);
  });
}

function topK(wasm: WasmModule): Kernel['topK'] {
  const { run, memory } = wasm;
  // oxlint-disable-next-line max-params -- the native function's signature
  return (query, rows, live, floor, ordinals, scores) => {
    checkArguments.topK(query, rows, live, floor, ordinals, scores);
    const dimension = query.length;
    const rowBytes = dimension * FLOAT_BYTES;
    const chunk = Math.min(live.length, rowsPerChunk(rowBytes));
    const capacity = Math.min(scores.length, live.length);
    const [queryAt, rowsAt, liveAt, ordinalsAt, scoresAt] = memory.layout(
      rowBytes,
      chunk * rowBytes,
      chunk,
      capacity * FLOAT_BYTES,
      capacity * FLOAT_BYTES,
    );
    memory.floats(queryAt, dimension).set(query);
    run.begin(ordinalsAt, scoresAt, capacity, floor);
    inChunks(live.length, rowBytes, (start, end) => {
      const part = rows.subarray(start * dimension, end * dimension);
      memory.floats(rowsAt, part.length).set(part);
      memory.bytes(liveAt, end - start).set(live.subarray(start, end));
      run.offerRows(queryAt, dimension, rowsAt, liveAt, end - start, start);
    });
    return memory.found(run.finish(), { ordinalsAt, scoresAt, ordinals, scores });
  };
}

function encode(wasm: WasmModule): CodedKernel['encode'] {
  const { run, memory } = wasm;
  return (row, codes, scales, at) => {
    checkArguments.encode(row, codes, scales, at);
    const dimension = row.length;
    const [rowAt, scalesAt, codesAt] = memory.layout(dimension * FLOAT_BYTES, 8, dimension);
    memory.floats(rowAt, dimension).set(row);
    if (!run.encodeRow(rowAt, dimension, codesAt, scalesAt))
      throw new RangeError('row must be a vector of length at most 1.01');
    codes.set(memory.bytes(codesAt, dimension), at * dimension);
    scales.set(memory.floats(scalesAt, 2), at * 2);
  };
}

function codedTopK(wasm: WasmModule): CodedKernel['topK'] {
  const { run, memory } = wasm;
  // oxlint-disable-next-line max-params -- the native function's signature
  return (query, rows, codes, scales, live, floor, ordinals, scores) => {
    checkArguments.codedTopK(query, rows, codes, scales, live, floor, ordinals, scores);
    const dimension = query.length;
    const chunk = Math.min(live.length, rowsPerChunk(dimension));
    const capacity = Math.min(scores.length, live.length);
    const [queryAt, rowAt, codesAt, scalesAt, liveAt, ordinalsAt, scoresAt] = memory.layout(
      dimension * FLOAT_BYTES,
      dimension * FLOAT_BYTES,
      chunk * dimension,
      chunk * 2 * FLOAT_BYTES,
      chunk,
      capacity * FLOAT_BYTES,
      capacity * FLOAT_BYTES,
    );
    memory.floats(queryAt, dimension).set(query);
    const room = memory.floats(rowAt, dimension);
    wasm.fetchRow = (row) => {
      room.set(rows.subarray(row * dimension, (row + 1) * dimension));
    };
    run.encodeQuery(queryAt, dimension);
    run.begin(ordinalsAt, scoresAt, capacity, floor);
    inChunks(live.length, dimension, (start, end) => {
      const count = end - start;
      const part = codes.subarray(start * dimension, end * dimension);
      memory.bytes(codesAt, part.length).set(part);
      memory.floats(scalesAt, count * 2).set(scales.subarray(start * 2, end * 2));
      memory.bytes(liveAt, count).set(live.subarray(start, end));
      run.offerCodes(queryAt, dimension, codesAt, scalesAt, liveAt, count, start, rowAt);
    });
    // Lets go of the rows.
    wasm.fetchRow = () => undefined;
    return memory.found(run.finish(), { ordinalsAt, scoresAt, ordinals, scores });
  };
}

/** Runs `use` on one chunk of rows after the other; `rowBytes` is what a row takes of the memory. */
function inChunks(
  count: number,
  rowBytes: number,
  use: (start: number, end: number) => void,
): void {
  const step = rowsPerChunk(rowBytes);
  for (let start = 0; start < count; start += step) use(start, Math.min(start + step, count));
}

const rowsPerChunk = (rowBytes: number): number => Math.max(1, Math.floor(CHUNK_BYTES / rowBytes));

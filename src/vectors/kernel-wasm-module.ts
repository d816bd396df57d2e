import { readFileSync } from 'node:fs';

interface Memory {
  readonly buffer: ArrayBuffer;
  readonly grow: (pages: number) => number;
}

/** What is used of the global that Node has and its type definitions lack. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

/** Made of native/wasm/likeness.cc by native/wasm/build.mjs. */
const MODULE = new URL('../../native/wasm/likeness.wasm', import.meta.url);

const PAGE_BYTES = 2 ** 16;

/** The module's functions; every argument but `floor` is an address or a count. */
interface Functions {
  readonly memory: Memory;
  readonly __heap_base: { readonly value: number };
  readonly dotMany: (...counts: number[]) => void;
  readonly begin: (ordinals: number, scores: number, capacity: number, floor: number) => void;
  readonly offerRows: (...counts: number[]) => void;
  readonly encodeQuery: (query: number, dimension: number) => void;
  readonly offerCodes: (...counts: number[]) => void;
  readonly finish: () => number;
  readonly encodeRow: (row: number, dimension: number, codes: number, scales: number) => number;
}

/** One instance of the module, its functions and its memory. */
export interface WasmModule {
  readonly run: Functions;
  readonly memory: Scratch;
  /** Called by offerCodes: copies the floats of a row to where they are wanted. */
  fetchRow: (row: number) => void;
}

/** Compiles the module and makes an instance of it, which takes about a millisecond. */
export function loadWasm(): WasmModule {
  const compiled = new WebAssembly.Module(readFileSync(MODULE));
  const fetch = (row: number): void => wasm.fetchRow(row);
  const run = new WebAssembly.Instance(compiled, { host: { fetch } }).exports as Functions;
  const wasm: WasmModule = { run, memory: new Scratch(run), fetchRow: () => undefined };
  return wasm;
}

/** The part of the module's memory that calls lay out anew each time. It grows to the largest call and stays. */
export class Scratch {
  readonly #memory: Memory;
  readonly #base: number;

  constructor({ memory, __heap_base: base }: Functions) {
    this.#memory = memory;
    this.#base = base.value;
  }

  /** Addresses of areas of these sizes in bytes. RangeError beyond the 4 GiB of a module. */
  layout<Sizes extends number[]>(...sizes: Sizes): Sizes {
    let end = this.#base;
    const addresses = sizes.map((size) => {
      const at = Math.ceil(end / 16) * 16;
      end = at + size;
      return at;
    });
    const missing = end - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
    return addresses as Sizes;
  }

  floats(at: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, at, length);
  }

  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, at, length);
  }

  /** Copies the results of a search out and returns their number. */
  found(
    count: number,
    {
      ordinalsAt,
      scoresAt,
      ordinals,
      scores,
    }: { ordinalsAt: number; scoresAt: number; ordinals: Uint32Array; scores: Float32Array },
  ): number {
    ordinals.set(new Uint32Array(this.#memory.buffer, ordinalsAt, count));
    scores.set(this.floats(scoresAt, count));
    return count;
  }
}

// Makes likeness.wasm of likeness.cc: `node native/wasm/build.mjs [output]`. Needs clang and wasm-ld
// (Debian: clang lld). The result is kept in the repository, so that no host needs them; run it again after
// a change to the sources, with clang 14: the test that compares the bytes knows no other.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

const FOLDER = import.meta.dirname;

const FLAGS = [
  '--target=wasm32',
  '-std=c++17',
  '-O3',
  '-msimd128',
  '-mbulk-memory',
  '-ffreestanding',
  '-fno-exceptions',
  '-fno-rtti',
  '-fno-ident',
  '-nostdlib',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Wl,--no-entry',
  '-Wl,--strip-all',
  '-Wl,--export=__heap_base',
  '-Wl,-z,stack-size=65536',
];

const output = resolve(process.argv[2] ?? resolve(FOLDER, 'likeness.wasm'));
execFileSync('clang', [...FLAGS, 'likeness.cc', '-o', output], { cwd: FOLDER, stdio: 'inherit' });

#!/bin/sh
# Runs check.cc: `native/kernels/check.sh` for this machine, `native/kernels/check.sh aarch64` for another one by its
# cross compiler and qemu (Debian: g++-aarch64-linux-gnu qemu-user-static). Exit code 77: one of these is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
machine=${1:-$(uname -m)}
compiler=${CXX:-g++}
emulator=
if [ "$machine" != "$(uname -m)" ]; then
  compiler=$machine-linux-gnu-g++
  emulator=qemu-$machine-static
fi
for program in "$compiler" $emulator; do
  command -v "$program" >/dev/null || { echo "$program is missing" >&2; exit 77; }
done
case $machine in
  x86_64) kernels='*_scalar.cc *_avx2.cc *_avx512*.cc' ;;
  aarch64 | arm64) kernels='*_scalar.cc *_neon*.cc' ;;
  *) kernels='*_scalar.cc' ;;
esac
cd "$here"
# shellcheck disable=SC2086
"$compiler" -std=c++17 -O2 -static $kernels check.cc ../dispatch.cc ../kernel_set.cc ../scan.cc \
  ../coded_scan.cc ../all_pairs.cc -o "$work/check"
$emulator "$work/check"

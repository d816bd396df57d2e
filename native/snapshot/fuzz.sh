#!/bin/sh
# Compiles the reading of snapshots with AddressSanitizer and UndefinedBehaviorSanitizer and gives it damaged ones.
# Usage: native/snapshot/fuzz.sh [runs]. Exit code 77: there is no compiler for it.
set -eu
runs=${1:-1000}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compile() {
  "${CXX:-g++}" -std=c++17 -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all -pthread \
    -fsanitize=address,undefined "$@"
}
echo 'int main() { return 0; }' > "$work/probe.cc"
if ! compile "$work/probe.cc" -o "$work/probe" 2>/dev/null || ! "$work/probe" 2>/dev/null; then
  echo "no C++ compiler with the address sanitizer" >&2
  exit 77
fi
case $(uname -m) in
  x86_64) kernels='*_scalar.cc *_avx2.cc *_avx512*.cc' ;;
  aarch64 | arm64) kernels='*_scalar.cc *_neon*.cc' ;;
  *) kernels='*_scalar.cc' ;;
esac
cd "$here/../kernels"
# shellcheck disable=SC2086
compile $kernels ../dispatch.cc ../kernel_set.cc ../scan.cc ../coded_scan.cc ../table/pages.cc ../table/table.cc \
  ../table/queries.cc ../table/table_snapshot.cc ../graph/nodes.cc ../graph/beam.cc ../graph/graph.cc \
  ../graph/graph_search.cc ../graph/graph_snapshot.cc ../snapshot/crc32c.cc ../snapshot/writer.cc \
  ../snapshot/reader.cc ../snapshot/mapping.cc ../snapshot/fuzz.cc -o "$work/fuzz"
cd "$work"
"$work/fuzz" "$runs" "$work/snapshot"

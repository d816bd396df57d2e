#!/bin/sh
# Compiles table and graph with a sanitizer and lets many threads use them at once.
# Usage: native/graph/stress.sh thread|address [rows] [dimension]. Exit code 77: there is no compiler for it.
set -eu
sanitizer=$1
rows=${2:-4000}
dimension=${3:-24}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $sanitizer in
  thread) flags=-fsanitize=thread ;;
  address) flags=-fsanitize=address,undefined ;;
  *) echo "usage: $0 thread|address [rows] [dimension]" >&2; exit 2 ;;
esac
compile() {
  "${CXX:-g++}" -std=c++17 -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all -pthread $flags "$@"
}
echo 'int main() { return 0; }' > "$work/probe.cc"
if ! compile "$work/probe.cc" -o "$work/probe" 2>/dev/null || ! "$work/probe" 2>/dev/null; then
  echo "no C++ compiler with the $sanitizer sanitizer" >&2
  exit 77
fi
case $(uname -m) in
  x86_64) kernels='*_scalar.cc *_avx2.cc *_avx512*.cc' ;;
  aarch64 | arm64) kernels='*_scalar.cc *_neon*.cc' ;;
  *) kernels='*_scalar.cc' ;;
esac
cd "$here/../kernels"
# shellcheck disable=SC2086
compile $kernels ../dispatch.cc ../kernel_set.cc ../table/pages.cc ../table/table.cc ../table/queries.cc \
  ../table/flat.cc ../graph/nodes.cc ../graph/beam.cc ../graph/graph.cc ../graph/graph_search.cc \
  ../graph/pool.cc ../graph/stress.cc -o "$work/stress"
TSAN_OPTIONS=halt_on_error=1 "$work/stress" "$rows" "$dimension"

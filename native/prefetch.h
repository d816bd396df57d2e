// Asking for memory ahead of its use. Uses no library, so that it is also part of the WebAssembly build,
// where it does nothing.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace likeness {

// How far ahead of a scan: two pages, because the hardware's own prefetchers stop at the end of one. On a
// Zen 5 the scan of codes at 512 dimensions takes 1.2 ms with it and 2.3 ms without; one page gains half
// of that, four no more.
constexpr size_t kScanAheadBytes = 8192;

// Asks for `bytes` bytes. They need not exist.
inline void prefetch(const void* start, size_t bytes) {
  constexpr size_t line = 64;
  for (size_t at = 0; at < bytes; at += line) {
    __builtin_prefetch(static_cast<const char*>(start) + at);
  }
}

// Asks for `bytes` bytes from kScanAheadBytes after `start` on. They need not exist.
inline void prefetch_ahead(const void* start, size_t bytes) {
  const uintptr_t first = reinterpret_cast<uintptr_t>(start) + kScanAheadBytes;
  prefetch(reinterpret_cast<const void*>(first), bytes);
}

}  // namespace likeness

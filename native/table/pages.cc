#include "pages.h"

#include <cstdint>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// The sanitizers watch what malloc gives more closely than mapped memory.
#define LIKENESS_MAP 0
#elif defined(__unix__) || defined(__APPLE__)
#define LIKENESS_MAP 1
#include <sys/mman.h>
#else
#define LIKENESS_MAP 0
#endif

namespace likeness {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
// A multiple of the pages that systems have (4 to 64 kB).
constexpr std::size_t kWholePages = std::size_t{64} << 10;

void* aligned(void* address, std::size_t to) {
  const auto value = reinterpret_cast<std::uintptr_t>(address);
  return reinterpret_cast<void*>((value + to - 1) / to * to);
}

constexpr std::size_t whole_huge_pages(std::size_t bytes) {
  return (bytes + kHugePage - 1) / kHugePage * kHugePage;
}

}  // namespace

void prefer_huge_pages(const void* start, std::size_t bytes, bool move) {
#if LIKENESS_MAP && defined(MADV_HUGEPAGE)
  const auto first = reinterpret_cast<std::uintptr_t>(start);
  const std::uintptr_t begin = whole_huge_pages(first), end = (first + bytes) / kHugePage * kHugePage;
  if (begin >= end) return;
  auto* const at = reinterpret_cast<void*>(begin);
  // Refused where there are none, or where this is a file: then nothing is lost.
  madvise(at, end - begin, MADV_HUGEPAGE);
#if defined(__linux__)
  // MADV_COLLAPSE of Linux 6.1, which older headers lack.
  if (move) madvise(at, end - begin, 25);
#endif
#else
  static_cast<void>(start), static_cast<void>(bytes), static_cast<void>(move);
#endif
}

void touch_pages(const void* start, std::size_t bytes) {
#if LIKENESS_MAP && defined(__linux__)
  const auto first = reinterpret_cast<std::uintptr_t>(start);
  const std::uintptr_t begin = (first + kWholePages - 1) / kWholePages * kWholePages, end = (first + bytes) / kWholePages * kWholePages;
  // MADV_POPULATE_WRITE of Linux 5.14, which older headers lack; refused by older systems, and then nothing is lost.
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, 23);
#else
  static_cast<void>(start), static_cast<void>(bytes);
#endif
}

Pages::Pages(std::size_t bytes) {
#if LIKENESS_MAP
  if (bytes >= kHugePage) {
    // What the alignment leaves over is never touched, and so takes no memory.
    mapped_ = whole_huge_pages(bytes) + kHugePage;
    base_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED) throw std::bad_alloc();
    data_ = aligned(base_, kHugePage);
    // Random reads cost about a fifth less from huge pages, and in some virtual machines many times less.
    prefer_huge_pages(data_, whole_huge_pages(bytes));
    return;
  }
#endif
  base_ = std::calloc(bytes + kLine, 1);
  if (!base_) throw std::bad_alloc();
  data_ = aligned(base_, kLine);
}

Pages::~Pages() {
#if LIKENESS_MAP
  if (mapped_ > 0) {
    munmap(base_, mapped_);
    return;
  }
#endif
  std::free(base_);
}

}  // namespace likeness

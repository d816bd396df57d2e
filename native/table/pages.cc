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

void* aligned(void* address, std::size_t to) {
  const auto value = reinterpret_cast<std::uintptr_t>(address);
  return reinterpret_cast<void*>((value + to - 1) / to * to);
}

}  // namespace

Pages::Pages(std::size_t bytes) {
#if LIKENESS_MAP
  if (bytes >= kHugePage) {
    // What the alignment leaves over is never touched, and so takes no memory.
    mapped_ = bytes + kHugePage;
    base_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED) throw std::bad_alloc();
    data_ = aligned(base_, kHugePage);
#if defined(MADV_HUGEPAGE)
    // Random reads cost about a fifth less from huge pages; where there are none nothing is lost.
    madvise(data_, bytes, MADV_HUGEPAGE);
#endif
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

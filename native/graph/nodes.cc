#include "nodes.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>

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

constexpr std::size_t kLine = 64;
// Upper lists are given out of blocks of this many links.
constexpr std::size_t kUpperBlock = 1u << 16;
constexpr std::size_t kChunks = kMaxNodes / kChunkNodes;

std::size_t rounded(std::size_t bytes) { return (bytes + kLine - 1) / kLine * kLine; }

}  // namespace

Pages::Pages(std::size_t bytes) : bytes_(bytes) {
#if LIKENESS_MAP
  base_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base_ == MAP_FAILED) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
  // Random reads cost about a fifth less from huge pages; where there are none nothing is lost.
  madvise(base_, bytes, MADV_HUGEPAGE);
#endif
  data_ = base_;
#else
  base_ = std::calloc(bytes + kLine, 1);
  if (!base_) throw std::bad_alloc();
  const auto address = reinterpret_cast<std::uintptr_t>(base_);
  data_ = reinterpret_cast<void*>((address + kLine - 1) / kLine * kLine);
#endif
}

Pages::~Pages() {
#if LIKENESS_MAP
  munmap(base_, bytes_);
#else
  std::free(base_);
#endif
}

Nodes::Nodes(std::size_t dimension, std::uint32_t links)
    : dimension_(dimension), stride_(rounded(dimension)), links_(links), chunks_(new Chunk[kChunks]) {}

void* Nodes::take(std::size_t bytes) {
  auto pages = std::make_unique<Pages>(bytes);
  void* data = pages->data();
  pages_.push_back(std::move(pages));
  return data;
}

void Nodes::add_chunks(std::uint32_t count) {
  if (count > kMaxNodes) throw std::length_error("a graph holds at most 2^28 nodes");
  while (static_cast<std::size_t>(chunk_count_) * kChunkNodes < count) {
    // One block for all: a failure half-way must not leave parts behind.
    const std::size_t codes = stride_ * kChunkNodes;
    const std::size_t links = rounded(2 * links_ * sizeof(Link) * kChunkNodes);
    const std::size_t facts = sizeof(CodeFacts) * kChunkNodes;
    const std::size_t upper = sizeof(Link*) * kChunkNodes;
    const std::size_t keepers = sizeof(Link) * kChunkNodes;
    const std::size_t marks = 3 * kChunkNodes;
    auto* at = static_cast<std::uint8_t*>(take(codes + links + facts + upper + keepers + marks));
    Chunk chunk;
    chunk.codes = at;
    chunk.links = reinterpret_cast<Link*>(at += codes);
    chunk.facts = reinterpret_cast<CodeFacts*>(at += links);
    chunk.upper = reinterpret_cast<Link**>(at += facts);
    chunk.keepers = reinterpret_cast<Link*>(at += upper);
    chunk.levels = at += keepers;
    chunk.locks = reinterpret_cast<std::atomic<std::uint8_t>*>(at += kChunkNodes);
    chunk.dead = reinterpret_cast<std::atomic<std::uint8_t>*>(at += kChunkNodes);
    chunks_[chunk_count_++] = chunk;
  }
}

void Nodes::place_upper(const std::vector<std::uint8_t>& levels, std::size_t lists) {
  const std::size_t wanted = lists * links_;
  if (wanted > upper_left_) {
    const std::size_t taken = std::max(wanted, kUpperBlock);
    upper_free_ = static_cast<Link*>(take(taken * sizeof(Link)));
    upper_left_ = taken;
  }
  upper_left_ -= wanted;
  for (const std::uint8_t level : levels) {
    const Chunk& in = chunk(count_);
    const std::size_t row = count_ & (kChunkNodes - 1);
    in.levels[row] = level;
    in.upper[row] = upper_free_;
    upper_free_ += static_cast<std::size_t>(level) * links_;
    ++count_;
  }
}

}  // namespace likeness

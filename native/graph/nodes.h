// The memory of a graph: for each node its int8 code, its links on every level and its marks.
//
// Nodes lie in chunks that never move, so that readers need no lock while the graph grows. Nothing here
// is checked but the limits of growth; the graph passes ids it has given out.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace likeness {

constexpr std::uint32_t kChunkBits = 16;
constexpr std::uint32_t kChunkNodes = 1u << kChunkBits;
// Ids leave the upper four bits of a word free for the marks of a beam.
constexpr std::uint32_t kMaxNodes = 1u << 28;
constexpr int kMaxLevel = 15;

// A link: the id of the node plus one; 0 is an empty place, so that fresh memory is a list of nothing.
using Link = std::atomic<std::uint32_t>;

// What turns the dot product of two codes into a cosine.
struct CodeFacts {
  float scale;
  // Sum of the signed codes.
  std::int32_t sum;
};

// Zeroed memory, aligned to a cache line, in huge pages where the system has them.
class Pages {
 public:
  // std::bad_alloc when there is no memory.
  explicit Pages(std::size_t bytes);
  ~Pages();
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  void* data() const { return data_; }

 private:
  void* base_;
  void* data_;
  std::size_t bytes_;
};

class Nodes {
 public:
  // `links`: places of an upper list; the lowest level has twice as many.
  Nodes(std::size_t dimension, std::uint32_t links);

  // Makes room for nodes up to `count`, and lists for the new ones up to the level `level_of` gives.
  // std::bad_alloc or std::length_error leave everything as it was. One thread at a time.
  template <typename LevelOf>
  void grow(std::uint32_t count, LevelOf level_of) {
    add_chunks(count);
    std::vector<std::uint8_t> levels;
    levels.reserve(count - count_);
    std::size_t lists = 0;
    for (std::uint32_t id = count_; id < count; ++id) {
      levels.push_back(level_of(id));
      lists += levels.back();
    }
    place_upper(levels, lists);
  }

  std::uint32_t count() const { return count_; }
  // Memory of one node, without the few that have upper lists.
  std::size_t node_bytes() const {
    return stride_ + 2 * links_ * sizeof(Link) + sizeof(CodeFacts) + sizeof(Link*) +
           sizeof(Link) + 3;
  }
  std::size_t dimension() const { return dimension_; }
  // Bytes of a code with its padding of zeros (128), a multiple of a cache line.
  std::size_t stride() const { return stride_; }
  std::uint32_t places(int level) const { return level == 0 ? 2 * links_ : links_; }

  std::uint8_t* code(std::uint32_t id) const {
    return chunk(id).codes + static_cast<std::size_t>(id & (kChunkNodes - 1)) * stride_;
  }
  CodeFacts& facts(std::uint32_t id) const { return chunk(id).facts[id & (kChunkNodes - 1)]; }
  Link* list(std::uint32_t id, int level) const {
    const Chunk& in = chunk(id);
    const std::size_t row = id & (kChunkNodes - 1);
    if (level == 0) return in.links + row * 2 * links_;
    return in.upper[row] + static_cast<std::size_t>(level - 1) * links_;
  }
  int level(std::uint32_t id) const { return chunk(id).levels[id & (kChunkNodes - 1)]; }
  // A link to the node that keeps this one in its list on the lowest level for good.
  Link& keeper(std::uint32_t id) const { return chunk(id).keepers[id & (kChunkNodes - 1)]; }
  std::atomic<std::uint8_t>& lock(std::uint32_t id) const {
    return chunk(id).locks[id & (kChunkNodes - 1)];
  }
  std::atomic<std::uint8_t>& dead(std::uint32_t id) const {
    return chunk(id).dead[id & (kChunkNodes - 1)];
  }

 private:
  struct Chunk {
    std::uint8_t* codes;
    Link* links;
    CodeFacts* facts;
    Link** upper;
    Link* keepers;
    std::uint8_t* levels;
    std::atomic<std::uint8_t>* locks;
    std::atomic<std::uint8_t>* dead;
  };

  const Chunk& chunk(std::uint32_t id) const { return chunks_[id >> kChunkBits]; }
  void add_chunks(std::uint32_t count);
  void place_upper(const std::vector<std::uint8_t>& levels, std::size_t lists);
  void* take(std::size_t bytes);

  std::size_t dimension_;
  std::size_t stride_;
  std::uint32_t links_;
  std::uint32_t count_ = 0;
  std::size_t chunk_count_ = 0;
  Link* upper_free_ = nullptr;
  std::size_t upper_left_ = 0;
  // Of fixed length, so that a reader never sees it move.
  std::unique_ptr<Chunk[]> chunks_;
  std::vector<std::unique_ptr<Pages>> pages_;
};

}  // namespace likeness

// The links of a graph's nodes, which are rows of a table and known by their ordinals.
//
// They lie in segments like the rows, which never move, so that readers need no lock while the graph grows.
// Nothing here is checked but the limits of growth.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "../table/pages.h"
#include "../table/segments.h"

namespace likeness {

constexpr int kMaxLevel = 15;

// A link: the id of the node plus one; 0 is an empty place, so that fresh memory is a list of nothing.
using Link = std::atomic<std::uint32_t>;

class Nodes {
 public:
  // `links`: places of an upper list; the lowest level has twice as many.
  explicit Nodes(std::uint32_t links);

  // Makes room for the nodes below `count`. Fails as Directory::add does. One thread at a time.
  void grow(std::uint32_t count);

  std::size_t bytes() const { return bytes_; }
  std::uint32_t segments() const { return segments_.size(); }
  std::uint32_t links() const { return links_; }
  std::uint32_t places(int level) const { return level == 0 ? 2 * links_ : links_; }

  Link* list(std::uint32_t id, int level) const {
    const Segment& in = segment(id);
    const std::size_t row = id - in.base;
    if (level == 0) return in.links + row * 2 * links_;
    return in.upper + (in.upper_at[row] + static_cast<std::size_t>(level - 1)) * links_;
  }
  // Depends on the id alone.
  int level(std::uint32_t id) const {
    const Segment& in = segment(id);
    return in.levels[id - in.base];
  }
  // A link to the node that keeps this one in its list on the lowest level for good.
  Link& keeper(std::uint32_t id) const {
    const Segment& in = segment(id);
    return in.keepers[id - in.base];
  }
  std::atomic<std::uint8_t>& lock(std::uint32_t id) const {
    const Segment& in = segment(id);
    return in.locks[id - in.base];
  }
  // Whether the node was ever given to the graph; for the thread that gives.
  std::uint8_t& given(std::uint32_t id) const {
    const Segment& in = segment(id);
    return in.given[id - in.base];
  }

 private:
  struct Segment {
    std::uint32_t base;
    Link* links;
    // The upper lists of all its nodes, one behind the other, and the number of the first of each node.
    Link* upper;
    std::uint32_t* upper_at;
    Link* keepers;
    std::uint8_t* levels;
    std::atomic<std::uint8_t>* locks;
    std::uint8_t* given;
  };

  const Segment& segment(std::uint32_t id) const { return segments_[segment_of(id)]; }
  int level_of(std::uint32_t id) const;
  void add_segment();

  std::uint32_t links_;
  double level_factor_;
  Directory<Segment> segments_;
  std::vector<std::unique_ptr<Pages>> pages_;
  std::size_t bytes_ = 0;
};

// splitmix64: numbers that look like chance and depend on `x` alone.
std::uint64_t mixed(std::uint64_t x);

}  // namespace likeness

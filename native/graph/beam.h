// What one search or insert needs while it runs, kept by its thread for the next one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../table/sieve.h"

namespace likeness {

// A node and how near it is: the cosine of the codes.
struct Candidate {
  float score;
  std::uint32_t id;
};

// Whose links were followed, and whose row was deleted or is not wanted: marks in the upper bits of a
// beam's ids.
constexpr std::uint32_t kExpanded = 1u << 31;
constexpr std::uint32_t kDead = 1u << 30;
constexpr std::uint32_t kIdMask = kDead - 1;

// The nearest nodes met, best first. Deleted ones are kept as way-stations but do not count: the beam
// ends at its ef-th node that is alive, however many deleted ones stand before it.
class Beam {
 public:
  void clear(std::size_t ef) {
    ef_ = ef;
    live_ = size_ = 0;
    if (entries_.size() < ef + kSlack) entries_.resize(ef + kSlack);
  }
  bool wants(float score) const { return live_ < ef_ || score > entries_[size_ - 1].score; }
  // Where it was put.
  std::size_t add(float score, std::uint32_t id, bool dead);
  std::size_t size() const { return size_; }
  Candidate& operator[](std::size_t at) { return entries_[at]; }
  const Candidate* begin() const { return entries_.data(); }

 private:
  static constexpr std::size_t kSlack = 8;
  std::vector<Candidate> entries_;
  std::size_t ef_ = 0;
  std::size_t size_ = 0;
  std::size_t live_ = 0;
};

// Which nodes a search has met: a bit each, so that those of a million nodes lie in the nearer caches.
class Visited {
 public:
  // Forgets all; ids from `nodes` on (inserted after the search began) count as met.
  void clear(std::size_t nodes) {
    nodes_ = nodes;
    words_.assign(nodes / 64 + 1, 0);
  }
  // True the first time. Without a branch, which would be guessed wrong every other time.
  bool meet(std::uint32_t id) {
    const bool inside = id < nodes_;
    std::uint64_t& word = words_[inside ? id / 64 : 0];
    const std::uint64_t bit = static_cast<std::uint64_t>(inside) << (id % 64);
    const bool fresh = inside & ((word & bit) == 0);
    word |= bit;
    return fresh;
  }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t nodes_ = 0;
};

struct Scratch {
  Beam beam;
  Visited visited;
  // Nodes scored so far, counted on the lowest level.
  std::size_t scored = 0;
  // Signed codes with the padding of the rows: the one inserted, and those chosen for a list.
  std::vector<std::int8_t> query;
  std::vector<std::int8_t> others;
  std::vector<Candidate> candidates;
  std::vector<Candidate> found;
  std::vector<std::vector<std::uint32_t>> chosen;
  // Where the heaps of a search put what they hold.
  std::vector<std::uint32_t> ordinals;
  std::vector<float> scores;
  std::vector<std::uint8_t> marks;
  // What its sieves hold.
  std::vector<double> lower;
  std::vector<Contender> contenders;
};

}  // namespace likeness

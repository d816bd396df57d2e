// The queries of one call: what is looked for, copied, and what was found for each.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../graph/beam.h"
#include "table.h"

namespace likeness {

struct Hit {
  std::uint32_t ordinal;
  float score;
};

// Higher score first, of equal ones the lower ordinal.
inline bool before(const Hit& a, const Hit& b) {
  return a.score != b.score ? a.score > b.score : a.ordinal < b.ordinal;
}

class Queries {
 public:
  // `vectors`: unit vectors end to end, one for each limit and floor.
  Queries(const Table& table, const float* vectors, const std::uint32_t* limits, const double* floors,
          std::size_t count);
  Queries(const Queries&) = delete;
  Queries& operator=(const Queries&) = delete;

  // Only rows that are admitted are found; bit i of the copied bytes is for ordinal i.
  void admit(const std::uint8_t* bits, std::size_t bytes);
  // nullptr: all rows may be found.
  const Filter* filter() const { return filter_.bits ? &filter_ : nullptr; }

  std::size_t size() const { return queries_.size(); }
  const Query& operator[](std::size_t i) const { return queries_[i]; }
  // Best first; each is written by one thread at a time.
  std::vector<Hit>& found(std::size_t i) { return found_[i]; }

 private:
  std::vector<float> vectors_;
  std::vector<std::int8_t> codes_;
  std::vector<Query> queries_;
  std::vector<std::uint8_t> bits_;
  Filter filter_;
  std::vector<std::vector<Hit>> found_;
};

// The heaps of some queries, in the memory of a scratch.
class Heaps {
 public:
  // None keeps more than `most` rows.
  Heaps(const Queries& queries, std::size_t first, std::size_t count, std::size_t most, Scratch& scratch);
  BestHeap& operator[](std::size_t i) { return heaps_[i]; }
  // Those from i on, one behind the other.
  BestHeap* from(std::size_t i) { return heaps_.data() + i; }
  // Ends heap i and appends what it holds, best first.
  void finish(std::size_t i, std::vector<Hit>& to);

 private:
  Scratch& scratch_;
  std::vector<BestHeap> heaps_;
  std::vector<std::size_t> starts_;
};

}  // namespace likeness

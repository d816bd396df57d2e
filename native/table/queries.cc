#include "queries.h"

#include <algorithm>

namespace likeness {

Queries::Queries(const Table& table, const float* vectors, const std::uint32_t* limits,
                 const double* floors, std::size_t count)
    : vectors_(vectors, vectors + count * table.dimension()),
      codes_(2 * count * table.stride()),
      queries_(count),
      found_(count) {
  for (std::size_t i = 0; i < count; ++i) {
    Query& query = queries_[i];
    query.vector = vectors_.data() + i * table.dimension();
    std::int8_t* const codes = codes_.data() + 2 * i * table.stride();
    std::int8_t* const second = codes + table.stride();
    query.codes = codes;
    query.second = second;
    query.coded = table.encode(query.vector, codes, second);
    query.limit = limits[i];
    query.floor = floors[i];
  }
}

void Queries::admit(const std::uint8_t* bits, std::size_t bytes) {
  bits_.assign(bits, bits + bytes);
  // An empty filter admits nothing; it must not look like none.
  bits_.push_back(0);
  filter_ = {bits_.data(), bytes * 8};
}

Heaps::Heaps(const Queries& queries, std::size_t first, std::size_t count, std::size_t most,
             Scratch& scratch)
    : scratch_(scratch) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    starts_.push_back(total);
    total += std::min(queries[first + i].limit, most);
  }
  starts_.push_back(total);
  if (scratch.ordinals.size() < total) {
    scratch.ordinals.resize(total);
    scratch.scores.resize(total);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t start = starts_[i];
    const Best best{scratch.ordinals.data() + start, scratch.scores.data() + start, starts_[i + 1] - start};
    heaps_.emplace_back(best, queries[first + i].floor);
  }
}

void Heaps::finish(std::size_t i, std::vector<Hit>& to) {
  const std::size_t size = heaps_[i].finish();
  to.reserve(to.size() + size);
  for (std::size_t at = starts_[i]; at < starts_[i] + size; ++at)
    to.push_back({scratch_.ordinals[at], scratch_.scores[at]});
}

}  // namespace likeness

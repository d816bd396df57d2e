#include "nodes.h"

#include <algorithm>
#include <cmath>

namespace likeness {

std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

Nodes::Nodes(std::uint32_t links) : links_(links), level_factor_(1 / std::log(static_cast<double>(links))) {}

int Nodes::level_of(std::uint32_t id) const {
  const double unit = (static_cast<double>(mixed(id) >> 11) + 1) / 9007199254740993.0;
  return std::min(kMaxLevel, static_cast<int>(-std::log(unit) * level_factor_));
}

void Nodes::grow(std::uint32_t count) {
  while (segment_base(segments_.size()) < count) add_segment();
}

void Nodes::add_segment() {
  const std::uint32_t number = segments_.size();
  const std::uint32_t base = segment_base(number);
  const std::size_t rows = segment_rows(number);
  std::size_t upper_lists = 0;
  std::vector<std::uint8_t> levels(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    levels[row] = static_cast<std::uint8_t>(level_of(base + static_cast<std::uint32_t>(row)));
    upper_lists += levels[row];
  }
  // One block for all: a failure half-way must not leave parts behind.
  const std::size_t links = lines(rows * 2 * links_ * sizeof(Link));
  const std::size_t upper = lines(upper_lists * links_ * sizeof(Link));
  const std::size_t words = lines(rows * sizeof(std::uint32_t));
  const std::size_t marks = lines(rows);
  const std::size_t bytes = links + upper + 2 * words + 3 * marks;
  auto pages = std::make_unique<Pages>(bytes);
  auto* at = static_cast<std::uint8_t*>(pages->data());
  Segment segment;
  segment.base = base;
  segment.links = reinterpret_cast<Link*>(at);
  segment.upper = reinterpret_cast<Link*>(at += links);
  segment.upper_at = reinterpret_cast<std::uint32_t*>(at += upper);
  segment.keepers = reinterpret_cast<Link*>(at += words);
  segment.levels = at += words;
  segment.locks = reinterpret_cast<std::atomic<std::uint8_t>*>(at += marks);
  segment.given = at += marks;
  std::uint32_t next = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    segment.levels[row] = levels[row];
    segment.upper_at[row] = next;
    next += levels[row];
  }
  pages_.reserve(pages_.size() + 1);
  segments_.add(segment);
  pages_.push_back(std::move(pages));
  bytes_ += bytes;
}

}  // namespace likeness

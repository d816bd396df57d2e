// Where a row lies: rows are addressed by ordinal and kept in segments that never move.
//
// A full segment has 16,384 rows. The rows before the first full one lie in segments of 64, 64, 128, 256, …
// 8,192 rows, so that a small collection takes little memory and a growing one is never copied.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>

namespace likeness {

constexpr std::uint32_t kFirstBits = 6;
constexpr std::uint32_t kSegmentBits = 14;
constexpr std::uint32_t kSegmentRows = 1u << kSegmentBits;
// Segments before the first full one.
constexpr std::uint32_t kSmallSegments = kSegmentBits - kFirstBits + 1;
// Ordinals leave the upper four bits of a word free for the marks of a beam.
constexpr std::uint32_t kMaxRows = 1u << 28;

inline std::uint32_t segment_of(std::uint32_t ordinal) {
  if (ordinal >= kSegmentRows) return (ordinal >> kSegmentBits) + kSmallSegments - 1;
  const std::uint32_t units = ordinal >> kFirstBits;
  return units == 0 ? 0 : 32u - static_cast<std::uint32_t>(__builtin_clz(units));
}

// Ordinal of the first row of a segment.
inline std::uint32_t segment_base(std::uint32_t segment) {
  if (segment >= kSmallSegments) return (segment - kSmallSegments + 1) << kSegmentBits;
  return segment == 0 ? 0 : 1u << (kFirstBits + segment - 1);
}

inline std::uint32_t segment_rows(std::uint32_t segment) {
  return segment_base(segment + 1) - segment_base(segment);
}

// What is kept for each segment, by its number. One thread adds; any thread reads those that were there
// when it was handed an ordinal.
template <typename Part>
class Directory {
 public:
  std::uint32_t size() const { return size_; }
  const Part& operator[](std::uint32_t segment) const {
    return blocks_[segment >> kBlockBits][segment & (kBlockParts - 1)];
  }
  // std::length_error beyond kMaxRows rows; like std::bad_alloc it changes nothing.
  void add(const Part& part) {
    if (segment_base(size_ + 1) > kMaxRows) throw std::length_error("there is no room for more than 2^28 rows");
    auto& block = blocks_[size_ >> kBlockBits];
    if (!block) block.reset(new Part[kBlockParts]);
    block[size_++ & (kBlockParts - 1)] = part;
  }

 private:
  static constexpr std::uint32_t kBlockBits = 7;
  static constexpr std::uint32_t kBlockParts = 1u << kBlockBits;
  std::unique_ptr<Part[]> blocks_[(kMaxRows >> (kSegmentBits + kBlockBits)) + 1];
  std::uint32_t size_ = 0;
};

}  // namespace likeness

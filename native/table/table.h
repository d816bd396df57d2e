// The vectors of one collection and kind, by ordinal: rows of floats in memory of the caller's, and for
// each row, in memory of the table's, an int8 code in a quarter of the bytes and a mark of being there.
//
// One thread changes the table, any number search it meanwhile. A row is written before its mark is set,
// and its place is written again only when nothing that could still see it runs: the caller sees to that.
#pragma once
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "../scan.h"
#include "pages.h"
#include "segments.h"
#include "sieve.h"

namespace likeness {

constexpr std::size_t kMaxDimension = 8192;

// How far the squared length of a unit vector may be from 1; rounding to float32 makes it 1e-6 off at 1024
// dimensions.
constexpr double kUnitTolerance = 2e-3;

// Whether these are finite numbers of unit length.
bool is_unit(const float* vector, std::size_t dimension);

// What a query is compared with by its codes.
struct Query {
  const float* vector;
  // Both padded with zeros to the stride of the table.
  const std::int8_t* codes;
  const std::int8_t* second;
  CodedQuery coded;
  // The best so many of the rows that score at least the floor are wanted.
  std::size_t limit;
  double floor;
};

// Up to sixteen queries of a call, for scans that read the rows once for all of them.
struct QueryPanel {
  // `count` of them, one behind the other.
  const Query* queries;
  std::size_t count;
  Panel panel;
};

// Rows that may be found: a bit each, by ordinal.
struct Filter {
  const std::uint8_t* bits = nullptr;
  std::size_t rows = 0;
  bool admits(std::uint32_t ordinal) const {
    return ordinal < rows && (bits[ordinal >> 3] >> (ordinal & 7) & 1) != 0;
  }
};

// A brief scale is so many of these: scales of unit vectors are at most 1/127 = 33,026 of them.
constexpr float kBriefUnit = 1.0f / (1 << 22);

// Never 0, which nothing can be divided by.
inline std::uint16_t brief_of(float scale) {
  return static_cast<std::uint16_t>(std::clamp(std::lrint(scale / kBriefUnit), 1L, 65535L));
}

class Table {
 public:
  // 1 ≤ dimension ≤ kMaxDimension.
  Table(std::size_t dimension, const CodedScan& kernels);

  // Makes room for the rows of the next segment, segment_rows(segments()) × dimension floats, which the
  // keeper keeps where they are. Floats that are there already stay. Fails as Directory::add does.
  void add_segment(float* rows, std::shared_ptr<void> keeper);
  // Writes a unit vector at an ordinal below capacity() where no row is.
  void put(std::uint32_t ordinal, const float* vector);
  // The row is not found any more. False where there was none.
  bool remove(std::uint32_t ordinal);

  std::size_t dimension() const { return dimension_; }
  // Bytes of a code with its padding of zeros (128), whole cache lines.
  std::size_t stride() const { return stride_; }
  std::uint32_t segments() const { return segments_.size(); }
  // For the thread that changes the table: ordinals there is room for, rows that are there, bytes taken.
  std::uint32_t capacity() const { return segment_base(segments_.size()); }
  std::uint32_t count() const { return count_; }
  std::size_t bytes() const { return bytes_; }
  // All rows are at ordinals below this.
  std::uint32_t end() const { return end_.load(std::memory_order_acquire); }

  // What is kept of the rows of a segment, to be filled by a snapshot before anybody uses the table; `restored` then
  // tells how many rows there are, and below which end.
  struct Arrays {
    float* rows;
    std::uint8_t* codes;
    float* scales;
    std::uint16_t* briefs;
    std::uint8_t* live;
  };
  Arrays arrays(std::uint32_t number) const {
    const Segment& in = segments_[number];
    return {in.rows, in.codes, in.scales, in.briefs, in.live};
  }
  void restored(std::uint32_t count, std::uint32_t end) {
    count_ = count;
    end_.store(end, std::memory_order_release);
  }

  // What is known of a row; the ordinal is below end().
  const std::uint8_t* code(std::uint32_t ordinal) const {
    const Segment& in = segment(ordinal);
    return in.codes + (ordinal - in.base) * stride_;
  }
  // What a graph scores a row by.
  struct Coded {
    const std::uint8_t* code;
    const std::uint16_t* brief;
  };
  Coded coded(std::uint32_t ordinal) const {
    const Segment& in = segment(ordinal);
    const std::size_t at = ordinal - in.base;
    return {in.codes + at * stride_, in.briefs + at};
  }
  // Scale of the code and what it has lost of the row (kernels/encode.h).
  const float* scale(std::uint32_t ordinal) const {
    const Segment& in = segment(ordinal);
    return in.scales + 2 * static_cast<std::size_t>(ordinal - in.base);
  }
  // The scale to 16 bits, for a graph: of those that its nodes need, more lie in the nearer caches.
  float brief_scale(std::uint32_t ordinal) const { return static_cast<float>(*coded(ordinal).brief) * kBriefUnit; }
  const float* row(std::uint32_t ordinal) const {
    const Segment& in = segment(ordinal);
    return in.rows + (ordinal - in.base) * dimension_;
  }
  bool live(std::uint32_t ordinal) const {
    const Segment& in = segment(ordinal);
    return __atomic_load_n(in.live + (ordinal - in.base), __ATOMIC_ACQUIRE) != 0;
  }
  const CodedScan& kernels() const { return kernels_; }
  float score(const float* query, std::uint32_t ordinal) const {
    return kernels_.dot(query, row(ordinal), dimension_);
  }

  Products products(const Query& query) const {
    return {kernels_, query.codes, query.second, query.coded, stride_};
  }

  // Makes the two codes of a query, `stride()` bytes each.
  CodedQuery encode(const float* query, std::int8_t* codes, std::int8_t* second) const;
  // Rows [from, to) of a segment, numbered from its first.
  struct Span {
    std::uint32_t segment;
    std::uint32_t from;
    std::uint32_t to;
  };
  // Puts the rows of a span through a sieve; `live` has a mark for each of these, or is nullptr for the table's own.
  // What finds no room is offered to the heap at once, the rest by `settle`. Spans come by rising ordinal.
  void sift(const Query& query, const Span& span, const std::uint8_t* live, Sieve& sieve, BestHeap& heap) const;
  // The same for the queries of a panel, with a sieve and a heap for each.
  void sift(const QueryPanel& panel, const Span& span, const std::uint8_t* live, Sieve* sieves, BestHeap* heaps) const;
  // Calls take(ordinal, score) for those contenders that are still open(contender) when their turn has come.
  template <typename Open, typename Take>
  void read(const Query& query, const Contender* begin, const Contender* end, Open open, Take take) const {
    constexpr std::ptrdiff_t kAhead = 4;
    const auto ask = [this](const Contender& contender) { prefetch(row(contender.ordinal), dimension_ * sizeof(float)); };
    for (const Contender* at = begin; at < end && at - begin < kAhead; ++at) ask(*at);
    for (const Contender* at = begin; at < end; ++at) {
      if (end - at > kAhead) ask(at[kAhead]);
      if (open(*at)) take(at->ordinal, score(query.vector, at->ordinal));
    }
  }
  // Offers what a sieve holds and empties it.
  void settle(const Query& query, Sieve& sieve, BestHeap& heap) const;
  // Offers single rows, in this order; those that are not there are left out.
  void offer(const Query& query, const std::uint32_t* ordinals, std::size_t count, BestHeap& heap) const;

 private:
  struct Segment {
    std::uint32_t base;
    float* rows;
    std::uint8_t* codes;
    float* scales;
    std::uint16_t* briefs;
    std::uint8_t* live;
  };

  const Segment& segment(std::uint32_t ordinal) const { return segments_[segment_of(ordinal)]; }
  CodedRows rows_of(const Span& span, const std::uint8_t* live) const;
  void add(const Query& query, std::uint32_t ordinal, const Bounds& bounds, Sieve& sieve, BestHeap& heap) const;

  const std::size_t dimension_;
  const std::size_t stride_;
  const CodedScan kernels_;
  Directory<Segment> segments_;
  std::vector<std::unique_ptr<Pages>> pages_;
  std::vector<std::shared_ptr<void>> keepers_;
  std::size_t bytes_ = 0;
  std::uint32_t count_ = 0;
  std::atomic<std::uint32_t> end_{0};
};

}  // namespace likeness

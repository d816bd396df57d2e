#include "table.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace likeness {
namespace {

struct PanelProducts {
  const Table& table;
  const QueryPanel& queries;
  void panel(const PanelRows& rows, const float* bars, const PanelScores& out) const {
    table.kernels().code_panel(rows, queries.panel, bars, table.stride(), out);
  }
  std::int32_t second(std::size_t q, const std::uint8_t* code) const {
    return table.products(queries.queries[q]).second(code);
  }
};

}  // namespace

bool is_unit(const float* vector, std::size_t dimension) {
  double squared = 0;
  for (std::size_t i = 0; i < dimension; ++i) squared += static_cast<double>(vector[i]) * vector[i];
  return std::fabs(squared - 1) <= kUnitTolerance;
}

Table::Table(std::size_t dimension, const CodedScan& kernels)
    : dimension_(dimension), stride_(lines(dimension)), kernels_(kernels) {}

void Table::add_segment(float* rows, std::shared_ptr<void> keeper) {
  const std::uint32_t number = segments_.size();
  const std::size_t size = segment_rows(number);
  const std::size_t codes = size * stride_;
  const std::size_t scales = lines(2 * size * sizeof(float));
  const std::size_t briefs = lines(size * sizeof(std::uint16_t));
  const std::size_t bytes = codes + scales + briefs + lines(size);
  auto pages = std::make_unique<Pages>(bytes);
  auto* const at = static_cast<std::uint8_t*>(pages->data());
  pages_.reserve(pages_.size() + 1);
  keepers_.reserve(keepers_.size() + 1);
  prefer_huge_pages(rows, size * dimension_ * sizeof(float));
  Segment segment;
  segment.base = segment_base(number);
  segment.rows = rows;
  segment.codes = at;
  segment.scales = reinterpret_cast<float*>(at + codes);
  segment.briefs = reinterpret_cast<std::uint16_t*>(at + codes + scales);
  segment.live = at + codes + scales + briefs;
  segments_.add(segment);
  pages_.push_back(std::move(pages));
  keepers_.push_back(std::move(keeper));
  bytes_ += bytes;
}

void Table::put(std::uint32_t ordinal, const float* vector) {
  const Segment& in = segment(ordinal);
  const std::size_t at = ordinal - in.base;
  float* const row = in.rows + at * dimension_;
  std::memmove(row, vector, dimension_ * sizeof(float));
  std::uint8_t* const code = in.codes + at * stride_;
  in.scales[2 * at] = encode_row(row, dimension_, code);
  in.scales[2 * at + 1] = code_error(row, code, in.scales[2 * at], dimension_);
  in.briefs[at] = brief_of(in.scales[2 * at]);
  std::memset(code + dimension_, 128, stride_ - dimension_);
  __atomic_store_n(in.live + at, std::uint8_t{1}, __ATOMIC_RELEASE);
  ++count_;
  if (ordinal >= end_.load(std::memory_order_relaxed)) end_.store(ordinal + 1, std::memory_order_release);
}

bool Table::remove(std::uint32_t ordinal) {
  const Segment& in = segment(ordinal);
  if (!live(ordinal)) return false;
  __atomic_store_n(in.live + (ordinal - in.base), std::uint8_t{0}, __ATOMIC_RELEASE);
  --count_;
  return true;
}

CodedQuery Table::encode(const float* query, std::int8_t* codes, std::int8_t* second) const {
  CodedQuery coded;
  likeness::encode(query, dimension_, codes, second, coded);
  for (std::int8_t* const each : {codes, second}) std::memset(each + dimension_, 0, stride_ - dimension_);
  return coded;
}

void Table::sift(const Query& query, const Span& span, const std::uint8_t* live, Sieve& sieve, BestHeap& heap) const {
  const CodedRows rows = rows_of(span, live);
  const std::uint32_t first = segments_[span.segment].base + span.from;
  const auto take = [&](std::size_t row, const Bounds& bounds) {
    add(query, first + static_cast<std::uint32_t>(row), bounds, sieve, heap);
  };
  sift_coded(query.coded, stride_, rows, [&] { return sieve.bar(); }, products(query), take);
}

void Table::sift(const QueryPanel& panel, const Span& span, const std::uint8_t* live, Sieve* sieves,
                 BestHeap* heaps) const {
  const CodedRows rows = rows_of(span, live);
  const std::uint32_t first = segments_[span.segment].base + span.from;
  const CodedQuery* coded[kPanelQueries] = {};
  for (std::size_t q = 0; q < panel.count; ++q) coded[q] = &panel.queries[q].coded;
  const auto take = [&](std::size_t q, std::size_t row, const Bounds& bounds) {
    add(panel.queries[q], first + static_cast<std::uint32_t>(row), bounds, sieves[q], heaps[q]);
  };
  sift_panel(coded, panel.count, stride_, rows, [&](std::size_t q) { return sieves[q].bar(); },
             PanelProducts{*this, panel}, take);
}

CodedRows Table::rows_of(const Span& span, const std::uint8_t* live) const {
  const Segment& in = segments_[span.segment];
  return {in.codes + span.from * stride_, in.scales + 2 * static_cast<std::size_t>(span.from),
          live ? live : in.live + span.from, span.to - span.from};
}

void Table::add(const Query& query, std::uint32_t ordinal, const Bounds& bounds, Sieve& sieve, BestHeap& heap) const {
  if (sieve.full()) {
    sieve.prune();
    // Many rows of nearly the same score: their floats are read now.
    if (4 * sieve.size() > 3 * Sieve::room_for(sieve.limit())) settle(query, sieve, heap);
  }
  sieve.add(ordinal, bounds);
}

void Table::settle(const Query& query, Sieve& sieve, BestHeap& heap) const {
  sieve.prune();
  heap.raise(sieve.bar());
  // The heap may fill up meanwhile.
  const auto open = [&](const Contender& contender) { return !(contender.upper < heap.bar()); };
  read(query, sieve.begin(), sieve.end(), open,
       [&](std::uint32_t ordinal, float value) { heap.offer(value, ordinal); });
  sieve.clear();
  sieve.raise(heap.bar());
}

void Table::offer(const Query& query, const std::uint32_t* ordinals, std::size_t count,
                  BestHeap& heap) const {
  constexpr std::size_t kAhead = 4;
  const Products scored = products(query);
  const auto ask = [this](std::uint32_t ordinal) {
    const std::uint8_t* const at = code(ordinal);
    for (std::size_t byte = 0; byte < stride_; byte += kLine) __builtin_prefetch(at + byte);
  };
  for (std::size_t i = 0; i < std::min(count, kAhead); ++i) ask(ordinals[i]);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kAhead < count) ask(ordinals[i + kAhead]);
    const std::uint32_t ordinal = ordinals[i];
    if (!live(ordinal)) continue;
    const std::int32_t dot = scored.first(code(ordinal));
    if (!heap.takes(possible_score(query.coded, dot, scale(ordinal)))) continue;
    const Bounds bounds = bounds_of(query.coded, dot, scored.second(code(ordinal)), scale(ordinal));
    if (heap.takes(bounds.upper)) heap.offer(score(query.vector, ordinal), ordinal);
  }
}

}  // namespace likeness

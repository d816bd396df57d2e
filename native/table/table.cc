#include "table.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace likeness {

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
  const std::size_t sums = lines(size * sizeof(std::int32_t));
  const std::size_t bytes = codes + scales + sums + lines(size);
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
  segment.sums = reinterpret_cast<std::int32_t*>(at + codes + scales);
  segment.live = at + codes + scales + sums;
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
  std::memset(code + dimension_, 128, stride_ - dimension_);
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < dimension_; ++i) sum += code[i];
  in.sums[at] = sum - static_cast<std::int32_t>(128 * dimension_);
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

CodedQuery Table::encode(const float* query, std::int8_t* codes) const {
  CodedQuery coded;
  likeness::encode(query, dimension_, codes, coded);
  std::memset(codes + dimension_, 0, stride_ - dimension_);
  return coded;
}

void Table::offer(const Query& query, std::uint32_t number, std::uint32_t from, std::uint32_t to,
                  const std::uint8_t* live, BestHeap& heap) const {
  const Segment& in = segments_[number];
  const CodedRows rows = {in.codes + from * stride_, in.scales + 2 * static_cast<std::size_t>(from),
                          live ? live : in.live + from, to - from};
  const float* const floats = in.rows + from * dimension_;
  const auto code_dot = [&](const std::uint8_t* code) {
    return kernels_.code_dot(code, query.codes, query.coded.sum, stride_);
  };
  const auto exact = [&](std::size_t row) {
    return kernels_.dot(query.vector, floats + row * dimension_, dimension_);
  };
  const auto ask = [&](std::size_t row) { prefetch(floats + row * dimension_, dimension_ * sizeof(float)); };
  offer_coded(query.coded, stride_, rows, in.base + from, heap, code_dot, exact, ask);
}

void Table::offer(const Query& query, const std::uint32_t* ordinals, std::size_t count,
                  BestHeap& heap) const {
  constexpr std::size_t kAhead = 4;
  const auto ask = [this](std::uint32_t ordinal) {
    const std::uint8_t* const at = code(ordinal);
    for (std::size_t byte = 0; byte < stride_; byte += kLine) __builtin_prefetch(at + byte);
  };
  for (std::size_t i = 0; i < std::min(count, kAhead); ++i) ask(ordinals[i]);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kAhead < count) ask(ordinals[i + kAhead]);
    const std::uint32_t ordinal = ordinals[i];
    if (!live(ordinal)) continue;
    const std::int32_t dot = kernels_.code_dot(code(ordinal), query.codes, query.coded.sum, stride_);
    if (heap.takes(possible_score(query.coded, dot, scale(ordinal)))) heap.offer(score(query.vector, ordinal), ordinal);
  }
}

}  // namespace likeness

#include "flat.h"

#include <algorithm>

namespace likeness {
namespace {

constexpr std::uint32_t kMostUnits = 64;

// Several queries share a block of rows while it is in the L2 cache.
constexpr std::size_t kBlockBytes = 1 << 17;

// A list is looked up row by row, which costs about four times as much a row as reading them all.
constexpr std::size_t kListShare = 4;

constexpr std::uint32_t divided(std::uint32_t count, std::uint32_t by) { return (count + by - 1) / by; }

}  // namespace

FlatSearch::FlatSearch(const Table& table, Queries& queries)
    : table_(table), queries_(queries), end_(table.end()) {
  if (queries.filter()) choose_list();
  const std::uint32_t parts =
      listed_ ? divided(static_cast<std::uint32_t>(list_.size()), kSegmentRows) : divided(end_, kSegmentRows);
  step_ = std::max(1u, divided(parts, kMostUnits));
  units_ = std::max(1u, divided(parts, step_));
  left_ = units_;
  parts_.resize(units_ * queries.size());
  bars_ = std::make_unique<std::atomic<double>[]>(queries.size());
  for (std::size_t i = 0; i < queries.size(); ++i)
    bars_[i].store(queries[i].floor, std::memory_order_relaxed);
}

void FlatSearch::choose_list() {
  const Filter& filter = *queries_.filter();
  const std::size_t rows = std::min<std::size_t>(end_, filter.rows);
  for (std::size_t byte = 0; byte * 8 < rows; ++byte) {
    if (filter.bits[byte] == 0) continue;
    for (std::uint32_t bit = 0; bit < 8; ++bit) {
      const auto ordinal = static_cast<std::uint32_t>(byte * 8 + bit);
      if (ordinal < end_ && filter.admits(ordinal)) list_.push_back(ordinal);
    }
  }
  listed_ = list_.size() <= end_ / kListShare;
  if (!listed_) list_.clear();
}

void FlatSearch::run(std::uint32_t unit, Scratch& scratch) {
  Heaps heaps(queries_, 0, queries_.size(), static_cast<std::size_t>(step_) * kSegmentRows, scratch);
  if (listed_)
    scan_list(unit, heaps);
  else
    scan_segments(unit, heaps, scratch);
  for (std::size_t i = 0; i < queries_.size(); ++i)
    heaps.finish(i, parts_[unit * queries_.size() + i]);
  if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) merge();
}

void FlatSearch::scan_segments(std::uint32_t unit, Heaps& heaps, Scratch& scratch) {
  const std::uint32_t first = unit * step_ * kSegmentRows;
  const std::uint32_t stop = std::min(end_, first + step_ * kSegmentRows);
  const auto whole = static_cast<std::uint32_t>(std::max<std::size_t>(1, kBlockBytes / table_.stride()));
  const std::uint32_t block = queries_.size() == 1 ? kSegmentRows : whole;
  for (std::uint32_t at = first; at < stop;) {
    const std::uint32_t segment = segment_of(at), base = segment_base(segment);
    const std::uint32_t to = std::min({stop, at + block, base + segment_rows(segment)});
    const std::uint8_t* marks = nullptr;
    if (const Filter* filter = queries_.filter()) {
      scratch.marks.resize(kSegmentRows);
      for (std::uint32_t row = at; row < to; ++row)
        scratch.marks[row - at] = table_.live(row) && filter->admits(row);
      marks = scratch.marks.data();
    }
    for (std::size_t i = 0; i < queries_.size(); ++i) {
      heaps[i].raise(bars_[i].load(std::memory_order_relaxed));
      table_.offer(queries_[i], segment, at - base, to - base, marks, heaps[i]);
      share_bar(i, heaps[i]);
    }
    at = to;
  }
}

void FlatSearch::scan_list(std::uint32_t unit, Heaps& heaps) {
  const std::size_t first = static_cast<std::size_t>(unit) * step_ * kSegmentRows;
  const std::size_t count = std::min<std::size_t>(list_.size() - first, std::size_t{step_} * kSegmentRows);
  for (std::size_t i = 0; i < queries_.size(); ++i) {
    heaps[i].raise(bars_[i].load(std::memory_order_relaxed));
    table_.offer(queries_[i], list_.data() + first, count, heaps[i]);
    share_bar(i, heaps[i]);
  }
}

void FlatSearch::share_bar(std::size_t query, const BestHeap& heap) {
  if (!heap.full() || heap.capacity() < queries_[query].limit) return;
  const double worst = heap.worst();
  double bar = bars_[query].load(std::memory_order_relaxed);
  while (bar < worst && !bars_[query].compare_exchange_weak(bar, worst, std::memory_order_relaxed)) {
  }
}

void FlatSearch::merge() {
  for (std::size_t i = 0; i < queries_.size(); ++i) {
    std::vector<Hit>& found = queries_.found(i);
    found.swap(parts_[i]);
    if (units_ == 1) continue;
    for (std::uint32_t unit = 1; unit < units_; ++unit) {
      const auto& part = parts_[unit * queries_.size() + i];
      found.insert(found.end(), part.begin(), part.end());
    }
    const std::size_t size = std::min(found.size(), queries_[i].limit);
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(size), found.end(), before);
    found.resize(size);
  }
}

}  // namespace likeness

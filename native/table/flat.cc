#include "flat.h"

#include <algorithm>
#include <functional>

namespace likeness {
namespace {

constexpr std::uint32_t kMostUnits = 64;

// Several queries share a block of rows while it is in the L2 cache.
constexpr std::size_t kBlockBytes = 1 << 17;

// Fewer queries are faster scanned one by one: a panel costs the same however many there are.
constexpr std::size_t kLeastPanel = 5;

// A list is looked up row by row, which costs about four times as much a row as reading them all.
constexpr std::size_t kListShare = 4;

// So many contenders of a part may be left for the end, when all parts together say how good one must be: nearly none
// of them is, and no float of theirs is read.
constexpr std::size_t kMostLeft = 128;

constexpr std::uint32_t divided(std::uint32_t count, std::uint32_t by) { return (count + by - 1) / by; }

}  // namespace

FlatSearch::FlatSearch(const Table& table, Queries& queries)
    : table_(table), queries_(queries), end_(table.end()) {
  if (queries.filter()) choose_list();
  if (!listed_) make_panels();
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

void FlatSearch::make_panels() {
  const std::size_t size = queries_.size(), each = kPanelQueries * table_.stride();
  const std::size_t last = size % kPanelQueries;
  panels_.resize(size / kPanelQueries + (last >= kLeastPanel ? 1 : 0));
  panel_values_.resize(panels_.size() * each);
  for (std::size_t p = 0; p < panels_.size(); ++p) {
    const std::size_t first = p * kPanelQueries, count = std::min(kPanelQueries, size - first);
    const CodedQuery* coded[kPanelQueries];
    const std::int8_t* codes[kPanelQueries];
    for (std::size_t q = 0; q < count; ++q) {
      coded[q] = &queries_[first + q].coded;
      codes[q] = queries_[first + q].codes;
    }
    panels_[p] = {&queries_[first], count, {}};
    fill_panel(coded, codes, count, table_.stride(), panel_values_.data() + p * each, panels_[p].panel);
  }
}

void FlatSearch::run(std::uint32_t unit, Scratch& scratch) {
  Heaps heaps(queries_, 0, queries_.size(), static_cast<std::size_t>(step_) * kSegmentRows, scratch);
  if (listed_)
    scan_list(unit, heaps);
  else
    scan_segments(unit, heaps, scratch);
  for (std::size_t i = 0; i < queries_.size(); ++i)
    heaps.finish(i, parts_[unit * queries_.size() + i].found);
  if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) merge();
}

std::vector<Sieve> FlatSearch::sieves_for(Heaps& heaps, Scratch& scratch) const {
  std::size_t wanted = 0, room = 0;
  for (std::size_t i = 0; i < queries_.size(); ++i) {
    wanted += heaps[i].capacity();
    room += Sieve::room_for(heaps[i].capacity());
  }
  if (scratch.lower.size() < wanted) scratch.lower.resize(wanted);
  if (scratch.contenders.size() < room) scratch.contenders.resize(room);
  std::vector<Sieve> sieves;
  sieves.reserve(queries_.size());
  double* lower = scratch.lower.data();
  Contender* contenders = scratch.contenders.data();
  for (std::size_t i = 0; i < queries_.size(); ++i) {
    const std::size_t limit = heaps[i].capacity();
    sieves.emplace_back(limit, queries_[i].floor, lower, contenders);
    lower += limit;
    contenders += Sieve::room_for(limit);
  }
  return sieves;
}

void FlatSearch::scan_segments(std::uint32_t unit, Heaps& heaps, Scratch& scratch) {
  std::vector<Sieve> sieves = sieves_for(heaps, scratch);
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
    const Table::Span span = {segment, at - base, to - base};
    for (std::size_t i = 0; i < queries_.size(); ++i) sieves[i].raise(bars_[i].load(std::memory_order_relaxed));
    std::size_t next = 0;
    for (const QueryPanel& panel : panels_) {
      table_.sift(panel, span, marks, sieves.data() + next, heaps.from(next));
      next += panel.count;
    }
    for (; next < queries_.size(); ++next) table_.sift(queries_[next], span, marks, sieves[next], heaps[next]);
    for (std::size_t i = 0; i < queries_.size(); ++i)
      if (sieves[i].sure() && sieves[i].limit() == queries_[i].limit) share_bar(i, sieves[i].bar());
    at = to;
  }
  for (std::size_t i = 0; i < queries_.size(); ++i) {
    Sieve& sieve = sieves[i];
    sieve.raise(bars_[i].load(std::memory_order_relaxed));
    sieve.prune();
    Part& part = parts_[unit * queries_.size() + i];
    if (sieve.whole() && sieve.size() <= kMostLeft) {
      part.left.assign(sieve.begin(), sieve.end());
      part.lower.assign(sieve.lower(), sieve.lower() + sieve.known());
    } else {
      table_.settle(queries_[i], sieve, heaps[i]);
    }
  }
}

void FlatSearch::scan_list(std::uint32_t unit, Heaps& heaps) {
  const std::size_t first = static_cast<std::size_t>(unit) * step_ * kSegmentRows;
  const std::size_t count = std::min<std::size_t>(list_.size() - first, std::size_t{step_} * kSegmentRows);
  for (std::size_t i = 0; i < queries_.size(); ++i) {
    heaps[i].raise(bars_[i].load(std::memory_order_relaxed));
    table_.offer(queries_[i], list_.data() + first, count, heaps[i]);
    if (heaps[i].full() && heaps[i].capacity() >= queries_[i].limit) share_bar(i, heaps[i].worst());
  }
}

void FlatSearch::share_bar(std::size_t query, double reached) {
  double bar = bars_[query].load(std::memory_order_relaxed);
  while (bar < reached && !bars_[query].compare_exchange_weak(bar, reached, std::memory_order_relaxed)) {
  }
}

double FlatSearch::bar_of(std::size_t query) const {
  // Of different rows each: what was found, and where the rest was left what it scores at least.
  std::vector<double> reached;
  for (std::uint32_t unit = 0; unit < units_; ++unit) {
    const Part& part = parts_[unit * queries_.size() + query];
    for (const Hit& hit : part.found) reached.push_back(static_cast<double>(hit.score));
    reached.insert(reached.end(), part.lower.begin(), part.lower.end());
  }
  const std::size_t limit = queries_[query].limit;
  if (reached.size() < limit || limit == 0) return queries_[query].floor;
  const auto last = reached.begin() + static_cast<std::ptrdiff_t>(limit - 1);
  std::nth_element(reached.begin(), last, reached.end(), std::greater<double>());
  return std::max(*last, queries_[query].floor);
}

void FlatSearch::merge() {
  for (std::size_t i = 0; i < queries_.size(); ++i) {
    const Query& query = queries_[i];
    const double bar = bar_of(i);
    std::vector<Contender> left;
    std::vector<Hit>& found = queries_.found(i);
    found.clear();
    for (std::uint32_t unit = 0; unit < units_; ++unit) {
      const Part& part = parts_[unit * queries_.size() + i];
      found.insert(found.end(), part.found.begin(), part.found.end());
      for (const Contender& contender : part.left)
        if (!(contender.upper < bar)) left.push_back(contender);
    }
    table_.read(query, left.data(), left.data() + left.size(), [](const Contender&) { return true; },
                [&](std::uint32_t ordinal, float score) {
                  if (static_cast<double>(score) >= query.floor) found.push_back({ordinal, score});
                });
    const std::size_t size = std::min(found.size(), query.limit);
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(size), found.end(), before);
    found.resize(size);
  }
}

}  // namespace likeness

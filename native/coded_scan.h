// Searching by codes without giving up exactness: every row's code score comes with a bound on what
// rounding to codes can have lost, and where that leaves a doubt the row's floats decide. Uses no
// library, so that it is also part of the WebAssembly build.
#pragma once
#include "best.h"
#include "kernels/encode.h"
#include "kernels/panel.h"
#include "prefetch.h"

namespace likeness {

// Rows may be this long at most; the arena's are of unit length.
constexpr double kMaxCodedLength = 1.01;

// A query as codes: two of them for each value, of which the second stands for what the first has lost. The first
// alone is enough to rule out nearly every row; where it is not, the second takes away the query's part of the doubt.
struct CodedQuery {
  struct Code {
    // Sum of the codes.
    int32_t sum;
    double scale;
    // |float score - code score| <= per_error * (the row's code_error) + rest, where the code score is that of this
    // code and those before it.
    double per_error;
    double rest;
  };
  Code first;
  Code second;
  // The first code in single precision, with room for what that loses; an infinite rest where it could lose more.
  float scale;
  float per_error;
  float rest;
};

// Single precision is off by less than this, relative to the length of the query.
constexpr double kSingleError = 2e-6;

// Scales that no product with a row's makes too large or too small for single precision.
constexpr double kLeastSingle = 1e-20;
constexpr double kMostSingle = 1e10;

// With x the row and x' what its codes stand for, q and q' likewise for the query:
//   |q.x - q'.x'| <= |q| |x - x'| + |q - q'| |x'|,  |x'| <= |x| + |x - x'|.
// To that comes the rounding of the float sum: below dim + 16 times half a unit in the last place, of
// |q| |x|.
inline void encode(const float* query, size_t dim, int8_t* codes, int8_t* second, CodedQuery& coded) {
  const float scale = encode_query(query, dim, codes, &coded.first.sum);
  const double first_scale = static_cast<double>(scale);
  const auto left = [&](size_t i) { return static_cast<double>(query[i]) - first_scale * codes[i]; };
  double squared = 0, first_lost = 0, most = 0;
  for (size_t i = 0; i < dim; ++i) {
    const double value = static_cast<double>(query[i]), lost = left(i), magnitude = __builtin_fabs(lost);
    squared += value * value;
    first_lost += lost * lost;
    most = magnitude > most ? magnitude : most;
  }
  const double second_scale = most / 127, factor = most > 0 ? 127 / most : 0;
  double second_lost = 0;
  int32_t sum = 0;
  for (size_t i = 0; i < dim; ++i) {
    const int32_t code = code_of(left(i) * factor);
    const double lost = left(i) - second_scale * code;
    second[i] = static_cast<int8_t>(code);
    second_lost += lost * lost;
    sum += code;
  }
  const double length = __builtin_sqrt(squared);
  const double rounding = static_cast<double>(dim + 16) / (1 << 24) * length * kMaxCodedLength;
  // The last term is for sums of denormal numbers.
  const double least = rounding + static_cast<double>(dim + 16) * 1e-45;
  const double first_error = __builtin_sqrt(first_lost), second_error = __builtin_sqrt(second_lost);
  coded.first.scale = first_scale;
  coded.first.per_error = length + first_error;
  coded.first.rest = first_error * kMaxCodedLength + least;
  coded.second = {sum, second_scale, length + second_error, second_error * kMaxCodedLength + least};
  const bool single = first_scale > kLeastSingle && first_scale < kMostSingle;
  coded.scale = scale;
  coded.per_error = static_cast<float>(coded.first.per_error);
  coded.rest = single ? static_cast<float>(coded.first.rest + kSingleError * coded.first.per_error) : __builtin_inff();
}

// Between which the float score of a row lies.
struct Bounds {
  double lower;
  double upper;
};

// The most a row can score, by its product with the first code; its scale and code_error are at `scales`.
inline double possible_score(const CodedQuery& query, int32_t dot, const float* scales) {
  const double error = query.first.per_error * static_cast<double>(scales[1]);
  return dot * (query.first.scale * static_cast<double>(scales[0])) + error + query.first.rest;
}

// By its products with both.
inline Bounds bounds_of(const CodedQuery& query, int32_t dot, int32_t second_dot, const float* scales) {
  const double error = query.second.per_error * static_cast<double>(scales[1]) + query.second.rest;
  const double score = (dot * query.first.scale + second_dot * query.second.scale) * static_cast<double>(scales[0]);
  return {score - error, score + error};
}

// Rows with their codes.
struct CodedRows {
  // One byte for each float.
  const uint8_t* codes;
  // Two floats for each row: its scale and its code_error.
  const float* scales;
  // 1 where the row is there; another thread may change it.
  const uint8_t* live;
  size_t count;
};

// Longer rows are scored one by one by a single query: there it is the memory that takes the time, and it is read best
// row after row.
constexpr size_t kBlockDimension = 256;

// Four numbers for one instruction, as GCC and Clang have them on every machine.
typedef float Floats __attribute__((vector_size(16)));
typedef int32_t Ints __attribute__((vector_size(16)));
constexpr size_t kLanes = 4;

template <typename Lanes, typename Value>
Lanes lanes_at(const Value* from) {
  Lanes lanes;
  __builtin_memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

// Those rows of a block that are there, with what is known of them.
struct Block {
  const uint8_t* codes[kBlockRows] = {};
  size_t rows[kBlockRows] = {};
  float scales[kBlockRows] = {};
  float errors[kBlockRows] = {};
  int32_t dots[kBlockRows] = {};
  size_t size = 0;

  // Takes in the rows [begin, end); the dots are still to be made.
  void fill(const CodedRows& in, size_t begin, size_t end, size_t dim) {
    size = 0;
    for (size_t i = begin; i < end; ++i) {
      prefetch_ahead(in.codes + i * dim, dim);
      if (__atomic_load_n(in.live + i, __ATOMIC_ACQUIRE) == 0) continue;
      codes[size] = in.codes + i * dim;
      rows[size] = i;
      scales[size] = in.scales[2 * i];
      errors[size++] = in.scales[2 * i + 1];
    }
  }

  // Whether none of them, by the first code, could score as much as `bar`. Four at once, also what lies beyond `size`:
  // that is looked at in vain now and then.
  bool below(const CodedQuery& query, float bar) const {
    Ints below = ~Ints{};
    for (size_t j = 0; j < size; j += kLanes) {
      const Floats dot = __builtin_convertvector(lanes_at<Ints>(dots + j), Floats);
      const Floats error = query.per_error * lanes_at<Floats>(errors + j) + query.rest;
      // False where it is not a number.
      below &= dot * (query.scale * lanes_at<Floats>(scales + j)) + error < bar;
    }
    return (below[0] & below[1] & below[2] & below[3]) != 0;
  }
};

// Calls take(row, bounds), by rising row, for those rows in use that may score as much as bar(), or are not known not
// to: for rows whose score is not a number as well. `score` gives products with codes of rows: first(code),
// first(codes, count, dots) and second(code).
template <typename Bar, typename Score, typename Take>
void sift_coded(const CodedQuery& query, size_t dim, const CodedRows& rows, Bar bar, const Score& score, Take take) {
  const auto judge = [&](size_t row, const uint8_t* code, int32_t dot) {
    const float* const scales = rows.scales + 2 * row;
    if (possible_score(query, dot, scales) < bar()) return;
    const Bounds bounds = bounds_of(query, dot, score.second(code), scales);
    if (!(bounds.upper < bar())) take(row, bounds);
  };
  if (dim > kBlockDimension) {
    for (size_t i = 0; i < rows.count; ++i) {
      const uint8_t* const code = rows.codes + i * dim;
      prefetch_ahead(code, dim);
      if (__atomic_load_n(rows.live + i, __ATOMIC_ACQUIRE) != 0) judge(i, code, score.first(code));
    }
    return;
  }
  Block block;
  for (size_t begin = 0; begin < rows.count; begin += kBlockRows) {
    block.fill(rows, begin, begin + kBlockRows < rows.count ? begin + kBlockRows : rows.count, dim);
    score.first(block.codes, block.size, block.dots);
    if (block.below(query, static_cast<float>(bar()))) continue;
    for (size_t j = 0; j < block.size; ++j) judge(block.rows[j], block.codes[j], block.dots[j]);
  }
}

// Queries with a panel of their first codes; `values` has room for dim * kPanelQueries codes, `codes` has those of each
// query, and there are 1 to kPanelQueries of them.
inline void fill_panel(const CodedQuery* const* queries, const int8_t* const* codes, size_t count, size_t dim,
                       int8_t* values, Panel& panel) {
  panel = {};
  panel.values = values;
  for (size_t q = 0; q < kPanelQueries; ++q) {
    const bool there = q < count;
    panel.codes[q] = codes[there ? q : 0];
    for (size_t k = 0; k < dim; ++k)
      values[(k / 4 * kPanelQueries + q) * 4 + k % 4] = there ? codes[q][k] : static_cast<int8_t>(0);
    if (!there) continue;
    panel.sums[q] = queries[q]->first.sum;
    panel.scales[q] = queries[q]->scale;
    panel.per_error[q] = queries[q]->per_error;
    panel.rest[q] = queries[q]->rest;
  }
}

// As sift_coded for the queries of a panel at once: bar(q), take(q, row, bounds), second(q, code); `score` fills in
// what the kernel of a panel does.
template <typename Bar, typename Score, typename Take>
void sift_panel(const CodedQuery* const* queries, size_t count, size_t dim, const CodedRows& rows, Bar bar,
                const Score& score, Take take) {
  Block block;
  int32_t dots[kBlockRows * kPanelQueries];
  uint16_t wanted[kBlockRows];
  float bars[kPanelQueries];
  for (size_t q = 0; q < kPanelQueries; ++q) bars[q] = q < count ? static_cast<float>(bar(q)) : __builtin_inff();
  const auto judge = [&](size_t q, size_t j) {
    const float* const scales = rows.scales + 2 * block.rows[j];
    const int32_t dot = dots[j * kPanelQueries + q];
    if (possible_score(*queries[q], dot, scales) < bar(q)) return;
    const Bounds bounds = bounds_of(*queries[q], dot, score.second(q, block.codes[j]), scales);
    if (bounds.upper < bar(q)) return;
    take(q, block.rows[j], bounds);
    bars[q] = static_cast<float>(bar(q));
  };
  for (size_t begin = 0; begin < rows.count; begin += kBlockRows) {
    block.fill(rows, begin, begin + kBlockRows < rows.count ? begin + kBlockRows : rows.count, dim);
    score.panel({block.codes, block.scales, block.errors, block.size}, bars, {dots, wanted});
    for (size_t j = 0; j < block.size; ++j) {
      for (uint32_t left = wanted[j]; left != 0; left &= left - 1)
        judge(static_cast<size_t>(__builtin_ctz(left)), j);
    }
  }
}

// Rows whose codes leave a doubt wait here, oldest first, for their floats, which are asked for meanwhile:
// they lie where nothing could foresee it.
class Doubts {
 public:
  bool full() const { return size_ == kSize; }

  void add(size_t row, double possible) { doubts_[size_++] = {row, possible}; }

  // Calls take(row, possible) for each and forgets them.
  template <typename Take>
  void settle(Take take) {
    for (size_t i = 0; i < size_; ++i) take(doubts_[i].row, doubts_[i].possible);
    size_ = 0;
  }

 private:
  static constexpr size_t kSize = 8;
  struct Doubt {
    size_t row;
    double possible;
  };
  Doubt doubts_[kSize];
  size_t size_ = 0;
};

struct AskNothing {
  void operator()(size_t) const {}
};

// Offers every row in use to the heap, those that cannot be among its best only in effect. `exact` is called with the
// row's number and returns the float score, `ask` with its number some time before; ordinals begin at `first`.
template <typename Score, typename Exact, typename Ask = AskNothing>
void offer_coded(const CodedQuery& query, size_t dim, const CodedRows& rows, size_t first, BestHeap& heap,
                 const Score& score, Exact exact, Ask ask = {}) {
  if (heap.capacity() == 0) return;
  Doubts doubts;
  const auto decide = [&](size_t row, double possible) {
    // The heap may have filled up since.
    if (!(possible < heap.bar())) heap.offer(exact(row), first + row);
  };
  const auto take = [&](size_t row, const Bounds& bounds) {
    ask(row);
    doubts.add(row, bounds.upper);
    if (doubts.full()) doubts.settle(decide);
  };
  sift_coded(query, dim, rows, [&] { return heap.bar(); }, score, take);
  doubts.settle(decide);
}

}  // namespace likeness

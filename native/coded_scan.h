// Searching by codes without giving up exactness: every row's code score comes with a bound on what
// rounding to codes can have lost, and where that leaves a doubt the row's floats decide. Uses no
// library, so that it is also part of the WebAssembly build.
#pragma once
#include "best.h"
#include "kernels/encode.h"
#include "prefetch.h"

namespace likeness {

// Rows may be this long at most; the arena's are of unit length.
constexpr double kMaxCodedLength = 1.01;

// What belongs to a query's codes, and what the bounds of all rows have in common.
struct CodedQuery {
  // Sum of the codes.
  int32_t sum;
  double scale;
  // |float score - code score| <= per_error * (the row's code_error) + rest.
  double per_error;
  double rest;
};

// With x the row and x' what its codes stand for, q and q' likewise for the query:
//   |q.x - q'.x'| <= |q| |x - x'| + |q - q'| |x'|,  |x'| <= |x| + |x - x'|.
// To that comes the rounding of the float sum: below dim + 16 times half a unit in the last place, of
// |q| |x|.
inline void encode(const float* query, size_t dim, int8_t* codes, CodedQuery& coded) {
  const float scale = encode_query(query, dim, codes, &coded.sum);
  double squared = 0, lost = 0;
  for (size_t i = 0; i < dim; ++i) {
    const double value = static_cast<double>(query[i]);
    const double error = value - static_cast<double>(scale) * codes[i];
    squared += value * value;
    lost += error * error;
  }
  const double length = __builtin_sqrt(squared), error = __builtin_sqrt(lost);
  const double rounding = static_cast<double>(dim + 16) / (1 << 24) * length * kMaxCodedLength;
  coded.scale = static_cast<double>(scale);
  coded.per_error = length + error;
  // The last term is for sums of denormal numbers.
  coded.rest = error * kMaxCodedLength + rounding + static_cast<double>(dim + 16) * 1e-45;
}

// The most a row can score: `dot` of its codes, and its scale and code_error at `scales`.
inline double possible_score(const CodedQuery& query, int32_t dot, const float* scales) {
  const double error = query.per_error * static_cast<double>(scales[1]);
  return dot * (query.scale * static_cast<double>(scales[0])) + error + query.rest;
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

// Offers every row in use to the heap, those that cannot be among its best only in effect. `code_dot` is
// called with the row's codes, `exact` with its number and returns the float score, `ask` with its number some
// time before; ordinals begin at `first`.
template <typename CodeDot, typename Exact, typename Ask = AskNothing>
void offer_coded(const CodedQuery& query, size_t dim, const CodedRows& rows, size_t first,
                 BestHeap& heap, CodeDot code_dot, Exact exact, Ask ask = {}) {
  Doubts doubts;
  // Not a number: the query's floats are not finite, or nearly so; the floats decide.
  const auto in_doubt = [&](double possible) { return heap.takes(possible) || possible != possible; };
  const auto decide = [&](size_t row, double possible) {
    // The heap may have filled up since.
    if (in_doubt(possible)) heap.offer(exact(row), first + row);
  };
  for (size_t i = 0; i < rows.count; ++i) {
    prefetch_ahead(rows.codes + i * dim, dim);
    if (__atomic_load_n(rows.live + i, __ATOMIC_ACQUIRE) == 0) continue;
    const int32_t dot = code_dot(rows.codes + i * dim);
    const double possible = possible_score(query, dot, rows.scales + 2 * i);
    if (!in_doubt(possible)) continue;
    ask(i);
    doubts.add(i, possible);
    if (doubts.full()) doubts.settle(decide);
  }
  doubts.settle(decide);
}

}  // namespace likeness

#include <cmath>

#include "scan.h"

namespace likeness {
namespace {

// A query as codes, with what every row's bound has in common.
struct CodedQuery {
  std::int8_t codes[kMaxCodeDimension];
  std::int32_t sum = 0;
  double scale = 0;
  // |exact score - code score| <= length * (the row's error) + rest.
  double length = 0;
  double rest = 0;
};

// With x the row and x' what its codes stand for, q and q' likewise for the query:
//   |q.x - q'.x'| <= |q| |x - x'| + |q - q'| |x'|,
// and |x'| <= |x| + |x - x'|. To that comes the rounding of the float sum, at most n roundings of a
// half unit each in the order of |q| |x|, and of the arithmetic on the codes' scores.
void encode(const float* query, std::size_t dim, CodedQuery& coded) {
  const float scale = encode_query(query, dim, coded.codes, &coded.sum);
  double squared = 0, lost = 0;
  for (std::size_t i = 0; i < dim; ++i) {
    const double error = query[i] - static_cast<double>(scale) * coded.codes[i];
    squared += static_cast<double>(query[i]) * query[i];
    lost += error * error;
  }
  const double length = std::sqrt(squared), error = std::sqrt(lost);
  const double rounding = static_cast<double>(dim + 16) / (1 << 24) * length * kMaxCodedLength;
  coded.scale = scale;
  coded.length = length + error;
  coded.rest = error * kMaxCodedLength + rounding;
}

}  // namespace

std::size_t top_k_coded(const CodedScan& kernels, const float* query, std::size_t dim,
                        const CodedRows& rows, double floor, Best best) {
  CodedQuery coded;
  encode(query, dim, coded);
  BestHeap heap(best, floor);
  // One row after the other without software prefetch: the hardware streamer does it best here.
  for (std::size_t i = 0; i < rows.count; ++i) {
    if (rows.live[i] == 0) continue;
    const std::int32_t product =
        kernels.code_dot(rows.codes + i * dim, coded.codes, coded.sum, dim);
    const float* scale = rows.scales + 2 * i;
    const double possible = product * (coded.scale * scale[0]) + coded.length * scale[1] + coded.rest;
    if (heap.takes(possible) || std::isnan(possible)) {
      heap.offer(kernels.dot(query, rows.rows + i * dim, dim), i);
    }
  }
  return heap.finish();
}

}  // namespace likeness

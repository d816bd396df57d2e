#include "scan.h"

namespace likeness {

std::size_t top_k_coded(const CodedScan& kernels, const float* query, std::size_t dim,
                        const float* floats, const CodedRows& rows, double floor, Best best) {
  std::int8_t query_codes[kMaxCodeDimension];
  CodedQuery coded;
  encode(query, dim, query_codes, coded);
  BestHeap heap(best, floor);
  const auto code_dot = [&](const std::uint8_t* codes) {
    return kernels.code_dot(codes, query_codes, coded.sum, dim);
  };
  const auto exact = [&](std::size_t row) { return kernels.dot(query, floats + row * dim, dim); };
  const auto ask = [&](std::size_t row) { prefetch(floats + row * dim, dim * sizeof(float)); };
  offer_coded(coded, dim, rows, 0, heap, code_dot, exact, ask);
  return heap.finish();
}

}  // namespace likeness

#include "scan.h"

namespace likeness {

std::size_t top_k_coded(const CodedScan& kernels, const float* query, std::size_t dim,
                        const float* floats, const CodedRows& rows, double floor, Best best) {
  std::int8_t codes[kMaxCodeDimension], second[kMaxCodeDimension];
  CodedQuery coded;
  encode(query, dim, codes, second, coded);
  BestHeap heap(best, floor);
  const Products products{kernels, codes, second, coded, dim};
  const auto exact = [&](std::size_t row) { return kernels.dot(query, floats + row * dim, dim); };
  const auto ask = [&](std::size_t row) { prefetch(floats + row * dim, dim * sizeof(float)); };
  offer_coded(coded, dim, rows, 0, heap, products, exact, ask);
  return heap.finish();
}

}  // namespace likeness

#include "scan.h"

#include "prefetch.h"

namespace likeness {

void dot_many(DotFn dot, const float* query, std::size_t dim, const float* rows, std::size_t count,
              float* scores) {
  for (std::size_t i = 0; i < count; ++i) scores[i] = dot(query, rows + i * dim, dim);
}

void dot_gather(DotFn dot, const float* query, std::size_t dim, const float* rows,
                const std::uint32_t* ordinals, std::size_t count, float* scores) {
  // Rows lie anywhere, so no hardware stream prefetcher helps: ask two rows ahead.
  constexpr std::size_t kAhead = 2;
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kAhead < count) prefetch(rows + ordinals[i + kAhead] * dim, dim * sizeof(float));
    scores[i] = dot(query, rows + ordinals[i] * dim, dim);
  }
}

std::size_t top_k(DotFn dot, const float* query, std::size_t dim, const float* rows,
                  const std::uint8_t* live, std::size_t count, double floor, Best best) {
  BestHeap heap(best, floor);
  for (std::size_t i = 0; i < count; ++i) {
    prefetch_ahead(rows + i * dim, dim * sizeof(float));
    if (live[i] != 0) heap.offer(dot(query, rows + i * dim, dim), i);
  }
  return heap.finish();
}

}  // namespace likeness

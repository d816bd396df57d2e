#include "scan.h"

#include <utility>

namespace likeness {
namespace {

constexpr std::size_t kCacheLineFloats = 16;

void prefetch_row(const float* row, std::size_t dim) {
  for (std::size_t i = 0; i < dim; i += kCacheLineFloats) __builtin_prefetch(row + i);
}

// True when entry a is worse than entry b.
bool worse(const Best& heap, std::size_t a, std::size_t b) {
  if (heap.scores[a] != heap.scores[b]) return heap.scores[a] < heap.scores[b];
  return heap.ordinals[a] > heap.ordinals[b];
}

void swap_entries(const Best& heap, std::size_t a, std::size_t b) {
  std::swap(heap.scores[a], heap.scores[b]);
  std::swap(heap.ordinals[a], heap.ordinals[b]);
}

// The worst entry is kept at index 0: it is the one to beat and the one to leave.
void sift_up(const Best& heap, std::size_t at) {
  while (at > 0) {
    const std::size_t parent = (at - 1) / 2;
    if (!worse(heap, at, parent)) return;
    swap_entries(heap, at, parent);
    at = parent;
  }
}

void sift_down(const Best& heap, std::size_t size) {
  std::size_t at = 0;
  for (;;) {
    std::size_t child = 2 * at + 1;
    if (child >= size) return;
    if (child + 1 < size && worse(heap, child + 1, child)) ++child;
    if (!worse(heap, child, at)) return;
    swap_entries(heap, child, at);
    at = child;
  }
}

void sort_best_first(const Best& heap, std::size_t size) {
  while (size > 1) {
    --size;
    swap_entries(heap, 0, size);
    sift_down(heap, size);
  }
}

}  // namespace

void dot_many(DotFn dot, const float* query, std::size_t dim, const float* rows, std::size_t count,
              float* scores) {
  for (std::size_t i = 0; i < count; ++i) scores[i] = dot(query, rows + i * dim, dim);
}

void dot_gather(DotFn dot, const float* query, std::size_t dim, const float* rows,
                const std::uint32_t* ordinals, std::size_t count, float* scores) {
  // Rows lie anywhere, so no hardware stream prefetcher helps: ask two rows ahead.
  constexpr std::size_t kAhead = 2;
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kAhead < count) prefetch_row(rows + ordinals[i + kAhead] * dim, dim);
    scores[i] = dot(query, rows + ordinals[i] * dim, dim);
  }
}

std::size_t top_k(DotFn dot, const float* query, std::size_t dim, const float* rows,
                  const std::uint8_t* live, std::size_t count, double floor, Best best) {
  if (best.capacity == 0) return 0;
  std::size_t size = 0;
  // One row after the other without software prefetch: the hardware streamer does it best here.
  for (std::size_t i = 0; i < count; ++i) {
    if (live[i] == 0) continue;
    const float score = dot(query, rows + i * dim, dim);
    if (!(score >= floor)) continue;
    if (size < best.capacity) {
      best.scores[size] = score;
      best.ordinals[size] = static_cast<std::uint32_t>(i);
      sift_up(best, size++);
    } else if (score > best.scores[0]) {
      best.scores[0] = score;
      best.ordinals[0] = static_cast<std::uint32_t>(i);
      sift_down(best, size);
    }
  }
  sort_best_first(best, size);
  return size;
}

}  // namespace likeness

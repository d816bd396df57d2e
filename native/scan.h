// What a kernel is used for: many rows against one query. Nothing is checked here and nothing is
// allocated; binding.cc has checked every pointer, length and ordinal before.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dot.h"

namespace likeness {

// scores[i] = query . row i, for `count` rows laid end to end.
void dot_many(DotFn dot, const float* query, std::size_t dim, const float* rows, std::size_t count,
              float* scores);

// scores[i] = query . row ordinals[i].
void dot_gather(DotFn dot, const float* query, std::size_t dim, const float* rows,
                const std::uint32_t* ordinals, std::size_t count, float* scores);

// The best rows found, best first; a caller's two arrays of `capacity` each.
struct Best {
  std::uint32_t* ordinals;
  float* scores;
  std::size_t capacity;
};

// Fills `best` with the rows of highest score among those with live[i] != 0 and score >= floor;
// of equal scores the lower ordinal is better. Returns how many. A NaN score is never found.
std::size_t top_k(DotFn dot, const float* query, std::size_t dim, const float* rows,
                  const std::uint8_t* live, std::size_t count, double floor, Best best);

}  // namespace likeness

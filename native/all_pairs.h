// How often each score occurs among all pairs of many unit vectors.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/tile.h"

namespace likeness {

// The vectors, end to end; none longer than 1.01.
struct AllRows {
  const float* rows;
  std::size_t count, dim;
};

// Part of the square of all pairs: rows [row_begin, row_end) with columns [column_begin, column_end).
struct PairBlock {
  std::size_t row_begin, row_end, column_begin, column_end;
};

constexpr std::size_t kMaxBins = 65536;

// A block has at most this many rows, so that its packed copy is bounded and no bin's count overflows.
constexpr std::size_t kMaxBlockRows = 4096;
constexpr std::size_t kMaxBlockColumns = 65536;

// counts[b] of the pairs (row, column) of the block with row < column have a score in bin b: `bins` equal
// bins from -1 to 1, a score outside in the first or last. A score is judged as the double sum of its
// products: where the float sum is near an edge it is made again in double, so that every instruction set
// gives the same counts. Allocates a packed copy of the block's rows.
std::vector<std::uint32_t> count_pairs(const TileKernel& kernel, const AllRows& all,
                                       const PairBlock& block, std::size_t bins);

}  // namespace likeness

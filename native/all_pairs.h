// How often each score occurs among all pairs of many unit vectors.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/tile.h"

namespace likeness {

// Rows may be this long at most; they are meant to be of unit length.
constexpr double kMaxRowLength = 1.01;

// The vectors, end to end; none longer than kMaxRowLength.
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

// The first row of [begin, end) that is longer than that or not finite, or end.
std::size_t first_not_unit(const TileKernel& kernel, const AllRows& all, std::size_t begin,
                           std::size_t end);

// counts[b] of the pairs (row, column) of the block with row < column have a score in bin b: `bins` equal
// bins from -1 to 1, a score outside in the first or last. A score is judged as the double sum of its
// products: where the float sum is near an edge it is made again in double, so that every instruction set
// gives the same counts. Allocates a packed copy of the block's rows.
std::vector<std::uint32_t> count_pairs(const TileKernel& kernel, const AllRows& all,
                                       const PairBlock& block, std::size_t bins);

}  // namespace likeness

// A tile of a matrix product: the scores of a few rows with a few others, called its columns, all kept in
// registers while the dimension runs. One file for each instruction set, as in dot.h.
//
// Columns are packed: panel[k * width + c] is float k of column c.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "unrolled.h"

namespace likeness {

// Room for the scores of the largest tile.
constexpr std::size_t kMaxTileScores = 12 * 32;

// Long sums of floats lose places: after so many products they are added to the score and begin anew.
constexpr std::size_t kTileRun = 128;

// Counts are kept several times over, so that two pairs of one bin need not wait for each other.
constexpr std::size_t kCopies = 8;

// Turns scores into bins: bin = floor((score + 1) * half), within 0 to last; and those into places in the
// array of counts, those of each copy one after the other: score i is counted at bin + i % kCopies * bins.
struct Binning {
  float half;
  std::int32_t last;
  // A score whose place is within doubt + |score| * growth bins of an edge may belong to the neighbour.
  float doubt;
  float growth;
};

// At most kTileRun floats of the rows and columns of a tile.
struct TileRun {
  // Float k of row r is rows[r * stride + k].
  const float* rows;
  std::size_t stride;
  const float* panel;
  std::size_t length;
  // Whether the scores begin with this run instead of being added to.
  bool first;
  // Other scores, counted meanwhile: length * counts_per_step places in `counts`, or none. The multiply-add
  // units are what a tile waits for, so that this costs next to nothing.
  const std::uint32_t* places;
  std::uint32_t* counts;
  // Rows of the next tile, which come from beyond the L2 cache: every kAskEvery-th step asks for some.
  const float* ahead;
};

constexpr std::size_t kAskEvery = 16, kAskFloats = 32;

// To be called at step k. All at once, the requests would stand in the way of the tile's own.
inline __attribute__((always_inline)) void ask_ahead(const TileRun& run, std::size_t k) {
  if (k % kAskEvery != 0) return;
  const float* const at = run.ahead + k / kAskEvery * kAskFloats;
  __builtin_prefetch(at, 0, 2);
  __builtin_prefetch(at + kAskFloats / 2, 0, 2);
}

struct TileKernel {
  const char* name;
  std::size_t height, width, counts_per_step;
  // scores[r * width + c] += row r . column c.
  void (*add_run)(const TileRun& run, float* scores);
  // Writes the place of each score, and the numbers of the doubtful ones to `doubtful`, and returns how many
  // those are. Both arrays have room for kMaxTileScores + 16 entries; `count` is height * width.
  std::size_t (*bin)(const float* scores, std::size_t count, const Binning& binning,
                     std::uint32_t* places, std::uint32_t* doubtful);
  // a . b as dot_exact gives it, to the last bit.
  double (*dot)(const float* a, const float* b, std::size_t dim);
  // Runs `rounds` times as many multiply-adds as the CPU can have under way, on registers alone, and returns
  // how many floating-point operations that was: what a benchmark holds the tile against.
  double (*saturate)(std::size_t rounds);
};

// The score that decides, summed in double: float k of the vectors belongs to sum k % 16, and of the sums
// the upper half is added to the lower until one is left. The product of two floats is exact in double,
// fused or not, so all kernels give the same bits.
constexpr std::size_t kExactSums = 16;

// Adds the last floats, fewer than there are sums, and then the sums.
inline double finish_exact(double* sums, const float* a, const float* b, std::size_t rest) {
  for (std::size_t i = 0; i < rest; ++i) sums[i] += static_cast<double>(a[i]) * b[i];
  for (std::size_t half = kExactSums / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  return sums[0];
}

double dot_exact(const float* a, const float* b, std::size_t dim);

std::size_t bin_scalar(const float* scores, std::size_t count, const Binning& binning,
                       std::uint32_t* places, std::uint32_t* doubtful);

extern const TileKernel kTileScalar;
#if defined(__x86_64__)
extern const TileKernel kTileAvx2;
extern const TileKernel kTileAvx512;
#elif defined(__aarch64__)
extern const TileKernel kTileNeon;
#endif

// What this CPU can run, best first; the scalar kernel is always the last.
const std::vector<TileKernel>& tile_kernels();

}  // namespace likeness

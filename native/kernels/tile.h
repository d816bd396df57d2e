// A tile of a matrix product: the scores of a few rows with a few others, all kept in registers while the
// dimension runs. One file for each instruction set, as in dot.h.
//
// Operands are packed panels: panel[k * width + r] is float k of row r.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

// GCC keeps an array in registers only where the loops over it are gone early; Clang does so by itself.
#if defined(__clang__)
#define UNROLLED
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif

namespace likeness {

// Room for the scores of the largest tile.
constexpr std::size_t kMaxTileScores = 12 * 32;

// Long sums of floats lose places: after so many products they are added to the score and begin anew.
constexpr std::size_t kTileRun = 128;

// Turns scores into bins: bin = floor((score + 1) * half), within 0 to last.
struct Binning {
  float half;
  std::int32_t last;
  // A score whose place is within doubt + |score| * growth bins of an edge may belong to the neighbour.
  float doubt;
  float growth;
};

struct TileKernel {
  const char* name;
  std::size_t height, width;
  // scores[r * width + c] += row r of panel a (of `height` rows) . row c of panel b (of `width` rows).
  void (*add_run)(const float* a, const float* b, std::size_t dim, float* scores);
  // Writes the bin of each score and the places of the doubtful ones to `doubtful`, and returns how many
  // those are. Both arrays have room for kMaxTileScores + 16 entries; `count` is height * width.
  std::size_t (*bin)(const float* scores, std::size_t count, const Binning& binning,
                     std::int32_t* bins, std::int32_t* doubtful);
  // Runs `rounds` times as many multiply-adds as the CPU can have under way, on registers alone, and returns
  // how many floating-point operations that was: what a benchmark holds the tile against.
  double (*saturate)(std::size_t rounds);
};

std::size_t bin_scalar(const float* scores, std::size_t count, const Binning& binning,
                       std::int32_t* bins, std::int32_t* doubtful);

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

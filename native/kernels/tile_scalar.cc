#include "tile.h"

namespace likeness {
namespace {

constexpr std::size_t kHeight = 4, kWidth = 8;

void add_run(const TileRun& run, float* scores) {
  // In double: what the other tiles are held against.
  double sums[kHeight * kWidth] = {};
  const float* panel = run.panel;
  for (std::size_t k = 0; k < run.length; ++k, panel += kWidth) {
    ask_ahead(run, k);
    for (std::size_t r = 0; r < kHeight; ++r) {
      for (std::size_t c = 0; c < kWidth; ++c) {
        sums[r * kWidth + c] += static_cast<double>(run.rows[r * run.stride + k]) * panel[c];
      }
    }
  }
  for (std::size_t i = 0; i < kHeight * kWidth; ++i) {
    scores[i] = (run.first ? 0 : scores[i]) + static_cast<float>(sums[i]);
  }
}

double saturate(std::size_t rounds) {
  double sums[8] = {};
  for (std::size_t i = 0; i < rounds; ++i) {
    for (volatile double& sum : sums) sum = sum * 0.999 + 1e-9;
  }
  volatile double seen = 0;
  for (double sum : sums) seen = seen + sum;
  return static_cast<double>(rounds) * 8 * 2;
}

}  // namespace

double dot_exact(const float* a, const float* b, std::size_t dim) {
  double sums[kExactSums] = {};
  std::size_t k = 0;
  for (; k + kExactSums <= dim; k += kExactSums) {
    for (std::size_t i = 0; i < kExactSums; ++i) sums[i] += static_cast<double>(a[k + i]) * b[k + i];
  }
  return finish_exact(sums, a + k, b + k, dim - k);
}

std::size_t bin_scalar(const float* scores, std::size_t count, const Binning& binning,
                       std::uint32_t* places, std::uint32_t* doubtful) {
  const std::size_t bins = static_cast<std::size_t>(binning.last) + 1;
  std::size_t doubts = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const float place = scores[i] * binning.half + binning.half;
    const float inside = place > 0 ? place : 0;
    const std::int32_t bin = inside < static_cast<float>(binning.last)
                                 ? static_cast<std::int32_t>(inside)
                                 : binning.last;
    const float rest = place - static_cast<float>(bin);
    places[i] = static_cast<std::uint32_t>(static_cast<std::size_t>(bin) + i % kCopies * bins);
    doubtful[doubts] = static_cast<std::uint32_t>(i);
    const float doubt = binning.doubt + (scores[i] < 0 ? -scores[i] : scores[i]) * binning.growth;
    doubts += !(rest >= doubt && rest <= 1 - doubt);
  }
  return doubts;
}

const TileKernel kTileScalar = {"scalar", kHeight, kWidth, 0, add_run, bin_scalar, dot_exact, saturate};

}  // namespace likeness

#include "tile.h"

namespace likeness {
namespace {

constexpr std::size_t kHeight = 4, kWidth = 8;

void add_run(const float* a, const float* b, std::size_t dim, float* scores) {
  // In double: what the other tiles are held against.
  double sums[kHeight * kWidth] = {};
  for (std::size_t k = 0; k < dim; ++k, a += kHeight, b += kWidth) {
    for (std::size_t r = 0; r < kHeight; ++r) {
      for (std::size_t c = 0; c < kWidth; ++c) {
        sums[r * kWidth + c] += static_cast<double>(a[r]) * b[c];
      }
    }
  }
  for (std::size_t i = 0; i < kHeight * kWidth; ++i) scores[i] += static_cast<float>(sums[i]);
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

std::size_t bin_scalar(const float* scores, std::size_t count, const Binning& binning,
                       std::int32_t* bins, std::int32_t* doubtful) {
  std::size_t doubts = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const float place = scores[i] * binning.half + binning.half;
    const float inside = place > 0 ? place : 0;
    std::int32_t bin = inside < static_cast<float>(binning.last) ? static_cast<std::int32_t>(inside)
                                                                 : binning.last;
    const float rest = place - static_cast<float>(bin);
    bins[i] = bin;
    doubtful[doubts] = static_cast<std::int32_t>(i);
    const float doubt = binning.doubt + (scores[i] < 0 ? -scores[i] : scores[i]) * binning.growth;
    doubts += !(rest >= doubt && rest <= 1 - doubt);
  }
  return doubts;
}

const TileKernel kTileScalar = {"scalar", kHeight, kWidth, add_run, bin_scalar, saturate};

}  // namespace likeness

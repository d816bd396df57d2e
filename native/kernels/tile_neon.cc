#include <arm_neon.h>

#include "tile.h"

namespace likeness {
namespace {

// 24 accumulators, three registers of columns and two of rows: 29 of 32 registers.
constexpr std::size_t kHeight = 8, kWidth = 12;

// The products of at most kTileRun floats of each row, added to the scores.
void add_run(const float* a, const float* b, std::size_t dim, float* scores) {
  float32x4_t sums[kHeight][3];
  UNROLLED
  for (auto& row : sums) row[0] = row[1] = row[2] = vdupq_n_f32(0);
  for (std::size_t k = 0; k < dim; ++k, a += kHeight, b += kWidth) {
    const float32x4_t columns[3] = {vld1q_f32(b), vld1q_f32(b + 4), vld1q_f32(b + 8)};
    UNROLLED
    for (std::size_t r = 0; r < kHeight; ++r) {
      UNROLLED
      for (std::size_t c = 0; c < 3; ++c) sums[r][c] = vfmaq_n_f32(sums[r][c], columns[c], a[r]);
    }
  }
  UNROLLED
  for (std::size_t r = 0; r < kHeight; ++r) {
    UNROLLED
    for (std::size_t c = 0; c < 3; ++c) {
      float* score = scores + r * kWidth + 4 * c;
      vst1q_f32(score, vaddq_f32(vld1q_f32(score), sums[r][c]));
    }
  }
}

double saturate(std::size_t rounds) {
  float32x4_t sums[16];
  UNROLLED
  for (auto& sum : sums) sum = vdupq_n_f32(0);
  const float32x4_t one = vdupq_n_f32(1), little = vdupq_n_f32(1e-9f);
  for (std::size_t i = 0; i < rounds; ++i) {
    UNROLLED
    for (auto& sum : sums) {
      sum = vfmaq_f32(little, sum, one);
      // Or else equal sums would be computed once.
      asm volatile("" : "+w"(sum));
    }
  }
  float kept[4];
  volatile float seen = 0;
  UNROLLED
  for (auto& sum : sums) {
    vst1q_f32(kept, sum);
    seen = seen + kept[0];
  }
  return static_cast<double>(rounds) * 16 * 4 * 2;
}

}  // namespace

const TileKernel kTileNeon = {"neon", kHeight, kWidth, add_run, bin_scalar, saturate};

}  // namespace likeness

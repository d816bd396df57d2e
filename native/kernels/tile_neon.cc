#include <arm_neon.h>

#include "tile.h"

namespace likeness {
namespace {

// 24 accumulators, three registers of columns and two of rows: 29 of 32 registers.
constexpr std::size_t kHeight = 8, kWidth = 12;

void add_run(const TileRun& run, float* scores) {
  float32x4_t sums[kHeight][3];
  UNROLLED
  for (auto& row : sums) row[0] = row[1] = row[2] = vdupq_n_f32(0);
  const float* panel = run.panel;
  for (std::size_t k = 0; k < run.length; ++k, panel += kWidth) {
    ask_ahead(run, k);
    const float32x4_t columns[3] = {vld1q_f32(panel), vld1q_f32(panel + 4), vld1q_f32(panel + 8)};
    UNROLLED
    for (std::size_t r = 0; r < kHeight; ++r) {
      const float value = run.rows[r * run.stride + k];
      UNROLLED
      for (std::size_t c = 0; c < 3; ++c) sums[r][c] = vfmaq_n_f32(sums[r][c], columns[c], value);
    }
    if (run.places != nullptr) ++run.counts[run.places[k]];
  }
  UNROLLED
  for (std::size_t r = 0; r < kHeight; ++r) {
    UNROLLED
    for (std::size_t c = 0; c < 3; ++c) {
      float* score = scores + r * kWidth + 4 * c;
      vst1q_f32(score, run.first ? sums[r][c] : vaddq_f32(vld1q_f32(score), sums[r][c]));
    }
  }
}

double dot(const float* a, const float* b, std::size_t dim) {
  float64x2_t sums[8];
  UNROLLED
  for (auto& sum : sums) sum = vdupq_n_f64(0);
  std::size_t k = 0;
  for (; k + kExactSums <= dim; k += kExactSums) {
    UNROLLED
    for (std::size_t i = 0; i < 4; ++i) {
      const float32x4_t x = vld1q_f32(a + k + 4 * i), y = vld1q_f32(b + k + 4 * i);
      sums[2 * i] = vfmaq_f64(sums[2 * i], vcvt_f64_f32(vget_low_f32(x)), vcvt_f64_f32(vget_low_f32(y)));
      sums[2 * i + 1] = vfmaq_f64(sums[2 * i + 1], vcvt_high_f64_f32(x), vcvt_high_f64_f32(y));
    }
  }
  double kept[kExactSums];
  UNROLLED
  for (std::size_t i = 0; i < 8; ++i) vst1q_f64(kept + 2 * i, sums[i]);
  return finish_exact(kept, a + k, b + k, dim - k);
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

const TileKernel kTileNeon = {"neon", kHeight, kWidth, 1, add_run, bin_scalar, dot, saturate};

}  // namespace likeness

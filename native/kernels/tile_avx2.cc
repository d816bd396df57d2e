#include <immintrin.h>

#include "tile.h"

#define AVX2 __attribute__((target("avx2,fma")))

namespace likeness {
namespace {

// 12 accumulators, two registers of columns and one for the row: 15 of 16 registers.
constexpr std::size_t kHeight = 6, kWidth = 16;

template <bool kCounting>
AVX2 inline __attribute__((always_inline)) void add(const TileRun& run, float* scores) {
  __m256 sums[kHeight][2];
  UNROLLED
  for (auto& row : sums) row[0] = row[1] = _mm256_setzero_ps();
  const float* panel = run.panel;
  for (std::size_t k = 0; k < run.length; ++k, panel += kWidth) {
    ask_ahead(run, k);
    const __m256 left = _mm256_loadu_ps(panel), right = _mm256_loadu_ps(panel + 8);
    UNROLLED
    for (std::size_t r = 0; r < kHeight; ++r) {
      const __m256 value = _mm256_broadcast_ss(run.rows + r * run.stride + k);
      sums[r][0] = _mm256_fmadd_ps(value, left, sums[r][0]);
      sums[r][1] = _mm256_fmadd_ps(value, right, sums[r][1]);
    }
    if (kCounting) ++run.counts[run.places[k]];
  }
  UNROLLED
  for (std::size_t r = 0; r < kHeight; ++r) {
    float* score = scores + r * kWidth;
    if (!run.first) {
      sums[r][0] = _mm256_add_ps(_mm256_loadu_ps(score), sums[r][0]);
      sums[r][1] = _mm256_add_ps(_mm256_loadu_ps(score + 8), sums[r][1]);
    }
    _mm256_storeu_ps(score, sums[r][0]);
    _mm256_storeu_ps(score + 8, sums[r][1]);
  }
}

AVX2 void add_run(const TileRun& run, float* scores) {
  if (run.places != nullptr) {
    add<true>(run, scores);
  } else {
    add<false>(run, scores);
  }
}

AVX2 double dot(const float* a, const float* b, std::size_t dim) {
  __m256d sums[4];
  UNROLLED
  for (auto& sum : sums) sum = _mm256_setzero_pd();
  std::size_t k = 0;
  for (; k + kExactSums <= dim; k += kExactSums) {
    UNROLLED
    for (std::size_t i = 0; i < 4; ++i) {
      sums[i] = _mm256_fmadd_pd(_mm256_cvtps_pd(_mm_loadu_ps(a + k + 4 * i)),
                                _mm256_cvtps_pd(_mm_loadu_ps(b + k + 4 * i)), sums[i]);
    }
  }
  double kept[kExactSums];
  UNROLLED
  for (std::size_t i = 0; i < 4; ++i) _mm256_storeu_pd(kept + 4 * i, sums[i]);
  return finish_exact(kept, a + k, b + k, dim - k);
}

AVX2 std::size_t bin(const float* scores, std::size_t count, const Binning& binning,
                     std::uint32_t* places, std::uint32_t* doubtful) {
  const __m256 half = _mm256_set1_ps(binning.half), one = _mm256_set1_ps(1);
  const __m256 least = _mm256_set1_ps(binning.doubt), growth = _mm256_set1_ps(binning.growth);
  const __m256 sign = _mm256_set1_ps(-0.0f);
  const __m256i last = _mm256_set1_epi32(binning.last), first = _mm256_setzero_si256();
  static_assert(kCopies == 8);
  const __m256i copies = _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
                                            _mm256_set1_epi32(binning.last + 1));
  std::size_t doubts = 0;
  for (std::size_t i = 0; i < count; i += 8) {
    const __m256 score = _mm256_loadu_ps(scores + i);
    const __m256 place = _mm256_fmadd_ps(score, half, half);
    const __m256 doubt = _mm256_fmadd_ps(_mm256_andnot_ps(sign, score), growth, least);
    const __m256i bin =
        _mm256_min_epi32(_mm256_max_epi32(_mm256_cvttps_epi32(place), first), last);
    const __m256 rest = _mm256_sub_ps(place, _mm256_cvtepi32_ps(bin));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(places + i), _mm256_add_epi32(bin, copies));
    const __m256 certain = _mm256_and_ps(_mm256_cmp_ps(rest, doubt, _CMP_GE_OQ),
                                         _mm256_cmp_ps(rest, _mm256_sub_ps(one, doubt), _CMP_LE_OQ));
    for (int doubted = ~_mm256_movemask_ps(certain) & 0xff; doubted != 0; doubted &= doubted - 1) {
      doubtful[doubts++] = static_cast<std::uint32_t>(i) +
                           static_cast<std::uint32_t>(__builtin_ctz(static_cast<unsigned>(doubted)));
    }
  }
  return doubts;
}

AVX2 double saturate(std::size_t rounds) {
  __m256 sums[12];
  UNROLLED
  for (auto& sum : sums) sum = _mm256_set1_ps(0);
  const __m256 one = _mm256_set1_ps(1), little = _mm256_set1_ps(1e-9f);
  for (std::size_t i = 0; i < rounds; ++i) {
    UNROLLED
    for (auto& sum : sums) {
      sum = _mm256_fmadd_ps(sum, one, little);
      // Or else equal sums would be computed once.
      asm volatile("" : "+x"(sum));
    }
  }
  float kept[8];
  volatile float seen = 0;
  UNROLLED
  for (auto& sum : sums) {
    _mm256_storeu_ps(kept, sum);
    seen = seen + kept[0];
  }
  return static_cast<double>(rounds) * 12 * 8 * 2;
}

}  // namespace

const TileKernel kTileAvx2 = {"avx2", kHeight, kWidth, 1, add_run, bin, dot, saturate};

}  // namespace likeness

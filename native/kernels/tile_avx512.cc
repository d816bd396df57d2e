#include <immintrin.h>

#include "tile.h"

#define AVX512 __attribute__((target("avx512f")))

namespace likeness {
namespace {

// 24 accumulators, two registers of columns and one for the row: 27 of 32 registers.
constexpr std::size_t kHeight = 12, kWidth = 32;

// A tile's scores are counted within one run of another.
constexpr std::size_t kCountsPerStep = kHeight * kWidth / kTileRun;

template <bool kCounting>
AVX512 inline __attribute__((always_inline)) void add(const TileRun& run, float* scores) {
  __m512 sums[kHeight][2];
  UNROLLED
  for (auto& row : sums) row[0] = row[1] = _mm512_setzero_ps();
  // Three rows are reached from each of these: more pointers would not fit into the registers.
  const float* base[kHeight / 3];
  UNROLLED
  for (std::size_t r = 0; r < kHeight; r += 3) base[r / 3] = run.rows + r * run.stride;
  const std::size_t stride = run.stride;
  const std::uint32_t* place = run.places;
  const float* panel = run.panel;
  for (std::size_t k = 0; k < run.length; ++k, panel += kWidth) {
    ask_ahead(run, k);
    const __m512 left = _mm512_load_ps(panel), right = _mm512_load_ps(panel + 16);
    UNROLLED
    for (std::size_t r = 0; r < kHeight; ++r) {
      const __m512 value = _mm512_set1_ps(base[r / 3][r % 3 * stride]);
      sums[r][0] = _mm512_fmadd_ps(value, left, sums[r][0]);
      sums[r][1] = _mm512_fmadd_ps(value, right, sums[r][1]);
    }
    UNROLLED
    for (auto& pointer : base) {
      ++pointer;
      // Or else GCC replaces the four pointers by twelve.
      asm("" : "+r"(pointer));
    }
    if (kCounting) {
      UNROLLED
      for (std::size_t i = 0; i < kCountsPerStep; ++i) ++run.counts[place[i]];
      place += kCountsPerStep;
    }
  }
  UNROLLED
  for (std::size_t r = 0; r < kHeight; ++r) {
    float* score = scores + r * kWidth;
    if (!run.first) {
      sums[r][0] = _mm512_add_ps(_mm512_load_ps(score), sums[r][0]);
      sums[r][1] = _mm512_add_ps(_mm512_load_ps(score + 16), sums[r][1]);
    }
    _mm512_store_ps(score, sums[r][0]);
    _mm512_store_ps(score + 16, sums[r][1]);
  }
}

AVX512 void add_run(const TileRun& run, float* scores) {
  if (run.places != nullptr) {
    add<true>(run, scores);
  } else {
    add<false>(run, scores);
  }
}

AVX512 double dot(const float* a, const float* b, std::size_t dim) {
  __m512d low = _mm512_setzero_pd(), high = low;
  std::size_t k = 0;
  for (; k + 16 <= dim; k += 16) {
    low = _mm512_fmadd_pd(_mm512_cvtps_pd(_mm256_loadu_ps(a + k)),
                          _mm512_cvtps_pd(_mm256_loadu_ps(b + k)), low);
    high = _mm512_fmadd_pd(_mm512_cvtps_pd(_mm256_loadu_ps(a + k + 8)),
                           _mm512_cvtps_pd(_mm256_loadu_ps(b + k + 8)), high);
  }
  double sums[16];
  _mm512_storeu_pd(sums, low);
  _mm512_storeu_pd(sums + 8, high);
  return finish_exact(sums, a + k, b + k, dim - k);
}

AVX512 std::size_t bin(const float* scores, std::size_t count, const Binning& binning,
                       std::uint32_t* places, std::uint32_t* doubtful) {
  const __m512 half = _mm512_set1_ps(binning.half), one = _mm512_set1_ps(1);
  const __m512 least = _mm512_set1_ps(binning.doubt), growth = _mm512_set1_ps(binning.growth);
  const __m512i last = _mm512_set1_epi32(binning.last), first = _mm512_setzero_si512();
  __m512i numbers = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  static_assert(kCopies == 8);
  const __m512i copies = _mm512_mullo_epi32(_mm512_and_si512(numbers, _mm512_set1_epi32(7)),
                                            _mm512_set1_epi32(binning.last + 1));
  std::size_t doubts = 0;
  for (std::size_t i = 0; i < count; i += 16) {
    const __m512 score = _mm512_loadu_ps(scores + i);
    const __m512 place = _mm512_fmadd_ps(score, half, half);
    const __m512 doubt = _mm512_fmadd_ps(_mm512_abs_ps(score), growth, least);
    const __m512i bin =
        _mm512_min_epi32(_mm512_max_epi32(_mm512_cvttps_epi32(place), first), last);
    const __m512 rest = _mm512_sub_ps(place, _mm512_cvtepi32_ps(bin));
    _mm512_storeu_si512(places + i, _mm512_add_epi32(bin, copies));
    const __mmask16 doubted = static_cast<__mmask16>(
        ~(_mm512_cmp_ps_mask(rest, doubt, _CMP_GE_OQ) &
          _mm512_cmp_ps_mask(rest, _mm512_sub_ps(one, doubt), _CMP_LE_OQ)));
    if (doubted != 0) {
      // Compressing straight into memory is many times slower on some CPUs.
      _mm512_storeu_si512(doubtful + doubts, _mm512_maskz_compress_epi32(doubted, numbers));
      doubts += static_cast<std::size_t>(__builtin_popcount(doubted));
    }
    numbers = _mm512_add_epi32(numbers, _mm512_set1_epi32(16));
  }
  return doubts;
}

AVX512 double saturate(std::size_t rounds) {
  __m512 sums[16];
  UNROLLED
  for (auto& sum : sums) sum = _mm512_set1_ps(0);
  const __m512 one = _mm512_set1_ps(1), little = _mm512_set1_ps(1e-9f);
  for (std::size_t i = 0; i < rounds; ++i) {
    UNROLLED
    for (auto& sum : sums) {
      sum = _mm512_fmadd_ps(sum, one, little);
      // Or else equal sums would be computed once.
      asm volatile("" : "+v"(sum));
    }
  }
  float kept[16];
  volatile float seen = 0;
  UNROLLED
  for (auto& sum : sums) {
    _mm512_storeu_ps(kept, sum);
    seen = seen + kept[0];
  }
  return static_cast<double>(rounds) * 16 * 16 * 2;
}

}  // namespace

const TileKernel kTileAvx512 = {"avx512", kHeight, kWidth, kCountsPerStep, add_run, bin, dot, saturate};

}  // namespace likeness

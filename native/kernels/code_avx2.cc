#include <immintrin.h>

#include "code.h"

namespace likeness {

// Widened to 16 bits first: maddubs would add two products of up to 255 * 127 in 16 bits and saturate.
__attribute__((target("avx2"))) std::int32_t code_dot_avx2(const std::uint8_t* code,
                                                           const std::int8_t* query,
                                                           std::int32_t query_sum, std::size_t n) {
  __m256i s0 = _mm256_setzero_si256(), s1 = s0;
  std::size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    const auto* c = reinterpret_cast<const __m128i*>(code + i);
    const auto* q = reinterpret_cast<const __m128i*>(query + i);
    s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(_mm256_cvtepu8_epi16(_mm_loadu_si128(c)),
                                                _mm256_cvtepi8_epi16(_mm_loadu_si128(q))));
    s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(_mm256_cvtepu8_epi16(_mm_loadu_si128(c + 1)),
                                                _mm256_cvtepi8_epi16(_mm_loadu_si128(q + 1))));
  }
  s0 = _mm256_add_epi32(s0, s1);
  __m128i half = _mm_add_epi32(_mm256_castsi256_si128(s0), _mm256_extracti128_si256(s0, 1));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1));
  std::int32_t sum = _mm_cvtsi128_si32(half);
  for (; i < n; ++i) sum += code[i] * query[i];
  return sum - 128 * query_sum;
}

}  // namespace likeness

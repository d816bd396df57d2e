#include <immintrin.h>

#include "code.h"

namespace likeness {

__attribute__((target("avx512f,avx512bw,avx512vnni"))) std::int32_t code_dot_avx512vnni(
    const std::uint8_t* code, const std::int8_t* query, std::int32_t query_sum, std::size_t n) {
  // Four accumulators: one alone would wait four cycles for each multiply-add.
  __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
  std::size_t i = 0;
  for (; i + 256 <= n; i += 256) {
    s0 = _mm512_dpbusd_epi32(s0, _mm512_loadu_si512(code + i), _mm512_loadu_si512(query + i));
    s1 = _mm512_dpbusd_epi32(s1, _mm512_loadu_si512(code + i + 64),
                             _mm512_loadu_si512(query + i + 64));
    s2 = _mm512_dpbusd_epi32(s2, _mm512_loadu_si512(code + i + 128),
                             _mm512_loadu_si512(query + i + 128));
    s3 = _mm512_dpbusd_epi32(s3, _mm512_loadu_si512(code + i + 192),
                             _mm512_loadu_si512(query + i + 192));
  }
  for (; i + 64 <= n; i += 64) {
    s0 = _mm512_dpbusd_epi32(s0, _mm512_loadu_si512(code + i), _mm512_loadu_si512(query + i));
  }
  if (i < n) {
    const __mmask64 rest = (std::uint64_t{1} << (n - i)) - 1;
    s1 = _mm512_dpbusd_epi32(s1, _mm512_maskz_loadu_epi8(rest, code + i),
                             _mm512_maskz_loadu_epi8(rest, query + i));
  }
  const __m512i sums = _mm512_add_epi32(_mm512_add_epi32(s0, s1), _mm512_add_epi32(s2, s3));
  return _mm512_reduce_add_epi32(sums) - 128 * query_sum;
}

}  // namespace likeness

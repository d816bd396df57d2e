#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "code.h"
#include "unrolled.h"

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

namespace {

// The sums of four registers: lane i is the sum of s[i].
__attribute__((target("avx512f,avx512bw,avx512vnni"))) inline __m128i sums_of_four(const __m512i* s) {
  const __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(s[0], s[1]), _mm512_unpackhi_epi32(s[0], s[1]));
  const __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(s[2], s[3]), _mm512_unpackhi_epi32(s[2], s[3]));
  const __m512i c = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
  const __m256i d = _mm256_add_epi32(_mm512_castsi512_si256(c), _mm512_extracti64x4_epi64(c, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(d), _mm256_extracti128_si256(d, 1));
}

}  // namespace

__attribute__((target("avx512f,avx512bw,avx512vnni"))) void code_dots_avx512vnni(
    const std::uint8_t* const* codes, const std::int8_t* query, std::int32_t query_sum, std::size_t n,
    std::size_t count, std::int32_t* out) {
  const __m128i correction = _mm_set1_epi32(128 * query_sum);
  const __mmask64 rest = (std::uint64_t{1} << (n % 64)) - 1;
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const std::uint8_t* const* const four = codes + i;
    __m512i s[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
                    _mm512_setzero_si512()};
    std::size_t at = 0;
    for (; at + 64 <= n; at += 64) {
      const __m512i part = _mm512_loadu_si512(query + at);
      for (int k = 0; k < 4; ++k) s[k] = _mm512_dpbusd_epi32(s[k], _mm512_loadu_si512(four[k] + at), part);
    }
    if (at < n) {
      const __m512i part = _mm512_maskz_loadu_epi8(rest, query + at);
      for (int k = 0; k < 4; ++k)
        s[k] = _mm512_dpbusd_epi32(s[k], _mm512_maskz_loadu_epi8(rest, four[k] + at), part);
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm_sub_epi32(sums_of_four(s), correction));
  }
  for (; i < count; ++i) out[i] = code_dot_avx512vnni(codes[i], query, query_sum, n);
}

namespace {

// Rows whose sums are in registers at a time.
constexpr std::size_t kPanelRows = 8;

// Scores of rows [begin, begin + kPanelRows); those beyond the last repeat it, and are not told.
__attribute__((target("avx512f,avx512bw,avx512vnni"))) inline void eight_rows(
    const PanelRows& rows, std::size_t begin, const Panel& panel, const float* bars, std::size_t n,
    const PanelScores& out) {
  const std::uint8_t* codes[kPanelRows];
  __m512i sums[kPanelRows];
  const __m512i correction = _mm512_slli_epi32(_mm512_loadu_si512(panel.sums), 7);
  UNROLLED
  for (std::size_t r = 0; r < kPanelRows; ++r) {
    codes[r] = rows.codes[std::min(begin + r, rows.count - 1)];
    sums[r] = _mm512_sub_epi32(_mm512_setzero_si512(), correction);
  }
  const std::int8_t* values = panel.values;
  for (std::size_t k = 0; k < n; k += 4, values += 4 * kPanelQueries) {
    const __m512i part = _mm512_loadu_si512(values);
    UNROLLED
    for (std::size_t r = 0; r < kPanelRows; ++r) {
      std::int32_t four;
      std::memcpy(&four, codes[r] + k, sizeof four);
      sums[r] = _mm512_dpbusd_epi32(sums[r], _mm512_set1_epi32(four), part);
    }
  }
  const __m512 scales = _mm512_loadu_ps(panel.scales), per_error = _mm512_loadu_ps(panel.per_error);
  const __m512 rest = _mm512_loadu_ps(panel.rest), bar = _mm512_loadu_ps(bars);
  for (std::size_t r = 0; r < kPanelRows && begin + r < rows.count; ++r) {
    const __m512 error = _mm512_fmadd_ps(per_error, _mm512_set1_ps(rows.errors[begin + r]), rest);
    const __m512 scale = _mm512_mul_ps(scales, _mm512_set1_ps(rows.scales[begin + r]));
    const __m512 most = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[r]), scale, error);
    // Wanted also where it is not a number.
    const __mmask16 wanted = _mm512_cmp_ps_mask(most, bar, _CMP_NLT_UQ);
    out.wanted[begin + r] = wanted;
    if (wanted != 0) _mm512_storeu_si512(out.dots + (begin + r) * kPanelQueries, sums[r]);
  }
}

}  // namespace

__attribute__((target("avx512f,avx512bw,avx512vnni"))) void code_panel_avx512vnni(
    const PanelRows& rows, const Panel& panel, const float* bars, std::size_t n, const PanelScores& out) {
  for (std::size_t r = 0; r < rows.count; r += kPanelRows) eight_rows(rows, r, panel, bars, n, out);
}

}  // namespace likeness

#if defined(__clang__)
#define LIKENESS_DOTPROD __attribute__((target("dotprod")))
#else
#define LIKENESS_DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))
#endif
#include <arm_neon.h>

#include "code.h"

namespace likeness {

// vdotq_s32, which Clang before 16 offers only where a whole file is compiled for the instruction.
LIKENESS_DOTPROD static inline int32x4_t add_dots(int32x4_t sums, int8x16_t a, int8x16_t b) {
  asm("sdot %0.4s, %1.16b, %2.16b" : "+w"(sums) : "w"(a), "w"(b));
  return sums;
}

// The dot product instruction wants both operands signed: flipping the top bit takes 128 away.
LIKENESS_DOTPROD std::int32_t code_dot_neondot(const std::uint8_t* code, const std::int8_t* query,
                                               std::int32_t /*query_sum*/, std::size_t n) {
  const uint8x16_t flip = vdupq_n_u8(0x80);
  int32x4_t s0 = vdupq_n_s32(0), s1 = s0;
  std::size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    const int8x16_t c0 = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(code + i), flip));
    const int8x16_t c1 = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(code + i + 16), flip));
    s0 = add_dots(s0, c0, vld1q_s8(query + i));
    s1 = add_dots(s1, c1, vld1q_s8(query + i + 16));
  }
  std::int32_t sum = vaddvq_s32(vaddq_s32(s0, s1));
  for (; i < n; ++i) sum += (code[i] - 128) * query[i];
  return sum;
}

}  // namespace likeness

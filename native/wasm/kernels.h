// The kernels in WebAssembly's 128-bit SIMD.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <wasm_simd128.h>

namespace likeness {

inline float lane_sum(v128_t v) {
  return (wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1)) +
         (wasm_f32x4_extract_lane(v, 2) + wasm_f32x4_extract_lane(v, 3));
}

inline v128_t multiply_add(const float* a, const float* b, v128_t sum) {
  return wasm_f32x4_add(sum, wasm_f32x4_mul(wasm_v128_load(a), wasm_v128_load(b)));
}

inline float dot_simd128(const float* a, const float* b, size_t n) {
  // Four accumulators: one alone would wait for each addition.
  v128_t s0 = wasm_f32x4_splat(0), s1 = s0, s2 = s0, s3 = s0;
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    s0 = multiply_add(a + i, b + i, s0);
    s1 = multiply_add(a + i + 4, b + i + 4, s1);
    s2 = multiply_add(a + i + 8, b + i + 8, s2);
    s3 = multiply_add(a + i + 12, b + i + 12, s3);
  }
  for (; i + 4 <= n; i += 4) s0 = multiply_add(a + i, b + i, s0);
  float sum = lane_sum(wasm_f32x4_add(wasm_f32x4_add(s0, s1), wasm_f32x4_add(s2, s3)));
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

// As code.h says; widened to 16 bits, so that nothing saturates.
inline int32_t code_dot_simd128(const uint8_t* code, const int8_t* query, int32_t query_sum,
                                size_t n) {
  v128_t s0 = wasm_i32x4_splat(0), s1 = s0;
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const v128_t c = wasm_v128_load(code + i), q = wasm_v128_load(query + i);
    s0 = wasm_i32x4_add(s0, wasm_i32x4_dot_i16x8(wasm_u16x8_extend_low_u8x16(c),
                                                 wasm_i16x8_extend_low_i8x16(q)));
    s1 = wasm_i32x4_add(s1, wasm_i32x4_dot_i16x8(wasm_u16x8_extend_high_u8x16(c),
                                                 wasm_i16x8_extend_high_i8x16(q)));
  }
  s0 = wasm_i32x4_add(s0, s1);
  int32_t sum = wasm_i32x4_extract_lane(s0, 0) + wasm_i32x4_extract_lane(s0, 1) +
                wasm_i32x4_extract_lane(s0, 2) + wasm_i32x4_extract_lane(s0, 3);
  for (; i < n; ++i) sum += code[i] * query[i];
  return sum - 128 * query_sum;
}

}  // namespace likeness

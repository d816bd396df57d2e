// How a float vector becomes int8 codes. Uses no library, so that it is also part of the WebAssembly build.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace likeness {

// 255 * 127 * 65536 < 2^31: up to here no sum of products overflows 32 bits.
constexpr size_t kMaxCodeDimension = 65536;

inline float largest_magnitude(const float* values, size_t n) {
  float most = 0;
  for (size_t i = 0; i < n; ++i) {
    const float magnitude = __builtin_fabsf(values[i]);
    if (magnitude > most) most = magnitude;
  }
  return most;
}

// What a value is multiplied with to become a code: in double, so that it is finite for the smallest
// denormal number, too.
inline double code_factor(float most) { return most > 0 ? 127.0 / static_cast<double>(most) : 0; }

// The nearest code, -127 to 127; of what is not a number one of them, whichever. Adding a number whose
// last place is the unit rounds half to even like lrint, which no compiler vectorises.
inline int32_t code_of(double value) {
  const double above = value > -127.0 ? value : -127.0;
  const double shifted = (above < 127.0 ? above : 127.0) + 6755399441055744.0;
  int64_t bits;
  __builtin_memcpy(&bits, &shifted, sizeof bits);
  return static_cast<int32_t>(bits);
}

// Writes code[i] = round(row[i] / scale) + 128 with scale = max|row[i]| / 127 and returns the scale,
// 0 for a row of zeros. The score of a row is about dot * row scale * query scale.
inline float encode_row(const float* row, size_t n, uint8_t* code) {
  const float most = largest_magnitude(row, n);
  const double factor = code_factor(most);
  for (size_t i = 0; i < n; ++i) {
    code[i] = static_cast<uint8_t>(code_of(static_cast<double>(row[i]) * factor) + 128);
  }
  return most / 127;
}

// The same, signed, for the query; *sum becomes the sum of its codes.
inline float encode_query(const float* query, size_t n, int8_t* out, int32_t* sum) {
  const float most = largest_magnitude(query, n);
  const double factor = code_factor(most);
  int32_t total = 0;
  for (size_t i = 0; i < n; ++i) {
    const int32_t value = code_of(static_cast<double>(query[i]) * factor);
    out[i] = static_cast<int8_t>(value);
    total += value;
  }
  *sum = total;
  return most / 127;
}

// Euclidean length of row - scale * (code - 128), rounded up: what the code has lost of the row.
inline float code_error(const float* row, const uint8_t* code, float scale, size_t n) {
  double squared = 0;
  for (size_t i = 0; i < n; ++i) {
    const double lost =
        static_cast<double>(row[i]) - static_cast<double>(scale) * (code[i] - 128);
    squared += lost * lost;
  }
  // The sum is off by less than n * 2^-53 and the cast by half a place, or, among denormal numbers, by
  // half of the smallest one.
  return static_cast<float>(__builtin_sqrt(squared) * (1 + 1e-6)) + 1e-44f;
}

}  // namespace likeness

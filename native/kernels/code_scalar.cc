#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "code.h"

namespace likeness {
namespace {

float largest(const float* values, std::size_t n) {
  float most = 0;
  for (std::size_t i = 0; i < n; ++i) most = std::max(most, std::fabs(values[i]));
  return most;
}

// Round half to even by letting the sum's last place be the unit: far quicker than lrint, which no
// compiler vectorises. What is not a number becomes one of the codes, whichever.
std::int32_t rounded(double value) {
  const double shifted = std::min(127.0, std::max(-127.0, value)) + 6755399441055744.0;
  std::int64_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  return static_cast<std::int32_t>(bits);
}

}  // namespace

std::int32_t code_dot_scalar(const std::uint8_t* code, const std::int8_t* query,
                             std::int32_t /*query_sum*/, std::size_t n) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += (code[i] - 128) * query[i];
  return sum;
}

float encode_row(const float* row, std::size_t n, std::uint8_t* code) {
  const float most = largest(row, n);
  // In double, so that it is finite for the smallest denormal number, too.
  const double inverse = most > 0 ? 127.0 / most : 0;
  for (std::size_t i = 0; i < n; ++i) {
    code[i] = static_cast<std::uint8_t>(rounded(row[i] * inverse) + 128);
  }
  return most / 127;
}

float encode_query(const float* query, std::size_t n, std::int8_t* out, std::int32_t* sum) {
  const float most = largest(query, n);
  const double inverse = most > 0 ? 127.0 / most : 0;
  std::int32_t total = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::int32_t value = rounded(query[i] * inverse);
    out[i] = static_cast<std::int8_t>(value);
    total += value;
  }
  *sum = total;
  return most / 127;
}

float code_error(const float* row, const std::uint8_t* code, float scale, std::size_t n) {
  double squared = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double lost = row[i] - static_cast<double>(scale) * (code[i] - 128);
    squared += lost * lost;
  }
  // The sum itself is off by less than n * 2^-53, the cast by half a place: one part in 10^6 covers both.
  return std::nextafter(static_cast<float>(std::sqrt(squared) * (1 + 1e-6)),
                        std::numeric_limits<float>::infinity());
}

}  // namespace likeness

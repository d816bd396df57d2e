#include "code.h"

namespace likeness {

std::int32_t code_dot_scalar(const std::uint8_t* code, const std::int8_t* query,
                             std::int32_t /*query_sum*/, std::size_t n) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += (code[i] - 128) * query[i];
  return sum;
}

}  // namespace likeness

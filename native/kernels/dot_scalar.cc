#include "dot.h"

namespace likeness {

// The oracle: summed in double, so that every other kernel can be held against it.
float dot_scalar(const float* a, const float* b, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * b[i];
  return static_cast<float>(sum);
}

}  // namespace likeness

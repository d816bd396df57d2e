#include "kernels/dot.h"

namespace likeness {
namespace {

std::vector<DotKernel> supported_kernels() {
  std::vector<DotKernel> table;
#if defined(__x86_64__)
  // The built-ins also ask whether the operating system saves the wide registers.
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) table.push_back({"avx512", dot_avx512});
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    table.push_back({"avx2", dot_avx2});
  }
#elif defined(__aarch64__)
  table.push_back({"neon", dot_neon});
#endif
  table.push_back({"scalar", dot_scalar});
  return table;
}

}  // namespace

const std::vector<DotKernel>& dot_kernels() {
  static const std::vector<DotKernel> table = supported_kernels();
  return table;
}

}  // namespace likeness

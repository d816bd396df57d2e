#include "kernels/code.h"
#include "kernels/dot.h"
#include "kernels/tile.h"
#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

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

#if defined(__aarch64__)
bool has_dot_product() {
#if defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#elif defined(__APPLE__)
  // Every Apple computer of this architecture has it.
  return true;
#else
  return false;
#endif
}
#endif

std::vector<CodeKernel> supported_code_kernels() {
  std::vector<CodeKernel> table;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni")) {
    table.push_back({"avx512vnni", code_dot_avx512vnni, code_dots_avx512vnni, code_panel_avx512vnni, true});
  }
  if (__builtin_cpu_supports("avx2")) {
    table.push_back({"avx2", code_dot_avx2, code_dots<code_dot_avx2>, code_panel<code_dot_avx2>, true});
  }
#elif defined(__aarch64__)
  if (has_dot_product()) {
    table.push_back({"neondot", code_dot_neondot, code_dots<code_dot_neondot>, code_panel<code_dot_neondot>, true});
  }
#endif
  table.push_back({"scalar", code_dot_scalar, code_dots<code_dot_scalar>, code_panel<code_dot_scalar>, true});
  return table;
}

std::vector<TileKernel> supported_tile_kernels() {
  std::vector<TileKernel> table;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) table.push_back(kTileAvx512);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) table.push_back(kTileAvx2);
#elif defined(__aarch64__)
  table.push_back(kTileNeon);
#endif
  table.push_back(kTileScalar);
  return table;
}

}  // namespace

const std::vector<DotKernel>& dot_kernels() {
  static const std::vector<DotKernel> table = supported_kernels();
  return table;
}

const std::vector<CodeKernel>& code_kernels() {
  static const std::vector<CodeKernel> table = supported_code_kernels();
  return table;
}

const std::vector<TileKernel>& tile_kernels() {
  static const std::vector<TileKernel> table = supported_tile_kernels();
  return table;
}

}  // namespace likeness

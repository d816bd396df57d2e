#include "kernel_set.h"

#include <cstring>

namespace likeness {
namespace {

// The kernel of the same instruction set, else the best there is.
template <typename Kernel>
const Kernel& kernel_for(const char* name, const std::vector<Kernel>& table) {
  for (const auto& kernel : table) {
    if (std::strncmp(kernel.name, name, std::strlen(name)) == 0) return kernel;
  }
  return table.front();
}

}  // namespace

const std::vector<KernelSet>& kernel_sets() {
  static const std::vector<KernelSet> sets = [] {
    std::vector<KernelSet> all;
    for (const auto& kernel : dot_kernels()) {
      const auto& code = kernel_for(kernel.name, code_kernels());
      const auto& tile = kernel_for(kernel.name, tile_kernels());
      all.push_back({kernel.name, {kernel.run, code.dot, code.dots, code.panel}, code.name, tile});
    }
    return all;
  }();
  return sets;
}

}  // namespace likeness

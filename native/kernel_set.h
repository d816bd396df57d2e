// Every kernel this CPU can run, put together by instruction set.
#pragma once
#include <vector>

#include "kernels/tile.h"
#include "scan.h"

namespace likeness {

// What the functions of one entry of the kernel table run.
struct KernelSet {
  const char* name;
  CodedScan run;
  const char* code_name;
  const TileKernel& tile;
};

// Best first; they outlive everything.
const std::vector<KernelSet>& kernel_sets();

}  // namespace likeness

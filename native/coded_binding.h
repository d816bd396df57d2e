#pragma once
#include <napi.h>

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

// Makes { name, encode, dot, topK }: searching rows by their int8 codes. `set` must outlive the process.
Napi::Object coded_functions(Napi::Env env, const KernelSet& set);

// A function that finds `bound` in its callback info.
Napi::Value bind(Napi::Env env, const char* name, napi_callback callback, const void* bound);

}  // namespace likeness

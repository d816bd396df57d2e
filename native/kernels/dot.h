// Dot product of two float vectors: one declaration for every instruction set.
//
// Each kernel lives in its own file, is compiled for its own instruction set by a target attribute
// (never by a whole-file -m flag, so nothing else in the file can use instructions the host lacks),
// and is reached only through the table of dispatch.cc. No pointer needs an alignment beyond float's.
#pragma once
#include <cstddef>
#include <vector>

namespace likeness {

using DotFn = float (*)(const float* a, const float* b, std::size_t n);

float dot_scalar(const float* a, const float* b, std::size_t n);
#if defined(__x86_64__)
float dot_avx2(const float* a, const float* b, std::size_t n);
float dot_avx512(const float* a, const float* b, std::size_t n);
#elif defined(__aarch64__)
float dot_neon(const float* a, const float* b, std::size_t n);
#endif

struct DotKernel {
  const char* name;
  DotFn run;
};

// What this CPU can run, best first; the scalar kernel is always the last.
const std::vector<DotKernel>& dot_kernels();

}  // namespace likeness

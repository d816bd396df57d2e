// Reading what a graph is made from and asked for. Each function that returns false or nullptr leaves an
// exception pending in JavaScript.
#pragma once
#include <node_api.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "../kernels/code.h"

namespace likeness {

// True when every row is of finite numbers, the largest of them neither too small nor too large for a code.
bool usable(const float* rows, std::size_t count, std::size_t dimension);

// Raises the RangeError for rows that are not usable.
bool fail_values(napi_env env);

// A whole number between two bounds.
bool read_count(napi_env env, napi_value value, const char* name, std::array<double, 2> bounds,
                std::uint32_t& count);

// The same from a property of an object.
bool read_property(napi_env env, napi_value object, const char* name, std::array<double, 2> bounds,
                   std::uint32_t& count);

// The property `kernel`, the name of a code kernel; the best where it is undefined.
const CodeKernel* read_kernel(napi_env env, napi_value object);

}  // namespace likeness

// Reading what an object is made from and asked for. Each function that returns false or nullptr leaves an
// exception pending in JavaScript.
#pragma once
#include <node_api.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "../kernel_set.h"

namespace likeness {

// A whole number between two bounds.
bool read_count(napi_env env, napi_value value, const char* name, std::array<double, 2> bounds,
                std::uint32_t& count);

// The same from a property of an object.
bool read_property(napi_env env, napi_value object, const char* name, std::array<double, 2> bounds,
                   std::uint32_t& count);

// The property `kernel`, the name of a kernel of this host; the best where it is undefined.
const KernelSet* read_kernel(napi_env env, napi_value object);

// The property `inlineMicroseconds`, kInlineMicroseconds where it is undefined.
bool read_inline(napi_env env, napi_value object, double& microseconds);

}  // namespace likeness

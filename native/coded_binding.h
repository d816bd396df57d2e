#pragma once
#include <napi.h>

#include "kernel_set.h"

namespace likeness {

// Makes { name, encode, dot, topK }: searching rows by their int8 codes. `set` must outlive the process.
Napi::Object coded_functions(Napi::Env env, const KernelSet& set);

// A function that finds `bound` in its callback info.
Napi::Value bind(Napi::Env env, const char* name, napi_callback callback, const void* bound);

}  // namespace likeness

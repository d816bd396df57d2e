#pragma once
#include "coded_binding.h"

namespace likeness {

// Makes { count, saturate }: counting the scores of all pairs. `set` must outlive the process.
Napi::Object pair_functions(Napi::Env env, const KernelSet& set);

}  // namespace likeness

#pragma once
#include <napi.h>

namespace likeness {

// Adds { useHugePages } to the exports.
void register_pages(Napi::Env env, Napi::Object exports);

}  // namespace likeness

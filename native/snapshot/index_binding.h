#pragma once
#include <napi.h>

namespace likeness {

// Adds the functions that write tables and graphs to snapshots, and read them, to an object.
void register_index_snapshots(Napi::Env env, Napi::Object snapshots);

}  // namespace likeness

#pragma once
#include <node_api.h>

namespace likeness {

// Sets exports.Graph, the class described in src/vectors/hnsw-native.ts. False with an exception pending.
bool register_graph(napi_env env, napi_value exports);

}  // namespace likeness

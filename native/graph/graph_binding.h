#pragma once
#include <node_api.h>

#include <memory>

#include "environment.h"

namespace likeness {

// Defines the class Graph in exports. False with an exception pending.
bool register_graph(napi_env env, napi_value exports, const std::shared_ptr<Environment>& environment);

}  // namespace likeness

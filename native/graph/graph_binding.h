#pragma once
#include <node_api.h>

#include <cstddef>
#include <memory>

#include "environment.h"

namespace likeness {

class Graph;

// The graph of a Graph object; nullptr with an exception pending.
std::shared_ptr<Graph> native_graph(napi_env env, napi_value object);

// Tells a Graph object how many rows its graph was restored with, and how many of these were removed.
void count_restored(napi_env env, napi_value object, std::size_t size, std::size_t dead);

// Defines the class Graph in exports. False with an exception pending.
bool register_graph(napi_env env, napi_value exports, const std::shared_ptr<Environment>& environment);

}  // namespace likeness

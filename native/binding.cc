// The door between JavaScript and the kernels. The calls themselves use the C Node-API (arguments.h),
// setting up uses node-addon-api.
//
// All state is kept by the environment that made it, so that any number of worker threads may load the addon.
#include <napi.h>

#include <cstdint>
#include <memory>

#include "all_pairs_binding.h"
#include "arguments.h"
#include "coded_binding.h"
#include "graph/graph_binding.h"
#include "scan.h"
#include "snapshot/snapshot_binding.h"
#include "table/pages_binding.h"
#include "table/table_binding.h"

namespace {

using likeness::Call;
using likeness::fail_range;
using likeness::KernelSet;
using likeness::read;
using likeness::read_query;
using likeness::Span;

// Raised when the exported functions change, so that a stale build is noticed (src/vectors/kernels.ts).
constexpr std::uint32_t kInterfaceVersion = 5;

// dotMany(query, rows, out): out[i] = query . row i, the rows laid end to end.
napi_value dot_many(napi_env env, napi_callback_info info) {
  Call<KernelSet, 3> call;
  Span<float> query, rows, out;
  if (!call.open(env, info) || !read_query(env, call.arguments[0], query) ||
      !read(env, call.arguments[1], "rows must be a Float32Array", rows) ||
      !read(env, call.arguments[2], "out must be a Float32Array", out)) {
    return nullptr;
  }
  if (rows.length % query.length != 0 || rows.length / query.length != out.length) {
    fail_range(env, "rows must hold query.length * out.length floats");
    return nullptr;
  }
  likeness::dot_many(call.bound->run.dot, query.data, query.length, rows.data, out.length, out.data);
  return nullptr;
}

// dotGather(query, rows, ordinals, out): out[i] = query . row ordinals[i].
napi_value dot_gather(napi_env env, napi_callback_info info) {
  Call<KernelSet, 4> call;
  Span<float> query, rows, out;
  Span<std::uint32_t> ordinals;
  if (!call.open(env, info) || !read_query(env, call.arguments[0], query) ||
      !read(env, call.arguments[1], "rows must be a Float32Array", rows) ||
      !read(env, call.arguments[2], "ordinals must be a Uint32Array", ordinals) ||
      !read(env, call.arguments[3], "out must be a Float32Array", out)) {
    return nullptr;
  }
  if (rows.length % query.length != 0) {
    fail_range(env, "rows must hold a multiple of query.length floats");
    return nullptr;
  }
  if (ordinals.length != out.length) {
    fail_range(env, "ordinals and out must be of equal length");
    return nullptr;
  }
  const std::size_t count = rows.length / query.length;
  for (std::size_t i = 0; i < ordinals.length; ++i) {
    if (ordinals.data[i] >= count) {
      fail_range(env, "an ordinal is not below the number of rows");
      return nullptr;
    }
  }
  likeness::dot_gather(call.bound->run.dot, query.data, query.length, rows.data, ordinals.data, out.length,
                       out.data);
  return nullptr;
}

// topK(query, rows, live, floor, ordinals, scores) -> found: the best ordinals.length rows i with
// live[i] != 0 and a score of at least floor, best first, ties by the lower ordinal. live has one
// byte for each row to look at; rows may hold more.
napi_value top_k(napi_env env, napi_callback_info info) {
  Call<KernelSet, 6> call;
  Span<float> query, rows, scores;
  Span<std::uint8_t> live;
  Span<std::uint32_t> ordinals;
  double floor = 0;
  if (!call.open(env, info) || !read_query(env, call.arguments[0], query) ||
      !read(env, call.arguments[1], "rows must be a Float32Array", rows) ||
      !read(env, call.arguments[2], "live must be a Uint8Array", live) ||
      !likeness::read_floor(env, call.arguments[3], floor) ||
      !read(env, call.arguments[4], "ordinals must be a Uint32Array", ordinals) ||
      !read(env, call.arguments[5], "scores must be a Float32Array", scores)) {
    return nullptr;
  }
  if (rows.length / query.length < live.length) {
    fail_range(env, "rows must hold at least query.length * live.length floats");
    return nullptr;
  }
  if (ordinals.length != scores.length) {
    fail_range(env, "ordinals and scores must be of equal length");
    return nullptr;
  }
  return likeness::number(
      env, likeness::top_k(call.bound->run.dot, query.data, query.length, rows.data, live.data,
                           live.length, floor, {ordinals.data, scores.data, ordinals.length}));
}

// Exports { version, kernels: [{ name, dotMany, dotGather, topK, coded, pairs }] }: every kernel this CPU can
// run, best first, so that the tests reach them all; and what else there is to export.
Napi::Object init(Napi::Env env, Napi::Object exports) {
  Napi::Array list = Napi::Array::New(env);
  for (const auto& set : likeness::kernel_sets()) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", set.name);
    entry.Set("dotMany", likeness::bind(env, "dotMany", dot_many, &set));
    entry.Set("dotGather", likeness::bind(env, "dotGather", dot_gather, &set));
    entry.Set("topK", likeness::bind(env, "topK", top_k, &set));
    entry.Set("coded", likeness::coded_functions(env, set));
    entry.Set("pairs", likeness::pair_functions(env, set));
    list.Set(list.Length(), entry);
  }
  exports.Set("version", kInterfaceVersion);
  exports.Set("kernels", list);
  const auto environment = std::make_shared<likeness::Environment>(env);
  if (!likeness::register_table(env, exports, environment) ||
      !likeness::register_graph(env, exports, environment)) {
    throw Napi::Error::New(env);
  }
  likeness::register_snapshots(env, exports);
  likeness::register_pages(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(likeness, init)

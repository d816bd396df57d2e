// The door between JavaScript and the kernels. All checking happens here, once per batch: a kernel
// trusts its pointers, its lengths and its ordinals. The calls themselves use the C Node-API, whose
// crossing is several times cheaper than node-addon-api's; setting up uses node-addon-api.
//
// No state is kept between calls, so that any number of worker threads may load the addon.
#include <napi.h>

#include <array>
#include <cstdint>

#include "scan.h"

namespace {

// Raised when the exported functions change, so that a stale build is noticed (src/vectors/kernels.ts).
constexpr std::uint32_t kInterfaceVersion = 1;

template <typename Element>
struct Span {
  Element* data = nullptr;
  std::size_t length = 0;
};

template <typename Element>
constexpr napi_typedarray_type kArrayType = napi_float32_array;
template <>
constexpr napi_typedarray_type kArrayType<std::uint32_t> = napi_uint32_array;
template <>
constexpr napi_typedarray_type kArrayType<std::uint8_t> = napi_uint8_array;

// Reads a typed array of exactly this element type; otherwise throws a TypeError into JavaScript.
template <typename Element>
bool read(napi_env env, napi_value value, const char* complaint, Span<Element>& span) {
  napi_typedarray_type type;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(env, value, &type, &span.length, &data, nullptr, nullptr);
  if (status != napi_ok || type != kArrayType<Element>) {
    napi_throw_type_error(env, nullptr, complaint);
    return false;
  }
  span.data = static_cast<Element*>(data);
  return true;
}

bool fail_range(napi_env env, const char* complaint) {
  napi_throw_range_error(env, nullptr, complaint);
  return false;
}

// Arguments of one call, with undefined for those not given, and the kernel bound to the function.
template <std::size_t N>
struct Call {
  std::array<napi_value, N> arguments;
  likeness::DotFn dot;

  bool open(napi_env env, napi_callback_info info) {
    std::size_t count = N;
    void* data = nullptr;
    if (napi_get_cb_info(env, info, &count, arguments.data(), nullptr, &data) != napi_ok) return false;
    dot = static_cast<const likeness::DotKernel*>(data)->run;
    return true;
  }
};

bool read_query(napi_env env, napi_value value, Span<float>& query) {
  if (!read(env, value, "query must be a Float32Array", query)) return false;
  return query.length > 0 || fail_range(env, "query must not be empty");
}

// dotMany(query, rows, out): out[i] = query . row i, the rows laid end to end.
napi_value dot_many(napi_env env, napi_callback_info info) {
  Call<3> call;
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
  likeness::dot_many(call.dot, query.data, query.length, rows.data, out.length, out.data);
  return nullptr;
}

// dotGather(query, rows, ordinals, out): out[i] = query . row ordinals[i].
napi_value dot_gather(napi_env env, napi_callback_info info) {
  Call<4> call;
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
  likeness::dot_gather(call.dot, query.data, query.length, rows.data, ordinals.data, out.length,
                       out.data);
  return nullptr;
}

// topK(query, rows, live, floor, ordinals, scores) -> found: the best ordinals.length rows i with
// live[i] != 0 and a score of at least floor, best first, ties by the lower ordinal. live has one
// byte for each row to look at; rows may hold more.
napi_value top_k(napi_env env, napi_callback_info info) {
  Call<6> call;
  Span<float> query, rows, scores;
  Span<std::uint8_t> live;
  Span<std::uint32_t> ordinals;
  double floor = 0;
  if (!call.open(env, info) || !read_query(env, call.arguments[0], query) ||
      !read(env, call.arguments[1], "rows must be a Float32Array", rows) ||
      !read(env, call.arguments[2], "live must be a Uint8Array", live) ||
      !read(env, call.arguments[4], "ordinals must be a Uint32Array", ordinals) ||
      !read(env, call.arguments[5], "scores must be a Float32Array", scores)) {
    return nullptr;
  }
  if (napi_get_value_double(env, call.arguments[3], &floor) != napi_ok) {
    napi_throw_type_error(env, nullptr, "floor must be a number");
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
  const std::size_t found =
      likeness::top_k(call.dot, query.data, query.length, rows.data, live.data, live.length, floor,
                      {ordinals.data, scores.data, ordinals.length});
  napi_value result = nullptr;
  napi_create_double(env, static_cast<double>(found), &result);
  return result;
}

Napi::Value bind(Napi::Env env, const char* name, napi_callback callback,
                 const likeness::DotKernel& kernel) {
  napi_value function = nullptr;
  void* data = const_cast<likeness::DotKernel*>(&kernel);
  const napi_status status =
      napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, data, &function);
  if (status != napi_ok) throw Napi::Error::New(env);
  return Napi::Value(env, function);
}

// Exports { version, kernels: [{ name, dotMany, dotGather, topK }] }: every kernel this CPU can run,
// best first, so that the tests reach them all.
Napi::Object init(Napi::Env env, Napi::Object exports) {
  Napi::Array list = Napi::Array::New(env);
  for (const auto& kernel : likeness::dot_kernels()) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", kernel.name);
    entry.Set("dotMany", bind(env, "dotMany", dot_many, kernel));
    entry.Set("dotGather", bind(env, "dotGather", dot_gather, kernel));
    entry.Set("topK", bind(env, "topK", top_k, kernel));
    list.Set(list.Length(), entry);
  }
  exports.Set("version", kInterfaceVersion);
  exports.Set("kernels", list);
  return exports;
}

}  // namespace

NODE_API_MODULE(likeness, init)

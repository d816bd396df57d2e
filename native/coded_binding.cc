#include "coded_binding.h"

#include "arguments.h"

namespace likeness {
namespace {

// encode(row, codes, scales, at): writes the codes of a row at codes[at * row.length] and its scale and
// error at scales[2 * at].
napi_value encode(napi_env env, napi_callback_info info) {
  Call<KernelSet, 4> call;
  Span<float> row, scales;
  Span<std::uint8_t> codes;
  std::uint32_t at = 0;
  if (!call.open(env, info) ||
      !read(env, call.arguments[0], "row must be a Float32Array", row) ||
      !read(env, call.arguments[1], "codes must be a Uint8Array", codes) ||
      !read(env, call.arguments[2], "scales must be a Float32Array", scales)) {
    return nullptr;
  }
  if (napi_get_value_uint32(env, call.arguments[3], &at) != napi_ok) {
    napi_throw_type_error(env, nullptr, "at must be a number");
    return nullptr;
  }
  const std::size_t dim = row.length;
  if (dim == 0 || dim > kMaxCodeDimension) {
    fail_range(env, "row must hold 1 to 65536 floats");
    return nullptr;
  }
  if (at >= codes.length / dim || at >= scales.length / 2) {
    fail_range(env, "codes and scales have no row at this place");
    return nullptr;
  }
  double squared = 0;
  for (std::size_t i = 0; i < dim; ++i) squared += static_cast<double>(row.data[i]) * row.data[i];
  if (!(squared <= kMaxCodedLength * kMaxCodedLength)) {
    fail_range(env, "row must be a vector of length at most 1.01");
    return nullptr;
  }
  std::uint8_t* code = codes.data + at * dim;
  const float scale = encode_row(row.data, dim, code);
  scales.data[2 * std::size_t{at}] = scale;
  scales.data[2 * std::size_t{at} + 1] = code_error(row.data, code, scale, dim);
  return nullptr;
}

// topK(query, rows, codes, scales, live, floor, ordinals, scores) -> found: what the plain topK finds.
napi_value top_k(napi_env env, napi_callback_info info) {
  Call<KernelSet, 8> call;
  Span<float> query, rows, scales, scores;
  Span<std::uint8_t> codes, live;
  Span<std::uint32_t> ordinals;
  double floor = 0;
  if (!call.open(env, info) || !read_query(env, call.arguments[0], query) ||
      !read(env, call.arguments[1], "rows must be a Float32Array", rows) ||
      !read(env, call.arguments[2], "codes must be a Uint8Array", codes) ||
      !read(env, call.arguments[3], "scales must be a Float32Array", scales) ||
      !read(env, call.arguments[4], "live must be a Uint8Array", live) ||
      !read_floor(env, call.arguments[5], floor) ||
      !read(env, call.arguments[6], "ordinals must be a Uint32Array", ordinals) ||
      !read(env, call.arguments[7], "scores must be a Float32Array", scores)) {
    return nullptr;
  }
  if (query.length > kMaxCodeDimension) {
    fail_range(env, "query must hold at most 65536 floats");
    return nullptr;
  }
  if (rows.length / query.length < live.length || codes.length / query.length < live.length ||
      scales.length / 2 < live.length) {
    fail_range(env, "rows, codes and scales must hold at least live.length rows");
    return nullptr;
  }
  if (ordinals.length != scores.length) {
    fail_range(env, "ordinals and scores must be of equal length");
    return nullptr;
  }
  return number(env, top_k_coded(call.bound->run, query.data, query.length, rows.data,
                                 {codes.data, scales.data, live.data, live.length}, floor,
                                 {ordinals.data, scores.data, ordinals.length}));
}

// dot(code, query) -> sum of (code[i] - 128) * query[i].
napi_value dot(napi_env env, napi_callback_info info) {
  Call<KernelSet, 2> call;
  Span<std::uint8_t> code;
  Span<std::int8_t> query;
  if (!call.open(env, info) ||
      !read(env, call.arguments[0], "code must be a Uint8Array", code) ||
      !read(env, call.arguments[1], "query must be an Int8Array", query)) {
    return nullptr;
  }
  if (code.length != query.length || code.length > kMaxCodeDimension) {
    fail_range(env, "code and query must be of equal length, at most 65536");
    return nullptr;
  }
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < query.length; ++i) sum += query.data[i];
  napi_value result = nullptr;
  napi_create_int32(env, call.bound->run.code_dot(code.data, query.data, sum, code.length), &result);
  return result;
}

}  // namespace

Napi::Value bind(Napi::Env env, const char* name, napi_callback callback, const void* bound) {
  napi_value function = nullptr;
  const napi_status status = napi_create_function(env, name, NAPI_AUTO_LENGTH, callback,
                                                  const_cast<void*>(bound), &function);
  if (status != napi_ok) throw Napi::Error::New(env);
  return Napi::Value(env, function);
}

Napi::Object coded_functions(Napi::Env env, const KernelSet& set) {
  Napi::Object functions = Napi::Object::New(env);
  functions.Set("name", set.code_name);
  functions.Set("encode", bind(env, "encode", encode, &set));
  functions.Set("dot", bind(env, "dot", dot, &set));
  functions.Set("topK", bind(env, "topK", top_k, &set));
  return functions;
}

}  // namespace likeness

// Reading the arguments of a call from JavaScript. All checking happens here, once a batch: what lies
// behind trusts its pointers, its lengths and its ordinals. The C Node-API is used because its crossing
// is several times cheaper than node-addon-api's.
#pragma once
#include <node_api.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace likeness {

template <typename Element>
struct Span {
  Element* data = nullptr;
  std::size_t length = 0;
};

template <typename Element>
constexpr napi_typedarray_type kArrayType = napi_float32_array;
template <>
inline constexpr napi_typedarray_type kArrayType<std::uint32_t> = napi_uint32_array;
template <>
inline constexpr napi_typedarray_type kArrayType<std::uint8_t> = napi_uint8_array;
template <>
inline constexpr napi_typedarray_type kArrayType<std::int8_t> = napi_int8_array;
template <>
inline constexpr napi_typedarray_type kArrayType<double> = napi_float64_array;

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

inline bool fail_range(napi_env env, const char* complaint) {
  napi_throw_range_error(env, nullptr, complaint);
  return false;
}

inline bool read_query(napi_env env, napi_value value, Span<float>& query) {
  if (!read(env, value, "query must be a Float32Array", query)) return false;
  return query.length > 0 || fail_range(env, "query must not be empty");
}

inline bool read_floor(napi_env env, napi_value value, double& floor) {
  if (napi_get_value_double(env, value, &floor) == napi_ok) return true;
  napi_throw_type_error(env, nullptr, "floor must be a number");
  return false;
}

inline napi_value number(napi_env env, std::size_t value) {
  napi_value result = nullptr;
  napi_create_double(env, static_cast<double>(value), &result);
  return result;
}

// Arguments of one call, with undefined for those not given, and what was bound to the function.
template <typename Bound, std::size_t N>
struct Call {
  std::array<napi_value, N> arguments;
  const Bound* bound = nullptr;

  bool open(napi_env env, napi_callback_info info) {
    std::size_t count = N;
    void* data = nullptr;
    if (napi_get_cb_info(env, info, &count, arguments.data(), nullptr, &data) != napi_ok) return false;
    bound = static_cast<const Bound*>(data);
    return true;
  }
};

}  // namespace likeness
